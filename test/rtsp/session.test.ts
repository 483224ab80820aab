import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { headerOf } from '../../src/rtsp/messages/message-syntax.js';
import { ScriptedCamera } from './support/scripted-camera.js';
import { watch } from './support/watch.js';

/** The client against a camera that does what it shall. */

const timeout = 30_000;

for (const transport of ['tcp', 'udp'] as const) {
  test(`a camera is opened, played and torn down over ${transport}`, { timeout }, async (t) => {
    const camera = await ScriptedCamera.start(t);
    const { session, units, steps, reach, stop } = watch(t, camera, { transport });
    await reach(50);
    assert.deepEqual(await stop(), { code: 'stopped' });
    assert.deepEqual(camera.methods(), ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    assert.equal(camera.sessions, 0);
    const uri = `rtsp://127.0.0.1:${camera.port}/live`;
    assert.deepEqual(
      camera.requests.map((request) => request.uri),
      [uri, uri, `${uri}/trackID=0`, `${uri}/`, `${uri}/`],
    );
    assert.equal(headerOf(camera.requests[3] ?? { headers: [] }, 'session'), '12345678');
    assert.equal(session.statistics?.lost, 0);
    assert.ok(units.length >= 50);
    assert.deepEqual(
      steps.map((step) => (step.kind === 'answer' ? step.method : step.kind)),
      ['connected', 'OPTIONS', 'DESCRIBE', 'described', 'SETUP', 'transport', 'PLAY', 'TEARDOWN'],
    );
    await sleep(50);
    assert.equal(camera.sockets.size, 0);
  });
}
