import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadGovernor, type WatchedCamera } from '../../src/load/load-governor.js';
import { YOUNG_LOOKS } from '../../src/load/load-control.js';
import { quietLog } from '../support/test-registry.js';

const timeout = 30_000;
const FPS = 25;

/** A camera whose units always wait for its decoder. */
class BusyCamera implements WatchedCamera {
  readonly #startedAt = performance.now();
  share = 1;

  get video(): NonNullable<WatchedCamera['video']> {
    const units = Math.round(((performance.now() - this.#startedAt) / 1000) * FPS);
    const none = { codec: null, refreshes: 0, pictureAt: null, latenessMs: 0 };
    return {
      ...none,
      units,
      keyFrames: units / FPS,
      keyFrameGapMs: 1000,
      waitMs: 300,
      droppedUnits: Math.round(units / 10),
    };
  }

  setShare(share: number): void {
    this.share = share;
  }
}

/** @returns the share that is left to it once the governor has seen a standing queue */
async function watchBusyCamera(relieve: (keys: readonly string[]) => boolean): Promise<number> {
  const camera = new BusyCamera();
  const governor = new LoadGovernor(() => [{ key: 'door', camera }], quietLog, relieve);
  await sleep((YOUNG_LOOKS + 4) * 1000);
  governor.close();
  return camera.share;
}

test(
  'a camera that is too much for the machine loses a share, unless others make room first',
  { timeout },
  async () => {
    const asked: string[][] = [];
    const [alone, relieved] = await Promise.all([
      watchBusyCamera(() => false),
      watchBusyCamera((keys) => {
        asked.push([...keys]);
        return true;
      }),
    ]);
    assert.ok(alone < 1);
    assert.equal(relieved, 1);
    assert.deepEqual(asked[0], ['door']);
  },
);
