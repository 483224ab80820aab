import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { atLeast, atMost } from '../lib/check.js';
import { launchChromium } from '../lib/chromium.js';
import { commandLine } from '../lib/command-line.js';
import { memoryOf, treeUsage } from '../lib/proc.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, right, STREET } from '../lib/rig.js';
import { startService } from '../lib/service.js';
import { mebibytes, markdownTable } from '../lib/table.js';
import { spawnCameras, type SpawnedCameras } from '../virtual-camera/index.js';
import { countDrawn, type Drawn, takeDrawn } from './drawn-numbers.js';

/**
 * A wall of cameras on the service's own page in Chromium, video against JPEG in turns. Cameras, service and browser share the machine,
 * and the browser decodes in software. The number of every picture is read when it is drawn.
 */
const options = commandLine({
  name: 'browser-wall',
  about: 'Pictures that a wall in Chromium draws: video as the camera sends it, against JPEG.',
  options: {
    cameras: { default: 64, min: 1, max: 200, help: 'tiles of 640x360 at 25 pictures a second' },
    seconds: { default: 60, min: 2, max: 3600, help: 'to measure each form' },
    rounds: { default: 2, min: 1, max: 20, help: 'of both forms, in turns' },
    settle: { default: 15, min: 1, max: 600, help: 'seconds to wait before it' },
  },
});

/** A machine that is too small for the wall never has a picture in each tile: then what there is by then is measured. */
const START_MS = 60_000;

type Form = 'jpeg' | 'auto';

interface Row {
  readonly form: Form;
  /** Pictures a second, all tiles. */
  readonly drawn: number;
  readonly leastTile: number;
  readonly unreadable: number;
  readonly back: number;
  /** Tiles that show video at the end. */
  readonly videoTiles: number;
  readonly longestTaskMs: number;
  readonly tabStartMiB: number;
  readonly tabEndMiB: number;
  /** Processor seconds of service and its decoders, and of the browser, each second. */
  readonly serviceCpu: number;
  readonly browserCpu: number;
}

/** Tasks of the page's thread over 50 ms, since the page began. */
const LONG_TASKS = `(() => {
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  }).observe({ type: 'longtask' });
})()`;

/** Longer than any tile of a machine that is far too small stands still: else its next number would look like one of before. */
const CLIP_SECONDS = 80;
const clipFrames = CLIP_SECONDS * CAMERA_FPS;
const cameras = await spawnCameras({ count: options.cameras, fps: CAMERA_FPS, clipFrames, ...STREET });
const folder = mkdtempSync(join(tmpdir(), 'browser-wall-'));
const rows: Row[] = [];
try {
  for (let round = 0; round < options.rounds; round += 1)
    for (const form of ['jpeg', 'auto'] as const) rows.push(await measure(form, cameras));
} finally {
  await cameras.stop();
  rmSync(folder, { recursive: true, force: true });
}
report();

async function measure(form: Form, { urls }: SpawnedCameras): Promise<Row> {
  const config = join(folder, 'cameras.yaml');
  // JSON is YAML too.
  writeFileSync(config, JSON.stringify({ cameras: urls.map((url, at) => ({ name: `cam${at + 1}`, url })) }));
  const service = await startService({
    env: { CONFIG_FILE: config, MAX_CONNECTING: '16', MAX_CAMERAS: '400' },
  });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
    await page.addInitScript(LONG_TASKS);
    await page.goto(`${service.url}/${form === 'jpeg' ? '?codec=jpeg' : ''}`);
    await untilAllDraw(page);
    await sleep(options.settle * 1000);
    await countDrawn(page);
    const row = await watch(form, page, browser, service.pid);
    console.error(`${form}: ${row.drawn.toFixed(0)} pictures a second, ${row.videoTiles} tiles with video`);
    return row;
  } finally {
    await browser.close();
    await service.stop();
  }
}

/** Every tile has a picture; or as many as there will be: a machine that is too small for the wall is measured as well. */
async function untilAllDraw(page: Page): Promise<void> {
  const end = performance.now() + START_MS;
  while (performance.now() < end) {
    await sleep(500);
    const drawing = await page.evaluate<number>(
      `[...document.querySelectorAll('camera-tile')].filter(({ form }) => form !== null).length`,
    );
    if (drawing >= options.cameras) return;
  }
}

