import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { post, type PostOutcome } from '../../src/alarms/webhook/webhook-post.js';
import { createAddressPolicy, type Lookup } from '../../src/source/address-policy.js';
import { startReceiver } from './receiver.js';

const timeout = 30_000;
const policy = createAddressPolicy({ allow: [], deny: [] });

interface Given {
  readonly host?: string;
  readonly lookup?: Lookup;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly auth?: string;
}

const postTo = (port: number, given: Given = {}): Promise<PostOutcome> => {
  const { host = '127.0.0.1', lookup, timeoutMs = 3000, signal = new AbortController().signal, auth } = given;
  return post(
    { secure: false, host, port, path: '/hook?a=b', auth: auth ?? null },
    '{}',
    { 'x-test': '1' },
    {
      ...{ policy, timeoutMs, signal },
      ...(lookup ? { lookup } : {}),
    },
  );
};

const reasonOf = (outcome: PostOutcome): string => (outcome.kind === 'sent' ? 'sent' : outcome.reason);

test('a request has its path, its host as it was named, and its user', { timeout }, async (t) => {
  const receiver = await startReceiver(t);
  const lookup = (): Promise<readonly string[]> => Promise.resolve(['127.0.0.1']);
  assert.equal(reasonOf(await postTo(receiver.port, { host: 'hooks.lan', lookup, auth: 'u:p' })), 'sent');
  const [request] = receiver.requests;
  assert.equal(request?.path, '/hook?a=b');
  assert.equal(request.headers.host, `hooks.lan:${receiver.port}`);
  assert.equal(request.headers.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`);
  assert.equal(request.headers['x-test'], '1');
});

test(
  'a name is judged at each try: one that turns to a denied address is not dialled again',
  { timeout },
  async (t) => {
    const receiver = await startReceiver(t);
    const answers = [['127.0.0.1'], ['169.254.169.254'], ['127.0.0.1', '169.254.169.254'], []];
    const lookup: Lookup = () => Promise.resolve(answers.shift() ?? []);
    const outcomes: string[] = [];
    for (let i = 0; i < 4; i++)
      outcomes.push(reasonOf(await postTo(receiver.port, { host: 'hooks.lan', lookup })));
    assert.deepEqual(outcomes, ['sent', 'denied', 'denied', 'dns']);
    assert.equal(receiver.requests.length, 1);
  },
);

test(
  'the number that was judged is dialled, whatever the name means a moment later',
  { timeout },
  async (t) => {
    const receiver = await startReceiver(t);
    let lookups = 0;
    const lookup: Lookup = () => Promise.resolve(++lookups === 1 ? ['127.0.0.1'] : ['192.0.2.1']);
    assert.equal(reasonOf(await postTo(receiver.port, { host: 'no-such-host.invalid', lookup })), 'sent');
    assert.equal(lookups, 1);
  },
);

for (const status of [301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
  test(`an answer of ${status} is a failure`, { timeout }, async (t) => {
    const receiver = await startReceiver(t, () => status);
    const outcome = await postTo(receiver.port);
    assert.equal(reasonOf(outcome), status < 400 ? 'redirect' : 'status');
    assert.equal(receiver.requests.length, 1);
  });

test('a look-up that never ends is left after the time', { timeout }, async () => {
  const lookup: Lookup = () => new Promise(() => undefined);
  assert.equal(reasonOf(await postTo(1, { host: 'hooks.lan', lookup, timeoutMs: 100 })), 'timeout');
});

/** A server that does to each connection what it is told. */
async function rawServer(
  t: TestContext,
  serve: (socket: Socket) => void,
): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket
      .on('error', () => undefined)
      .on('close', () => sockets.delete(socket))
      .resume();
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, sockets };
}

for (const [what, serve, reason] of [
  ['says nothing', () => undefined, 'timeout'],
  [
    'drips its head',
    (socket: Socket) => {
      const timer = setInterval(() => socket.write('H'), 20);
      socket.on('close', () => clearInterval(timer));
    },
    'connection',
  ],
  [
    'sends a head without end',
    (socket: Socket) => void socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(1 << 20)}`),
    'connection',
  ],
  ['closes at once', (socket: Socket) => void socket.end(), 'connection'],
  ['speaks no HTTP', (socket: Socket) => void socket.write('220 mail ready\r\n'), 'connection'],
] as const)
  test(`a receiver that ${what} fails in time, and keeps no socket`, { timeout }, async (t) => {
    const { port, sockets } = await rawServer(t, serve);
    assert.equal(reasonOf(await postTo(port, { timeoutMs: 300 })), reason);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(sockets.size, 0);
  });

test('the end of the service ends a request', { timeout }, async (t) => {
  const { port, sockets } = await rawServer(t, () => undefined);
  const end = new AbortController();
  const posted = postTo(port, { signal: end.signal });
  while (sockets.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  end.abort();
  assert.equal((await posted).kind, 'failed');
});
