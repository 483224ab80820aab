import { z } from 'zod';
import { atLeast, atMost, below } from '../lib/check.js';
import { AGAINST, commandLine } from '../lib/command-line.js';
import { identifyNumber } from '../lib/frame-age.js';
import type { Contender } from '../lib/paths.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, revisionsWith, right, STREET, viewerPaths, withServer } from '../lib/rig.js';
import type { ServerProcess } from '../lib/server-process.js';
import { percentile } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import { runNumberedViewers } from '../relay-16/run-load.js';
import { spawnCameras } from '../virtual-camera/index.js';
import { mostSwings } from './swings.js';

/**
 * A few cameras more than the machine carries must cost little: the sum of all pictures that are shown stays near that at capacity,
 * they stay fresh, and no camera's degradation goes to and fro. One viewer a camera; each point has a fresh server.
 */
const { capacity, against } = commandLine({
  name: 'over-capacity',
  about: 'Sum and age of the pictures with 1.05, 1.15 and 1.3 times the cameras that the machine carries.',
  options: {
    capacity: {
      default: 38,
      min: 1,
      max: 300,
      help: 'cameras that the machine carries, as `capacity` found them',
    },
    ...AGAINST,
  },
});

const FACTORS = [1, 1.05, 1.15, 1.3];
/** The load control has seen what the machine carries by then. */
const SETTLE_MS = 20_000;
const WINDOW_MS = 12_000;
const LOOK_MS = 1000;
const SWING_LOOKS = 10;
const LEAST_SHARE = 0.85;
const FRESH_MS = 1000;

interface Point {
  readonly server: Contender;
  readonly factor: number;
  readonly cameras: number;
  /** Pictures of all cameras a second. */
  readonly shown: number;
  readonly leastFps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Most turns of one camera's degradation within ten seconds. */
  readonly swings: number;
}

const countAt = (factor: number): number => Math.ceil(capacity * factor);
const cameras = await spawnCameras({ count: countAt(Math.max(...FACTORS)), fps: CAMERA_FPS, ...STREET });
const points: Point[] = [];
try {
  for (const who of revisionsWith(against))
    for (const factor of FACTORS) {
      points.push(await measure(who, factor));
      const { shown, p99Ms } = points.at(-1) ?? { shown: 0, p99Ms: 0 };
      console.error(
        `${who}, ${countAt(factor)} cameras: ${shown.toFixed(0)} a second, p99 ${p99Ms.toFixed(0)} ms`,
      );
    }
} finally {
  await cameras.stop();
}

function measure(who: Contender, factor: number): Promise<Point> {
  const count = countAt(factor);
  const use = async ({ port, url }: ServerProcess): Promise<Point> => {
    const levels: ReadonlyMap<string, number>[] = [];
    const timer = setInterval(() => {
      void degradations(url).then((now) => now && levels.push(now));
    }, LOOK_MS);
    const viewers = await runNumberedViewers({
      ...{ port, paths: viewerPaths(cameras, count), rampPerSecond: 8 },
      ...{ settleMs: SETTLE_MS, durationMs: WINDOW_MS },
    }).finally(() => {
      clearInterval(timer);
    });
    const fps = viewers.map(({ frames, seconds }) => frames.length / seconds);
    const ages: number[] = [];
    for (const [at, { frames }] of viewers.entries()) {
      const log = await cameras.sent(`cam${at + 1}`);
      for (const [number, receivedAt] of frames)
        if (number !== null)
          ages.push(identifyNumber(number, receivedAt, log, cameras.options.clipFrames)?.ageMs ?? Infinity);
    }
    ages.sort((a, b) => a - b);
    return {
      ...{ server: who, factor, cameras: count, shown: fps.reduce((sum, own) => sum + own, 0) },
      ...{ leastFps: Math.min(...fps), p50Ms: percentile(ages, 50), p99Ms: percentile(ages, 99) },
      swings: mostSwings(levels, SWING_LOOKS),
    };
  };
  return withServer(who, use, {}, against);
}

async function degradations(url: string): Promise<ReadonlyMap<string, number> | null> {
  const list = z.object({ cameras: z.array(z.object({ camera: z.string(), degraded: z.number() })) });
  const answer = await fetch(`${url}/api/cameras`).catch(() => null);
  const parsed = list.safeParse(await answer?.json());
  return parsed.success
    ? new Map(parsed.data.cameras.map(({ camera, degraded }) => [camera, degraded]))
    : null;
}

const shareOf = ({ server, shown }: Point): number =>
  shown / (points.find((point) => point.server === server && point.factor === 1)?.shown ?? Number.NaN);
const over = points.filter(({ server, factor }) => server === 'ours' && factor > 1);
writeReport({
  name: 'over-capacity',
  title: `Over capacity: ${FACTORS.slice(1).join(', ')} times ${capacity} cameras of 640x360 at 25 fps, one viewer each`,
  settings: { capacity, against, settleMs: SETTLE_MS, windowMs: WINDOW_MS },
  results: {
    points,
    checks: [
      ...over.map((point) =>
        atLeast(`pictures shown with ${point.factor} times the capacity`, shareOf(point), LEAST_SHARE),
      ),
      below('p99 of their age over capacity', Math.max(...over.map(({ p99Ms }) => p99Ms)), FRESH_MS, 'ms'),
      atMost("turns of a camera's degradation in 10 s", Math.max(...over.map(({ swings }) => swings)), 1),
    ],
  },
  table: markdownTable(
    [
      { title: 'server' },
      ...[
        'times',
        'cameras',
        'shown a second',
        'share',
        'least fps',
        'age p50 ms',
        'age p99 ms',
        'swings',
      ].map(right),
    ],
    points.map((point) => [
      point.server,
      point.factor,
      point.cameras,
      point.shown,
      shareOf(point).toFixed(2),
      point.leastFps,
      point.p50Ms,
      point.p99Ms,
      point.swings,
    ]),
  ),
});