async function watch(form: Form, page: Page, browser: Browser, service: number): Promise<Row> {
  const modulo = cameras.options.clipFrames;
  await page.evaluate('longest = 0');
  const tab = await tabOf(browser);
  const usage = (): readonly [number, number] => [cpuOf(service), cpuOf(tab.browser)];
  const [tabStart, before, began] = [memoryOf(tab.renderer), usage(), performance.now()];
  const canvases = new Map<number, Drawn>();
  while (performance.now() - began < options.seconds * 1000) {
    await sleep(1000);
    await takeDrawn(page, canvases, modulo);
  }
  const seconds = (performance.now() - began) / 1000;
  const after = usage();
  const tiles = [...canvases.values()];
  const sum = (of: (tile: Drawn) => number): number => tiles.reduce((total, tile) => total + of(tile), 0);
  const shown = (tile: Drawn): number => (tile.pictures - tile.unreadable - tile.repeated) / seconds;
  return {
    form,
    drawn: sum(shown),
    leastTile: tiles.length < options.cameras ? 0 : Math.min(...tiles.map(shown)),
    unreadable: sum(({ unreadable }) => unreadable),
    back: sum(({ back }) => back),
    videoTiles: await page.evaluate<number>(
      `[...document.querySelectorAll('camera-tile')].filter(({ form }) => form === 'h264' || form === 'h265').length`,
    ),
    longestTaskMs: await page.evaluate<number>('longest'),
    tabStartMiB: mebibytes(tabStart?.pssBytes ?? NaN),
    tabEndMiB: mebibytes(memoryOf(tab.renderer)?.pssBytes ?? NaN),
    serviceCpu: (after[0] - before[0]) / seconds,
    browserCpu: (after[1] - before[1]) / seconds,
  };
}

function cpuOf(pid: number): number {
  return treeUsage(pid)?.cpuSeconds ?? NaN;
}

/** The processes of the browser itself and of its one tab. */
async function tabOf(browser: Browser): Promise<{ readonly browser: number; readonly renderer: number }> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const largest = processInfo
    .filter(({ type }) => type === 'renderer')
    .sort((a, b) => (memoryOf(b.id)?.pssBytes ?? 0) - (memoryOf(a.id)?.pssBytes ?? 0))[0];
  const main = processInfo.find(({ type }) => type === 'browser');
  if (!largest || !main) throw new Error('the browser tells no processes');
  return { browser: main.id, renderer: largest.id };
}

function report(): void {
  const of = (form: Form, value: (row: Row) => number): number[] =>
    rows.filter((row) => row.form === form).map(value);
  const mean = (form: Form, value: (row: Row) => number): number =>
    of(form, value).reduce((sum, one) => sum + one, 0) / options.rounds;
  writeReport({
    name: 'browser-wall',
    title: `A wall of ${options.cameras} cameras (640x360, 25 fps) in Chromium, all on this machine`,
    settings: options,
    results: {
      rows,
      checks: [
        atLeast(
          'pictures drawn a second, with video against JPEG alone',
          mean('auto', ({ drawn }) => drawn),
          mean('jpeg', ({ drawn }) => drawn),
        ),
        atLeast(
          'pictures a second of the least tile, with video against JPEG alone',
          mean('auto', ({ leastTile }) => leastTile),
          mean('jpeg', ({ leastTile }) => leastTile),
        ),
        atMost('pictures that go back in time', Math.max(...of('auto', ({ back }) => back)), 0),
        atMost(
          'longest task of the page with video',
          Math.max(...of('auto', ({ longestTaskMs }) => longestTaskMs)),
          100,
          'ms',
        ),
      ],
    },
    table: markdownTable(
      [
        { title: 'page' },
        ...[
          'drawn/s',
          'least tile/s',
          'video tiles',
          'unreadable',
          'back in time',
          'longest task ms',
          'tab MiB at start',
          'tab MiB at end',
          'service cores',
          'browser cores',
        ].map(right),
      ],
      rows.map((row) => [
        row.form === 'jpeg' ? 'JPEG alone' : 'video or JPEG, as it chooses',
        row.drawn.toFixed(0),
        row.leastTile.toFixed(1),
        row.videoTiles,
        row.unreadable,
        row.back,
        row.longestTaskMs.toFixed(0),
        row.tabStartMiB.toFixed(0),
        row.tabEndMiB.toFixed(0),
        row.serviceCpu.toFixed(2),
        row.browserCpu.toFixed(2),
      ]),
    ),
  });
}
