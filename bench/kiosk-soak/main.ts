import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../../test/support/chromium.js';
import { openConfiguredService } from '../../test/support/configured-service.js';
import { untilSeen } from '../../test/support/until.js';
import { PageProbe } from '../../test/wall/page-probe.js';
import { commandLine } from '../lib/command-line.js';
import { memoryOf } from '../lib/proc.js';
import { markdownTable } from '../lib/table.js';
import { isTrend, linearFit } from '../soak/trend.js';

/**
 * A kiosk with many tiles for as long as asked, in a real browser over the real service.
 * Exits with 1 when the tab's memory grows, a tile stands still, or a task of the page works for more than 100 ms.
 */

const SAMPLE_MS = 5000;
/** The first part is warm-up: decoders, caches and pools find their size. */
const WARM_UP_SHARE = 0.3;
/** Growth over the window that is still called flat; Chromium's process gives memory back when it likes. */
const TOLERANCE = { share: 0.1, absolute: 5 };
const MAX_WORK_MS = 100;
/** Until all tiles are live: decoders start a few at a time, and the machine may have other work. */
const OPEN_WITHIN_MS = 300_000;
const MIB = 2 ** 20;
const ROWS = 12;

const { minutes, tiles } = commandLine({
  name: 'kiosk-soak',
  about:
    'A kiosk of many tiles for as long as asked; fails when the tab grows, a tile stands still, or the page blocks.',
  options: {
    minutes: { default: 20, min: 0.2, max: 100_000, fractions: true, help: 'how long' },
    tiles: { default: 64, min: 1, max: 100, help: 'cameras, each a tile' },
  },
});

interface Sample {
  readonly minutes: number;
  /** Of the tab's process, MiB. */
  readonly process: number;
  /** Of the page's JavaScript, MiB, its worker apart. */
  readonly heap: number;
  readonly live: number;
  /** Frames drawn by all tiles since the last sample. */
  readonly frames: number;
}

/** The process that runs pages: there is one page. */
async function rendererOf(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  // The one that has worked most: Chromium keeps spare ones.
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  const busiest = renderers.sort((one, other) => other.cpuTime - one.cpuTime)[0];
  if (!busiest) throw new Error('this Chromium tells no renderer process');
  return busiest.id;
}

const problems: string[] = [];
const configured = await openConfiguredService(
  { width: 320, height: 180, fps: 10, count: tiles },
  { MAX_CONNECTING: '8', RETRY_MAX_MS: '2000' },
);
const browser = await launchChromium(['--enable-precise-memory-info']);
try {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
  const probe = await PageProbe.install(page);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  await page.goto(`${configured.service.url}/?kiosk=1`);
  const live = (): Promise<number> => page.locator('camera-tile[state=live]').count();
  await untilSeen(live, (count) => count === tiles, OPEN_WITHIN_MS);
  const renderer = await rendererOf(browser);
  const startedAt = await probe.now();
  probe.startSampling(200);

  const samples: Sample[] = [];
  const still = new Map<string, number>();
  const began = performance.now();
  const now = (): number => (performance.now() - began) / 60_000;
  let before = await probe.drawn();
  while (now() < minutes) {
    await sleep(SAMPLE_MS);
    const drawn = await probe.drawn();
    const frames = Object.entries(drawn).map(
      ([camera, count]) => [camera, count - (before[camera] ?? 0)] as const,
    );
    for (const [camera, count] of frames) if (count === 0) still.set(camera, (still.get(camera) ?? 0) + 1);
    before = drawn;
    const { metrics } = await cdp.send('Performance.getMetrics');
    samples.push({
      minutes: now(),
      process: (memoryOf(renderer)?.pssBytes ?? 0) / MIB,
      heap: (metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0) / MIB,
      live: await live(),
      frames: frames.reduce((sum, [, count]) => sum + count, 0),
    });
  }
  await sleep(500);
  probe.stopSampling();

  const window = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const rows = (['process', 'heap'] as const).map((name) => {
    const fit = linearFit(window.map((sample) => [sample.minutes, sample[name]]));
    if (fit && isTrend(fit, TOLERANCE))
      problems.push(`${name} grows by ${fit.growth.toFixed(1)} MiB in the window`);
    return [
      name,
      (fit?.mean ?? 0).toFixed(1),
      (fit?.growth ?? 0).toFixed(1),
      ((fit?.slope ?? 0) * 60).toFixed(1),
    ];
  });
  const tasks = (await probe.longTasks()).filter(({ at }) => at >= startedAt);
  const work = tasks.map((task) => probe.workOf(task));
  const over = work.filter((ms) => ms > MAX_WORK_MS).length;
  if (over > 0) problems.push(`${over} tasks of the page worked for more than ${MAX_WORK_MS} ms`);
  if (still.size > 0) problems.push(`stood still for ${SAMPLE_MS} ms: ${[...still.keys()].join(', ')}`);

  const step = Math.max(1, Math.ceil(samples.length / ROWS));
  const shown = samples.filter((_, index) => index % step === 0);
  console.log(
    markdownTable(
      ['minute', 'process MiB', 'heap MiB', 'live', 'frames/s'].map((title) => ({ title, align: 'right' })),
      shown.map(({ minutes: at, process: mib, heap, live: count, frames }) =>
        [at, mib, heap, count, (frames * 1000) / SAMPLE_MS].map((value) => value.toFixed(1)),
      ),
    ),
  );
  console.log(
    markdownTable(
      ['memory of the tab, MiB', 'mean', 'growth in the window', 'per hour'].map((title) => ({ title })),
      rows,
    ),
  );
  console.log(
    `${tasks.length} tasks over 50 ms, longest ${Math.max(0, ...tasks.map(({ ms }) => ms)).toFixed(0)} ms on the wall, ` +
      `at most ${Math.max(0, ...work).toFixed(0)} ms of work; tasks over ${MAX_WORK_MS} ms on the wall: ` +
      `${tasks.filter(({ ms }) => ms > MAX_WORK_MS).length}, of work: ${over}`,
  );
} finally {
  await browser.close();
  await configured.stop();
}
for (const problem of problems) console.error(`kiosk-soak: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
