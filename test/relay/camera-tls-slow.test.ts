import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { pipeline } from 'node:stream';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { spawnCameras } from '../../bench/virtual-camera/index.js';
import { type Scope, service, watch } from '../support/rig.js';
import { FFMPEGS } from '../support/ffmpegs.js';
import { selfSigned } from '../support/self-signed.js';
import { tempFolder } from '../support/temp-folder.js';

/** Cameras speak TLS with certificates that they signed themselves. */

const timeout = 60_000;

/** The port of a TLS proxy in front of that port. */
async function tlsDoor(scope: Scope, port: number): Promise<number> {
  const { key, cert } = selfSigned(tempFolder(scope), 'camera');
  const options = { key: readFileSync(key), cert: readFileSync(cert) };
  const server = createServer(options, (outside) => {
    const inside = connect(port, '127.0.0.1');
    pipeline(outside, inside, outside, () => undefined);
  });
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

for (const ffmpeg of FFMPEGS) {
  test(`a camera behind TLS and a password is relayed, with ${ffmpeg.name}`, { timeout }, async (t) => {
    const cameras = await spawnCameras({ auth: 'digest' });
    t.after(() => cameras.stop());
    const plain = new URL(cameras.url(0));
    const port = await tlsDoor(t, Number(plain.port));
    const url = plain.href.replace('rtsp:', 'rtsps:').replace(`:${plain.port}`, `:${port}`);
    const server = await service(t, { FFMPEG_PATH: ffmpeg.path, OPEN_TIMEOUT_MS: '20000' });
    const viewer = watch(t, server, 'cam1', url);
    await viewer.more(3, 30_000);
    assert.equal(viewer.frames[0]?.jpeg[0], 0xff);
    assert.deepEqual(
      viewer.states.map(({ state }) => state),
      ['connecting', 'live'],
    );
  });
}
