import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandLine } from '../lib/command-line.js';
import { lineChart, type Series } from '../lib/plot.js';
import { writeReport } from '../lib/report.js';
import { startService } from '../lib/service.js';
import { markdownTable } from '../lib/table.js';
import { isTrend, linearFit } from './trend.js';
import { injectFaults, pick } from './random-faults.js';
import { soakOptions } from './options.js';
import { noCrowdYet, runCrowd, type CrowdCount } from './random-viewers.js';
import { takeSample, TOLERANCES, type Sample, type Watched } from './sample.js';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * Cameras, viewers and random faults for as long as asked.
 * Exits with 1 when anything of the service grows without end, or is left when everybody is gone.
 */

const SAMPLE_MS = 5000;
/** The first part is warm-up: heaps and pools find their size, every path is compiled. */
const WARM_UP_SHARE = 0.4;
/** Rows of the printed table. */
const ROWS = 20;
/** Long pauses would only make the time less eventful. */
const SETTINGS = {
  LINGER_MS: '3000',
  RETRY_MAX_MS: '5000',
  AUTH_HOLD_MS: '8000',
} as const;

const WATCHED = Object.keys(TOLERANCES) as Watched[];

const {
  minutes,
  cameras: count,
  viewers: places,
} = commandLine({
  name: 'soak',
  about:
    'Cameras, viewers and random faults for as long as asked; fails when anything of the service grows or is left.',
  options: soakOptions({ minutes: 20, cameras: 8, viewers: 20 }),
});

const cameras = await spawnCameras({ count, portsEach: true });
const service = await startService({ env: SETTINGS });
const problems: string[] = [];
try {
  const paths = cameras.urls.map((url, i) => `/ws?camera_index=cam${i + 1}&rtsp=${encodeURIComponent(url)}`);
  const began = performance.now();
  const now = (): number => (performance.now() - began) / 60_000;
  const stop = new AbortController();
  // Every fault and every viewer's pause listens to it.
  setMaxListeners(0, stop.signal);
  const crowd = noCrowdYet();
  const work = Promise.all([
    injectFaults(cameras, service.pid, stop.signal),
    runCrowd(() => ({ port: service.port, path: pick(paths) }), places, crowd, stop.signal),
  ]);
  const samples: Sample[] = [];
  while (now() < minutes) {
    await sleep(SAMPLE_MS);
    samples.push(await takeSample(service.pid, service.url, now()));
  }
  stop.abort();
  const [faults] = await work;
  const rest = await whenAllAreGone(now);

  const window = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const fits = WATCHED.map((name) => {
    const fit = linearFit(window.map((sample) => [sample.minutes, sample[name]]));
    const trend = fit !== null && isTrend(fit, TOLERANCES[name]);
    if (trend) problems.push(`${name} grows by ${fit.growth.toFixed(1)} in the window`);
    return { name, mean: fit?.mean, growth: fit?.growth, perHour: (fit?.slope ?? 0) * 60, trend };
  });
  if (crowd.torn > 0) problems.push(`${crowd.torn} torn JPEGs`);
  if (samples.some(({ zombies }) => zombies > 1)) problems.push('zombies');
  if (rest.ffmpegs > 0) problems.push(`${rest.ffmpegs} FFmpegs are left when nobody watches`);

  const closes = Object.fromEntries([...crowd.closes].sort(([a], [b]) => a - b));
  writeReport({
    name: 'soak',
    ffmpegPath: (await findFfmpeg(process.env['FFMPEG_PATH'] ?? '')).path,
    title: `Soak: ${minutes} minutes, ${count} cameras, ${places} viewers, random faults`,
    settings: {
      minutes,
      cameras: count,
      viewers: places,
      ...SETTINGS,
      warmUpShare: WARM_UP_SHARE,
      tolerances: TOLERANCES,
    },
    results: {
      fits,
      crowd: { ...crowd, closes },
      faults: Object.fromEntries(faults),
      rest,
      problems,
      samples,
    },
    table: [timeTable(samples), trendTable(fits), summary(crowd, closes, faults, rest)].join('\n\n'),
    plots: {
      'soak-memory': chart('Memory', 'MB', samples, ['rssMB', 'heapMB', 'ffmpegPssMB']),
      'soak-counts': chart('Descriptors and threads', 'count', samples, ['fds', 'threads', 'ffmpegs']),
      'soak-lag': chart('Event-loop lag of the main thread', 'ms', samples, ['lagMeanMs', 'lagP99Ms']),
    },
  });
} finally {
  const exit = await service.stop();
  if (exit.code !== 0)
    problems.push(
      `the service ended with ${exit.code ?? exit.signal ?? 'nothing'}: ${service.log().slice(-2000)}`,
    );
  await cameras.stop();
}
console.log(problems.length === 0 ? 'No trend.' : `PROBLEMS: ${problems.join('; ')}`);
process.exit(problems.length === 0 ? 0 : 1);

