import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ViewerStatus } from '../../src/cluster/streams/viewer-status.js';
import type { CameraState } from '../../src/shared/camera-state.js';

const timeout = 30_000;

function rig() {
  let now = 0;
  const states: string[] = [];
  const status = new ViewerStatus(
    {
      state: ({ state, reason }) => states.push(reason ? `${state} ${reason}` : state),
      failed: () => undefined,
      refused: () => undefined,
    },
    () => now,
    () => now,
  );
  const told = (state: CameraState, everLive: boolean): void => {
    status.told({
      ...{ stream: 'door', epoch: 7, hash: 'h'.repeat(22), reason: null, sinceMs: 0, degraded: 0 },
      ...{ state, everLive, codec: null, viewers: 1, frameMs: null },
    });
  };
  /** Looks four times a second. */
  const pass = (ms: number, hasOwner: boolean): void => {
    for (const end = now + ms; now < end; now += 250) status.look(hasOwner);
  };
  return { status, states, told, pass };
}

test('to who has seen a picture, another node’s first try is no first opening', { timeout }, () => {
  const it = rig();
  it.told('connecting', false);
  it.told('live', true);
  it.told('connecting', false);
  it.pass(500, true);
  it.told('live', true);
  assert.deepEqual(it.states, ['live']);
});

test('a camera that its new owner does not get open is stale, not live', { timeout }, () => {
  const it = rig();
  it.told('live', true);
  it.status.frameShown(false);
  it.told('connecting', false);
  it.pass(3000, true);
  assert.deepEqual(it.states, ['live', 'stale no_owner']);
  it.told('live', true);
  it.pass(5000, true);
  assert.deepEqual(it.states, ['live', 'stale no_owner', 'live'], 'from then on its owner tells');
});

test('a camera that sends one picture and ends was not live, as at its owner', { timeout }, () => {
  const it = rig();
  it.told('connecting', false);
  it.status.frameShown(false);
  assert.equal(it.status.everLive, false);
  assert.equal(it.status.status.state, 'connecting');
  it.told('offline', false);
  assert.deepEqual(it.states, ['offline']);
});

test('without an owner the picture is stale after two seconds', { timeout }, () => {
  const it = rig();
  it.told('live', true);
  it.pass(3000, false);
  assert.deepEqual(it.states, ['live', 'stale no_owner']);
});
