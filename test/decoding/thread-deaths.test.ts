import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThreadDeaths } from '../../src/decoding/thread-deaths.js';

const timeout = 30_000;
const MINUTE = 60_000;

test(
  'a camera whose thread died twice in ten minutes runs alone, until that is forgotten',
  { timeout },
  () => {
    const deaths = new ThreadDeaths();
    deaths.note('cam', 0);
    assert.equal(deaths.runsAlone('cam', 1000), false, 'once happens to anybody');
    deaths.note('cam', 9 * MINUTE);
    assert.equal(deaths.runsAlone('cam', 9 * MINUTE), true);
    assert.equal(deaths.runsAlone('other', 9 * MINUTE), false);
    assert.equal(deaths.runsAlone('cam', 9.9 * MINUTE), true);
    assert.equal(deaths.runsAlone('cam', 10 * MINUTE), false);
  },
);

test('two deaths that lie far apart are no pattern', { timeout }, () => {
  const deaths = new ThreadDeaths();
  deaths.note('cam', 0);
  deaths.note('cam', 10 * MINUTE);
  assert.equal(deaths.runsAlone('cam', 10 * MINUTE), false);
});

test('a camera that goes on killing its own thread stays alone', { timeout }, () => {
  const deaths = new ThreadDeaths();
  for (let at = 0; at <= 40; at += 4) deaths.note('cam', at * MINUTE);
  assert.equal(deaths.runsAlone('cam', 41 * MINUTE), true);
});
