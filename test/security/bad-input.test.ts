import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  assertUnharmed,
  metric,
  openDecoy,
  openedCameras,
  refusal,
  sendRaw,
  startTarget,
  wsPath,
  type Decoy,
  type Target,
} from './target.js';

/** Every parameter of `/ws` that must be refused, end to end, and what must not happen meanwhile. */

const timeout = 60_000;
let target: Target;
let decoy: Decoy;
/** A URL that would be dialled, if anything was. */
let lure: string;

before(
  async () => {
    target = await startTarget();
    decoy = await openDecoy();
    lure = `rtsp://127.0.0.1:${decoy.port}/lure`;
  },
  { timeout },
);
after(
  async () => {
    await decoy.close();
    await target.close();
  },
  { timeout },
);

/** Asks for each query, and checks code and reason; then that nobody noticed and nothing was dialled. */
async function allRefused(queries: readonly string[], code: number, reason: RegExp): Promise<void> {
  for (const query of queries) {
    const closed = await refusal(target.service.port, `/ws?${query}`);
    assert.equal(
      closed.code,
      code,
      `${query.slice(0, 80)}: ${closed.status} ${closed.code} ${closed.reason}`,
    );
    assert.match(closed.reason, reason, query.slice(0, 80));
    assert.ok(Buffer.byteLength(closed.reason) <= 123);
  }
  assert.deepEqual(await openedCameras(target.service), ['honest'], 'an FFmpeg was started');
  assert.equal(decoy.contacts.length, 0, 'a host was contacted');
  await assertUnharmed(target);
}

const encode = (name: string, values: readonly string[]): string[] =>
  values.map((value) => `${name}=${encodeURIComponent(value)}`);

test('a missing, empty or doubled camera_index is refused by name', { timeout }, async () => {
  const rtsp = encodeURIComponent(lure);
  const queries = [
    '',
    `rtsp=${rtsp}`,
    `camera_index=&rtsp=${rtsp}`,
    'camera_index',
    `camera_index=a&camera_index=b&rtsp=${rtsp}`,
  ];
  await allRefused(queries, 4400, /^camera_index /);
});

test('an empty or doubled rtsp is refused by name, and a name alone is no camera', { timeout }, async () => {
  const rtsp = encodeURIComponent(lure);
  await allRefused(['camera_index=a&rtsp=', `camera_index=a&rtsp=${rtsp}&rtsp=${rtsp}`], 4400, /^rtsp /);
  await allRefused(['camera_index=a'], 4404, /no camera is named a: give its address as rtsp=/);
});

test('a camera_index that is no plain name is refused', { timeout }, async () => {
  const names = ['../x', '-1', 'a/b', '<script>', 'a'.repeat(65), '\0', 'a\r\nb', 'a b', 'é', '~main'];
  const rtsp = `&rtsp=${encodeURIComponent(lure)}`;
  await allRefused(
    encode('camera_index', names).map((query) => query + rtsp),
    4400,
    /^camera_index /,
  );
  await allRefused([`camera_index=%zz${rtsp}`], 4400, /^camera_index has broken percent-encoding/);
  await allRefused([`camera_index=${'a'.repeat(10_240)}`], 4400, /^query is longer than/);
});

test('control characters that are not even encoded are refused by the HTTP layer', { timeout }, async () => {
  for (const name of ['a\0b', 'a\rb', 'a\r\nb: c', 'a\nb', 'a b']) {
    const { status, closed } = await sendRaw(
      target.service.port,
      `GET /ws?camera_index=${name}&rtsp=${encodeURIComponent(lure)} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n` +
        'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    assert.ok(status >= 400, `${JSON.stringify(name)}: ${status}`);
    assert.ok(closed);
  }
  assert.equal(decoy.contacts.length, 0);
  await assertUnharmed(target);
});

test('names of object members are ordinary names that match no camera', { timeout }, async () => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf'])
    await allRefused([`camera_index=${name}`], 4404, new RegExp(`no camera is named ${name}`));
  // It begins with an underscore, so it is no name at all; as the name of a parameter it is one that nobody knows.
  await allRefused(['camera_index=__proto__'], 4400, /^camera_index /);
  await allRefused(['camera_index=a&__proto__=b&constructor=c'], 4404, /no camera is named a/);
});

