import { setTimeout as sleep } from 'node:timers/promises';
import { startContender } from './lib/contender.js';
import { type Contender, isQuick, viewerPath } from './lib/paths.js';
import { lineChart } from './lib/plot.js';
import { writeReport } from './lib/report.js';
import { runViewers } from './lib/run-viewers.js';
import { markdownTable } from './lib/table.js';
import { spawnCameras } from './virtual-camera/index.js';

/**
 * How many cameras (640x360, 25 fps) does this machine relay at 24.5 frames a second or more for every one, with one viewer
 * each? Cameras, server and viewers share its cores, in processes of their own.
 */
const ENOUGH_FPS = 24.5;
const DURATION_MS = isQuick ? 5000 : 10_000;
const STEP = isQuick ? 8 : 4;
const MOST = 64;

interface Point {
  readonly cameras: number;
  /** Frames a second of the slowest viewer, and of the median one. */
  readonly slowest: number;
  readonly median: number;
}

async function measure(who: Contender, count: number): Promise<Point> {
  const cameras = await spawnCameras({ count });
  const server = await startContender(who);
  try {
    const summary = await runViewers({
      port: server.port,
      paths: cameras.urls.map((url, i) => viewerPath(`cam${i}`, url)),
      viewers: count,
      durationMs: DURATION_MS,
      settleMs: 4000,
      firstFrameTimeoutMs: 40_000,
    });
    return { cameras: count, slowest: summary.fps?.min ?? 0, median: summary.fps?.p50 ?? 0 };
  } finally {
    await server.stop();
    await cameras.stop();
    await sleep(500);
  }
}

/** Climbs until the slowest viewer is too slow twice in a row. */
async function climb(who: Contender, from: number): Promise<Point[]> {
  const points: Point[] = [];
  for (let count = from, misses = 0; count <= MOST && misses < 2; count += STEP) {
    const point = await measure(who, count);
    console.error(`${who}: ${count} cameras, slowest ${point.slowest.toFixed(2)} fps`);
    points.push(point);
    misses = point.slowest >= ENOUGH_FPS ? 0 : misses + 1;
  }
  return points;
}

const most = (points: readonly Point[]): number =>
  Math.max(0, ...points.filter(({ slowest }) => slowest >= ENOUGH_FPS).map(({ cameras }) => cameras));

const results = { ours: await climb('ours', 20), baseline: await climb('baseline', 8) };
const ratio = most(results.ours) / Math.max(1, most(results.baseline));
writeReport({
  name: 'capacity',
  title: `Capacity: most cameras at ${ENOUGH_FPS} of 25 fps or more, one viewer each`,
  settings: { durationMs: DURATION_MS, step: STEP },
  results: { ...results, most: { ours: most(results.ours), baseline: most(results.baseline) }, ratio },
  table: markdownTable(
    [{ title: 'server' }, { title: 'most cameras', align: 'right' }, { title: 'target', align: 'right' }],
    [
      ['ours', most(results.ours), '>= 36'],
      ['baseline', most(results.baseline), ''],
      ['ratio', ratio.toFixed(2), '>= 1.6'],
    ],
  ),
  plots: {
    capacity: lineChart({
      title: 'Frames a second of the slowest viewer',
      xLabel: 'cameras',
      yLabel: 'fps',
      series: Object.entries(results).map(([name, points]) => ({
        name,
        points: points.map(({ cameras, slowest }) => [cameras, slowest] as [number, number]),
      })),
    }),
  },
});
