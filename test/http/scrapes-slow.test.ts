import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertUnharmed, startTarget, type Target } from '../security/target.js';

const timeout = 60_000;
const CLIENTS = 20;
const WATCH_MS = 4000;

let target: Target;
before(async () => (target = await startTarget()), { timeout });
after(() => target.close(), { timeout });

test('twenty clients that scrape without a pause cost a viewer none of its frames', { timeout }, async () => {
  const { honest, service } = target;
  const framesIn = async (ms: number): Promise<number> => {
    const before = honest.stats.frames;
    await sleep(ms);
    return honest.stats.frames - before;
  };
  const alone = await framesIn(WATCH_MS);
  let answers = 0;
  const end = performance.now() + WATCH_MS;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const response = await fetch(`${service.url}/metrics`);
      assert.equal(response.status, 200);
      assert.match(await response.text(), /rtsp_ws_frames_decoded_total/);
      answers++;
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  const scraped = await framesIn(WATCH_MS);
  await clients;
  // One rendering in 200 ms for all of them.
  assert.ok(answers <= CLIENTS * (WATCH_MS / 200 + 2), `${answers} answers`);
  assert.ok(scraped >= alone * 0.9, `${scraped} frames instead of ${alone}`);
  await assertUnharmed(target);
});