test('what is no RTSP URL is refused before anything is opened', { timeout }, async () => {
  const urls = [
    'file:///etc/passwd',
    '/etc/passwd',
    'etc/passwd',
    '../../etc/passwd',
    'concat:a|b',
    'subfile,,start,0,end,0,,:/etc/passwd',
    'http://169.254.169.254/',
    `http://127.0.0.1:${decoy.port}/`,
    `tcp://127.0.0.1:${decoy.port}`,
    'pipe:0',
    '-',
    '-i',
    'data:,x',
    'rtsp:/127.0.0.1/x',
    'rtsp://',
    'rtsp:///x',
    'rtsp://:554/x',
    'rtsp://127.0.0.1:0/',
    'rtsp://127.0.0.1:65536/',
    `${lure}\n`,
    `${lure}\r\nOPTIONS`,
    `${lure}\0`,
    `${lure} -f null`,
    `rtsp://127.0.0.1:${decoy.port}/${'a'.repeat(2049 - lure.length + 4)}`,
    `rtsp://u:p@127.0.0.1:${decoy.port}@169.254.169.254/`,
  ];
  await allRefused(
    encode('rtsp', urls).map((query) => `camera_index=a&${query}`),
    4400,
    /^rtsp/,
  );
});

test('addresses where no camera is are denied by default, in every spelling', { timeout }, async () => {
  const hosts = [
    '169.254.169.254',
    '169.254.1.1',
    '0.0.0.0',
    '[::]',
    '[fe80::1]',
    '224.0.0.1',
    '239.255.255.250',
    '[ff02::1]',
    '255.255.255.255',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    '127.1',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::a9fe:a9fe]',
  ];
  const queries = hosts.map((host, i) =>
    wsPath({ camera_index: `denied-${i}`, rtsp: `rtsp://${host}:${decoy.port}/` }).slice(4),
  );
  await allRefused(
    queries,
    4403,
    /^denied-\d+: target address is not allowed: see RTSP_ALLOW and RTSP_DENY$/,
  );
});

test(
  'widths, heights, qualities and rates out of range are refused, naming the range',
  { timeout },
  async () => {
    const camera = `camera_index=a&rtsp=${encodeURIComponent(lure)}`;
    const odd = [
      '0',
      '1',
      '641',
      '7681',
      '7682',
      '1e3',
      ' 640',
      '640px',
      'NaN',
      '-640',
      '0x280',
      '640.0',
      '99999999999',
    ];
    const of = (name: string, values: readonly string[]): string[] =>
      encode(name, values).map((query) => `${camera}&${query}`);
    await allRefused(of('width', odd), 4400, /^width must be an even whole number from 16 to 7680$/);
    await allRefused(
      of('height', [...odd, '4322']),
      4400,
      /^height must be an even whole number from 16 to 4320$/,
    );
    await allRefused(
      of('quality', ['0', '101', '-1', '50.5', 'NaN']),
      4400,
      /^quality must be a whole number from 1 to 100$/,
    );
    await allRefused(
      of('fps', ['0', '-1', '1000', 'NaN', '1e1']),
      4400,
      /^fps must be a number from 0.1 to 120$/,
    );
    await allRefused(of('events', ['2', 'true']), 4400, /^events must be 1 or 0$/);
  },
);

test('the same input is refused on plain HTTP with 400, and nothing is opened', { timeout }, async () => {
  const rtsp = `rtsp=${encodeURIComponent(lure)}`;
  const queries = [
    '',
    `camera_index=a/b&${rtsp}`,
    'camera_index=a&rtsp=file:///etc/passwd',
    `camera_index=a&${rtsp}&width=1`,
    'camera_index=%zz',
  ];
  for (const path of ['/snapshot', '/stream.mjpeg'])
    for (const query of queries) {
      const response = await fetch(`${target.service.url}${path}?${query}`);
      const { error } = (await response.json()) as { error: string };
      assert.deepEqual([response.status, error], [400, 'bad_parameter'], `${path}?${query}`);
    }
  const denied = await fetch(
    `${target.service.url}/snapshot?camera_index=x&rtsp=${encodeURIComponent('rtsp://169.254.169.254/')}`,
  );
  assert.equal(denied.status, 403);
  assert.equal(decoy.contacts.length, 0);
  await assertUnharmed(target);
});

test('each refusal is counted by its reason', { timeout }, async () => {
  const line = 'rtsp_ws_rejected_total{reason="bad_parameter"}';
  const earlier = await metric(target.service, line);
  await refusal(target.service.port, '/ws?camera_index=');
  assert.equal(await metric(target.service, line), earlier + 1);
});
