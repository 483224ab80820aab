import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cameras, service } from '../support/rig.js';

test('snapshots every 5 and every 10 seconds are one RTSP session each', { timeout: 60_000 }, async (t) => {
  const set = await cameras(t, { count: 2 });
  const server = await service(t, { LINGER_MS: '10000', OPEN_TIMEOUT_MS: '10000', STALL_TIMEOUT_MS: '5000' });
  const poll = async (index: number, everyMs: number, times: number): Promise<number[]> => {
    const query = new URLSearchParams({ camera_index: `cam${index + 1}`, rtsp: set.url(index) });
    const taken: number[] = [];
    for (let i = 0; i < times; i++) {
      const begin = performance.now();
      const answer = await fetch(`${server.url}/snapshot?${query.toString()}`);
      assert.equal(answer.status, 200, await answer.clone().text());
      await answer.arrayBuffer();
      taken.push(performance.now() - begin);
      await sleep(everyMs - (performance.now() - begin));
    }
    return taken;
  };
  const taken = await Promise.all([poll(0, 5000, 5), poll(1, 10_000, 3)]);
  const sessions = (await set.list()).map(({ contacts }) => contacts.describes);
  assert.deepEqual(sessions, [1, 1]);
  for (const times of taken) for (const ms of times.slice(1)) assert.ok(ms < 500, `${ms.toFixed(0)} ms`);
});
