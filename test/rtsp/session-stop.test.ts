import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScriptedCamera } from './support/scripted-camera.js';
import { watch } from './support/watch.js';
import { MachinePace } from '../support/machine-pace.js';

/** How a session that nobody wants any more ends: at once, and without leftovers at the camera. */

const timeout = 30_000;

test('a camera that does not answer TEARDOWN delays the end by a second at most', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, { script: { TEARDOWN: () => null } });
  const { reach, stop } = watch(t, camera);
  await reach(3);
  const pace = new MachinePace(t);
  const begin = performance.now();
  assert.deepEqual(await stop(), { code: 'stopped' });
  assert.ok(performance.now() - begin < 1500 + pace.delay(50));
  await sleep(600);
  assert.equal(camera.sockets.size, 0);
});

for (const method of ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY'] as const) {
  test(`a session that is stopped during ${method} ends at once`, { timeout }, async (t) => {
    let asked: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => (asked = resolve));
    const camera = await ScriptedCamera.start(t, {
      script: {
        [method]: () => {
          asked();
          return null;
        },
      },
    });
    const { stop, units } = watch(t, camera);
    await arrived;
    assert.deepEqual(await stop(), { code: 'stopped' });
    await sleep(100);
    assert.equal(camera.sockets.size, 0);
    assert.equal(camera.sessions, 0);
    assert.equal(units.length, 0);
  });
}

test('a session that is stopped before it is connected ends as stopped', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t);
  const { stop } = watch(t, camera);
  assert.deepEqual(await stop(), { code: 'stopped' });
});

test('no unit comes after the stop', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, { script: { TEARDOWN: () => null } });
  const { reach, stop, units } = watch(t, camera);
  await reach(3);
  const ended = stop();
  const { length } = units;
  await ended;
  assert.equal(units.length, length);
});
