import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertUnharmed, sendRaw, startTarget, type Target } from './target.js';

/** Requests whose end two parsers could see at two places: what stands behind must not become a second request. */

const timeout = 60_000;
let target: Target;
before(async () => (target = await startTarget()), { timeout });
after(() => target.close(), { timeout });

const HIDDEN = 'GET /healthz HTTP/1.1\r\nHost: y\r\n\r\n';
const UPGRADE =
  'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

for (const [name, start, headers] of [
  ['a path', 'GET /healthz', ''],
  ['a path with a token', 'GET /api/cameras', ''],
  ['HEAD', 'HEAD /metrics', ''],
  ['another method', 'POST /healthz', ''],
  ['no such path', 'PUT /nowhere', ''],
  ['a handshake', 'GET /ws?camera_index=honest', UPGRADE],
  ['half a handshake', 'GET /wall', ''],
] as const)
  for (const lengths of [
    [0, HIDDEN.length],
    [HIDDEN.length, 0],
    [HIDDEN.length, HIDDEN.length],
  ])
    test(
      `${name} with the lengths ${lengths.join(' and ')} gets one answer, 400, and is closed`,
      { timeout },
      async () => {
        const fields = lengths.map((length) => `Content-Length: ${length}\r\n`).join('');
        const { text, closed } = await sendRaw(
          target.service.port,
          `${start} HTTP/1.1\r\nHost: x\r\n${headers}${fields}\r\n${HIDDEN}`,
        );
        const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
        assert.ok(statuses.length === 1 && statuses[0] === '400', text);
        assert.ok(closed, 'still open');
      },
    );

test('two hosts get one answer, 400, and are closed', { timeout }, async () => {
  const { status, closed } = await sendRaw(
    target.service.port,
    'GET /api/cameras HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
  );
  assert.deepEqual([status, closed], [400, true]);
});

test(
  'a head that cannot be read is answered or not, and ends its connection in time',
  { timeout },
  async () => {
    const many = Array.from({ length: 200 }, (_, i) => `X-${i}: 1\r\n`).join('');
    const heads = [many, 'X-A: 1\r\n 2\r\n', 'Cookie : x\r\n', 'X-A\r\n', 'X-A: \0\r\n'];
    const answers = await Promise.all(
      heads.map((head) =>
        sendRaw(target.service.port, `GET /healthz HTTP/1.1\r\nHost: x\r\n${head}\r\n`, 20_000),
      ),
    );
    for (const { status, closed } of answers) {
      assert.ok(closed, 'still open');
      assert.ok(status === 0 || (status >= 400 && status < 500), String(status));
    }
  },
);

test('nobody noticed', { timeout }, () => assertUnharmed(target));
