import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { startService } from '../../bench/lib/service.js';
import { spawnCameras } from '../../bench/virtual-camera/index.js';
import { checkReport } from '../../src/commands/check.js';
import { loadConfig } from '../../src/config/settings.js';
import { untilSeen } from '../support/until.js';
import { selfSigned } from '../support/self-signed.js';
import { HOST, sendRaw, wsPath } from './target.js';

const timeout = 60_000;
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
let folder: string;
const file = (name: string): string => join(folder, name);

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
  selfSigned(folder, 'own');
  selfSigned(folder, 'other');
  writeFileSync(file('junk'), 'no PEM at all\n');
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('with TLS files the service speaks https and wss, and nothing else', { timeout }, async (t) => {
  const cameras = await spawnCameras({ width: 160, height: 90, fps: 10 });
  t.after(() => cameras.stop());
  const env = { TLS_CERT_FILE: file('own.pem'), TLS_KEY_FILE: file('own.key') };
  const service = await startService({ env });
  t.after(() => service.stop());
  const ca = readFileSync(file('own.pem'));

  const get = request({ host: HOST, port: service.port, path: '/?token=abc', ca, agent: false }).end();
  const [response] = (await once(get, 'response')) as [
    NodeJS.ReadableStream & { statusCode: number; headers: Record<string, string[]> },
  ];
  response.resume();
  const cookies = response.headers['set-cookie'] ?? [];
  assert.ok(
    response.statusCode === 404 || cookies.some((cookie) => cookie.endsWith('; Secure')),
    'cookie without Secure',
  );

  // The certificate is not in any store, and does not have to be: the service asks itself.
  const here = { ...env, PORT: String(service.port) };
  const health = spawnSync(process.execPath, [MAIN, '--health'], { env: here, encoding: 'utf8', timeout });
  assert.deepEqual([health.status, health.stdout], [0, 'healthy\n'], health.stderr);

  const url = `wss://${HOST}:${service.port}${wsPath({ camera_index: 'a', rtsp: cameras.url(0) })}`;
  const socket = new WebSocket(url, { ca });
  t.after(() => socket.terminate());
  const [frame] = (await once(socket, 'message')) as [Buffer];
  assert.equal(frame.readUInt16BE(0), 0xffd8);

  // The page of the same host over https is no foreign origin, over http it is.
  const same = new WebSocket(url, { ca, origin: `https://${HOST}:${service.port}` });
  t.after(() => same.terminate());
  await once(same, 'message');
  const mixed = new WebSocket(url, { ca, origin: `http://${HOST}:${service.port}` });
  const [code] = (await once(mixed, 'close')) as [number];
  assert.equal(code, 4403);

  const plain = await sendRaw(service.port, 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.ok(plain.closed);
  assert.doesNotMatch(plain.text, /200 OK/);
});

test(
  'MJPEG over TLS comes in whole parts, one after the other, and ends when its reader leaves',
  { timeout },
  async (t) => {
    const cameras = await spawnCameras({ width: 640, height: 360, fps: 10 });
    t.after(() => cameras.stop());
    const service = await startService({
      env: { TLS_CERT_FILE: file('own.pem'), TLS_KEY_FILE: file('own.key'), LINGER_MS: '0' },
    });
    t.after(() => service.stop());
    const ca = readFileSync(file('own.pem'));
    const query = new URLSearchParams({ camera_index: 'a', rtsp: cameras.url(0) });
    const options = {
      host: HOST,
      port: service.port,
      path: `/stream.mjpeg?${query.toString()}`,
      ca,
      agent: false,
    };
    const get = request(options).end();
    t.after(() => get.destroy());
    const [response] = (await once(get, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers['content-type'], 'multipart/x-mixed-replace; boundary=frame');

    const times: number[] = [];
    let received: Buffer = Buffer.alloc(0);
    for await (const chunk of response) {
      received = Buffer.concat([received, chunk as Buffer]);
      for (let part = takePart(received); part; part = takePart(received)) {
        received = part.rest;
        assert.equal(part.jpeg.readUInt16BE(0), 0xffd8);
        assert.equal(part.jpeg.readUInt16BE(part.jpeg.length - 2), 0xffd9);
        times.push(part.time);
      }
      if (times.length >= 20) break;
    }
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    assert.equal(new Set(times).size, times.length);
    await untilSeen(
      async () => (await cameras.list())[0]?.clients,
      (clients) => clients === 0,
    );
  },
);

const PART =
  /^--frame\r\nContent-Type: image\/jpeg\r\nContent-Length: (\d+)\r\nX-Timestamp: ([\d.]+)\r\n\r\n/;

/** The first part, if it is there as a whole; its end is the next boundary, which stays in `rest`. */
function takePart(bytes: Buffer): { jpeg: Buffer; time: number; rest: Buffer } | null {
  const head = PART.exec(bytes.toString('latin1', 0, 200));
  if (!head) return null;
  const begin = head[0].length;
  const end = begin + Number(head[1]);
  if (bytes.length < end + 2) return null;
  assert.equal(bytes.toString('latin1', end, end + 2), '\r\n');
  return { jpeg: bytes.subarray(begin, end), time: Number(head[2]), rest: bytes.subarray(end + 2) };
}

/** What a start with these files says; it must end. */
const startWith = async (cert: string, key: string): Promise<string> => {
  try {
    const service = await startService({ env: { TLS_CERT_FILE: cert, TLS_KEY_FILE: key } });
    await service.stop();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return assert.fail('it started');
};

test('wrong TLS files stop the start with a line that names the setting', { timeout }, async () => {
  assert.match(
    await startWith(file('none.pem'), file('own.key')),
    /TLS_CERT_FILE="[^"]+none\.pem": cannot be read \(ENOENT\)/,
  );
  const both = await startWith(file('junk'), folder);
  assert.match(both, /TLS_CERT_FILE="[^"]+junk": holds no certificate in PEM/);
  assert.match(both, /TLS_KEY_FILE="[^"]+": cannot be read \(EISDIR\)/);
  assert.match(
    await startWith(file('own.pem'), file('junk')),
    /TLS_KEY_FILE="[^"]+junk": holds no private key in PEM/,
  );
  assert.match(
    await startWith(file('own.pem'), file('other.key')),
    /TLS_KEY_FILE="[^"]+other\.key": is not the key of the certificate in TLS_CERT_FILE/,
  );
  assert.match(await startWith(file('own.pem'), ''), /TLS_CERT_FILE and TLS_KEY_FILE: set both, or neither/);
});

test('--check says of wrong TLS files what the start would say', { timeout }, async () => {
  const check = (cert: string, key: string): Promise<string> =>
    checkReport(loadConfig({ TLS_CERT_FILE: file(cert), TLS_KEY_FILE: file(key) }), {
      cameras: [],
      views: [],
      groups: [],
    });
  assert.match(await check('own.pem', 'own.key'), /^OK: settings valid/);
  await assert.rejects(check('own.pem', 'other.key'), {
    name: 'ConfigError',
    message: /^TLS_KEY_FILE="[^"]+other\.key": is not the key of the certificate in TLS_CERT_FILE$/,
  });
  await assert.rejects(check('junk', 'own.key'), /TLS_CERT_FILE="[^"]+junk": holds no certificate in PEM/);
});
