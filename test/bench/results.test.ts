import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CapacitySearch } from '../../bench/capacity/search.js';
import { orderOf } from '../../bench/relay-16/order.js';
import { copyPlots, forget, isFileOf, parseReport, readReport } from '../../bench/run/reports.js';
import { resultsPage } from '../../bench/run/results-page.js';
import { atLeast, atMost, below } from '../../bench/lib/check.js';
import { tempFolder } from '../support/temp-folder.js';

const machine = { cpu: 'Some CPU', cores: 2, memoryMiB: 4096, kernel: 'linux', node: 'v20', ffmpeg: '7.1' };
const facts = { quick: false, versions: { piscina: '5.3.2' }, revision: 'abc1234', busyBefore: 0.01 };
const written = (name: string, results: unknown): string =>
  JSON.stringify({
    name,
    title: `Title of ${name}`,
    measuredAt: '2030-01-01T00:00:00.000Z',
    machine,
    settings: {},
    results,
    table: '| a |\n| - |\n| 1 |',
  });
const outcome = (name: string, results: unknown, plots: string[] = []) => ({
  name,
  report: parseReport(written(name, results)),
  plots,
  failure: null,
  seconds: 61,
});

test(
  'the page shows machine, versions, commands, tables, plots, and each target as met or missed',
  { timeout: 30_000 },
  () => {
    const ratios = { 'ours / floor (target <= 1.20)': 1.18, 'faster (target >= 1.6)': 1.5, 'RGB / ours': 9 };
    const checks = [atLeast('cameras', 40, 36), below('gap', 120, 100, 'ms')];
    const page = resultsPage(
      [outcome('pipeline', { ratios }), outcome('capacity', { checks }, ['capacity.svg'])],
      facts,
    );
    const squeezed = page.replaceAll(/ +/g, ' ');
    assert.match(squeezed, /\| pipeline: ours \/ floor \| <= 1\.20 \| 1\.18 \| met \|/);
    assert.match(squeezed, /\| pipeline: faster \| >= 1\.6 \| 1\.50 \| \*\*missed\*\* \|/);
    assert.match(squeezed, /\| cameras \| >= 36 \| 40 \| met \|/);
    assert.match(squeezed, /\| gap \| < 100 ms \| 120 ms \| \*\*missed\*\* \|/);
    assert.doesNotMatch(page, /RGB \/ ours/);
    assert.match(page, /Some CPU, 2 cores, 4096 MiB, linux, Node v20, FFmpeg 7\.1/);
    assert.match(page, /piscina 5\.3\.2/);
    assert.match(page, /revision abc1234/);
    assert.match(page, /`node dist\/bench\/capacity\/main\.js`, 1 min 1 s/);
    assert.match(page, /!\[capacity\]\(plots\/capacity\.svg\)/);
    assert.doesNotMatch(page, /quick|not quiet|Failed/);
  },
);

test('a bench that failed, a quick run and a busy machine are said plainly', { timeout: 30_000 }, () => {
  const failed = { name: 'fanout', report: null, plots: [], failure: 'not done in 240 s', seconds: 240 };
  const page = resultsPage([failed], { ...facts, quick: true, busyBefore: 0.4 });
  assert.match(page, /Failed: not done in 240 s/);
  assert.match(page, /\*\*not measured\*\*/);
  assert.match(page, /A quick run/);
  assert.match(page, /not quiet: others took 40 %/);
});

test(
  'what a bench wrote is found by its name, its plots are copied, and an older run is forgotten',
  { timeout: 30_000 },
  (t) => {
    assert.equal(isFileOf('memory', 'soak-memory.svg'), false);
    assert.equal(isFileOf('fanout', 'fanout-gap.svg'), true);
    const results = tempFolder(t);
    const plots = tempFolder(t);
    for (const file of ['fanout-gap.svg', 'fanout.svg', 'soak.svg'])
      writeFileSync(join(results, file), '<svg/>');
    writeFileSync(join(results, 'fanout.json'), written('fanout', {}));
    assert.equal(readReport('fanout', results)?.title, 'Title of fanout');
    assert.deepEqual(copyPlots('fanout', results, plots), ['fanout-gap.svg', 'fanout.svg']);
    forget('fanout', results);
    assert.equal(readReport('fanout', results), null);
    assert.deepEqual(copyPlots('soak', results, plots), ['soak.svg']);
  },
);

test(
  'a figure that is missing or only just misses its target does not read as met',
  { timeout: 30_000 },
  () => {
    assert.equal(atLeast('x', undefined, 1).met, false);
    assert.equal(atMost('x', Number.NaN, 1).measured, 'not measured');
    assert.deepEqual(atLeast('x', 24.46, 24.5, 'fps'), {
      what: 'x',
      target: '>= 24.5 fps',
      measured: '24.46 fps',
      met: false,
    });
    assert.equal(below('x', 1, undefined).met, false);
  },
);

/** Runs the search on a machine that carries `limit`, and whose tries at the given positions fail by chance. */
function searched(
  limit: number,
  unlucky: readonly number[] = [],
  tries = 9,
): { best: number; tries: number } {
  const search = new CapacitySearch({ start: 36, stride: 8, step: 2, max: 96, tries });
  let count = 0;
  for (let next = search.next(); next !== undefined; next = search.next()) {
    search.tell(next, next <= limit && !unlucky.includes(count++));
    assert.ok(count < 40);
  }
  return { best: search.best, tries: count };
}

test(
  'the capacity search finds the limit, above and below its start, and survives a bad moment',
  { timeout: 30_000 },
  () => {
    assert.equal(searched(43).best, 42);
    assert.equal(searched(36).best, 36);
    assert.equal(searched(21).best, 20);
    assert.equal(searched(1000, [], 20).best, 96);
    assert.equal(searched(1).best, 0);
    assert.equal(searched(43, [], 2).best, 36);
    // 44 passes at the second try: 36, (44), 40, 42, 44, 52, ...
    assert.ok(searched(44, [1], 20).best >= 44);
  },
);

test(
  'duplicates, steps back and gaps in the numbers of pictures are told apart, across the end of the loop',
  { timeout: 30_000 },
  () => {
    const order = orderOf([497, 498, 0, 0, null, 1, 499, 3], 500);
    assert.deepEqual(order, { duplicates: 1, backwards: 1, skipped: 4, unread: 1 });
  },
);
