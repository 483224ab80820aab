import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { selfSigned } from '../support/self-signed.js';
import { tempFolder } from '../support/temp-folder.js';
import { ScriptedCamera } from './support/scripted-camera.js';
import { watch } from './support/watch.js';

const timeout = 30_000;

function certificate(t: TestContext): { key: string; cert: string } {
  const { key, cert } = selfSigned(tempFolder(t), 'camera');
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

test(
  'rtsps: is TLS, with the name as SNI and in the request line, and the address as destination',
  { timeout },
  async (t) => {
    const camera = await ScriptedCamera.start(t, { tls: certificate(t) });
    const { reach, stop } = watch(t, camera, { scheme: 'rtsps', host: 'Cam.relay.example' });
    await reach(50);
    await stop();
    assert.deepEqual(camera.serverNames, ['Cam.relay.example']);
    for (const { uri } of camera.requests) assert.match(uri, /^rtsps:\/\/Cam\.relay\.example:\d+\/live/);
    assert.equal(camera.sessions, 0);
  },
);

test('TLS asked of a camera that speaks plain RTSP ends with protocol', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t);
  const end = await watch(t, camera, { scheme: 'rtsps', openTimeoutMs: 1500 }).session.ended;
  assert.match(end.code, /^(protocol|open_timeout|disconnected)$/);
});

test('media of a TLS camera that refuses TCP is not fetched in the clear', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, {
    tls: certificate(t),
    script: { SETUP: () => ({ status: 461 }) },
  });
  const end = await watch(t, camera, { scheme: 'rtsps' }).session.ended;
  assert.equal(end.code, 'protocol');
  assert.equal(camera.methods().filter((method) => method === 'SETUP').length, 1);
});