/** The service with no viewer and, after its linger, no camera. */
async function whenAllAreGone(now: () => number): Promise<Sample> {
  const deadline = performance.now() + 20_000;
  let sample = await takeSample(service.pid, service.url, now());
  while ((sample.ffmpegs > 0 || sample.viewers > 0) && performance.now() < deadline) {
    await sleep(200);
    sample = await takeSample(service.pid, service.url, now());
  }
  return sample;
}

function timeTable(samples: readonly Sample[]): string {
  const step = Math.max(1, Math.ceil(samples.length / ROWS));
  const right = (title: string) => ({ title, align: 'right' as const });
  return markdownTable(
    [
      'min',
      'RSS MB',
      'heap MB',
      'FFmpegs',
      'their PSS MB',
      'fds',
      'threads',
      'lag mean ms',
      'lag p99 ms',
      'live',
      'viewers',
    ].map(right),
    samples
      .filter((_, i) => i % step === step - 1)
      .map((s) => [
        s.minutes,
        s.rssMB,
        s.heapMB,
        s.ffmpegs,
        s.ffmpegPssMB,
        s.fds,
        s.threads,
        s.lagMeanMs,
        s.lagP99Ms,
        s.live,
        s.viewers,
      ]),
  );
}

function trendTable(
  fits: readonly { name: Watched; mean: number | undefined; growth: number | undefined; trend: boolean }[],
): string {
  return markdownTable(
    [
      { title: 'after warm-up' },
      { title: 'mean', align: 'right' },
      { title: 'growth in the window', align: 'right' },
      { title: 'tolerated', align: 'right' },
      { title: 'verdict' },
    ],
    fits.map(({ name, mean, growth, trend }) => {
      const { share, absolute } = TOLERANCES[name];
      return [name, mean, growth, (mean ?? 0) * share + absolute, trend ? 'TREND' : 'flat'];
    }),
  );
}

function summary(
  crowd: CrowdCount,
  closes: Readonly<Record<string, number>>,
  faults: ReadonlyMap<string, number>,
  rest: Sample,
): string {
  const total = [...faults.values()].reduce((sum, n) => sum + n, 0);
  return [
    `${total} faults (${[...faults].map(([name, n]) => `${name} ${n}`).join(', ')}).`,
    `${crowd.connections} viewers, ${crowd.frames} frames, ${crowd.torn} torn; closes: ${JSON.stringify(closes)}.`,
    `When all were gone: ${rest.ffmpegs} FFmpegs, ${rest.fds} fds, ${rest.threads} threads, RSS ${rest.rssMB.toFixed(0)} MB.`,
  ].join('\n');
}

function chart(
  title: string,
  yLabel: string,
  samples: readonly Sample[],
  names: readonly (keyof Sample)[],
): string {
  const series = names.map((name): Series => ({
    name,
    points: samples.map((sample) => [sample.minutes, sample[name]]),
  }));
  return lineChart({ title, xLabel: 'minutes', yLabel, series });
}
