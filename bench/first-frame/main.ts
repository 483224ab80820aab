import { setTimeout as sleep } from 'node:timers/promises';
import { below } from '../lib/check.js';
import { identify } from '../lib/frame-age.js';
import { firstFrameOf, type FirstFrame } from './first-frame-of.js';
import { commandLine, QUICK } from '../lib/command-line.js';
import { viewerPath } from '../lib/paths.js';
import { lineChart } from '../lib/plot.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, right, withServer } from '../lib/rig.js';
import { percentile } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import { connectViewer } from '../lib/ws-viewer.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * How soon does a viewer see a picture? Cold: nobody watches the camera yet. A camera begins with a key frame, so the time is counted
 * from the key frame that it sent first (by its log), and the number in the JPEG tells which picture the viewer saw first.
 * Joining: the stream runs already.
 */
const { quick: isQuick } = commandLine({
  name: 'first-frame',
  about: 'Time from connecting to the first picture: cold, and of a camera that runs.',
  options: QUICK,
});

const COLD_STARTS = isQuick ? 4 : 20;
const JOINS = isQuick ? 10 : 50;
const GOP = CAMERA_FPS;
const GOP_MS = (GOP * 1000) / CAMERA_FPS;
/** Consecutive starts fall all over the time between key frames. */
const GOLDEN = 0.618;
const JOIN_PAUSE_MS = 73;

interface ColdStart {
  /** From connecting to holding the first JPEG, ms. */
  readonly totalMs: number;
  /** The same from the first key frame that the camera sent. */
  readonly afterKeyMs: number;
  /** From the first key frame that the camera would have sent after the viewer connected, had it been asked by then. */
  readonly afterNextKeyMs: number;
  /** Pictures between the key frame and the one that was seen first. */
  readonly behindKey: number;
}

// A camera for each start: its log then begins with it.
const cameras = await spawnCameras({ count: COLD_STARTS + 1, fps: CAMERA_FPS, gop: GOP });
const cold: ColdStart[] = [];
let failed = 0;
let joins: number[] = [];
try {
  await withServer(
    'ours',
    async ({ port }) => {
      for (let at = 0; at < COLD_STARTS; at++) {
        await sleep(((at * GOLDEN) % 1) * GOP_MS);
        const start = await coldStart(port, at);
        if (start === null) failed++;
        else cold.push(start);
      }
      joins = await joinRunning(port);
    },
    // A camera ends with its viewer, so that starts have the machine for themselves.
    { LINGER_MS: '0' },
  );
} finally {
  await cameras.stop();
}

function pathOf(at: number): string {
  return viewerPath(`cam${at + 1}`, cameras.url(at));
}

async function coldStart(port: number, at: number): Promise<ColdStart | null> {
  const first = await firstFrameOf(port, pathOf(at));
  const log = await cameras.sent(`cam${at + 1}`);
  const [key] = log;
  const shown = first && identify(first.jpeg, first.at, log, cameras.options.clipFrames);
  if (!first || !key || !shown) return null;
  const missed = Math.max(0, Math.floor((key[1] - first.connectedAt) / GOP_MS));
  return {
    totalMs: first.at - first.connectedAt,
    afterKeyMs: first.at - key[1],
    afterNextKeyMs: first.at - (key[1] - missed * GOP_MS),
    behindKey: shown.absolute - key[0],
  };
}

/** Times from connecting to the first JPEG, while another viewer watches. */
async function joinRunning(port: number): Promise<number[]> {
  const path = pathOf(COLD_STARTS);
  let started: () => void = () => undefined;
  const runs = new Promise<void>((resolve) => {
    started = resolve;
  });
  const viewer = connectViewer({
    host: '127.0.0.1',
    port,
    path,
    mode: 'keep',
    onFrame: started,
    onClose: started,
  });
  await runs;
  const found: FirstFrame[] = [];
  for (let join = 0; join < JOINS; join++) {
    const first = await firstFrameOf(port, path);
    if (first) found.push(first);
    await sleep(JOIN_PAUSE_MS);
  }
  viewer.destroy();
  return found.map((first) => first.at - first.connectedAt);
}

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const spread = (values: readonly number[]): number[] =>
  [50, 95, 100].map((p) => percentile(ascending(values), p));
const missedKey = cold.filter((start) => start.afterNextKeyMs > start.afterKeyMs).length;
const afterKey = cold.map((start) => start.afterKeyMs);
const points = (values: readonly number[]): (readonly [number, number])[] =>
  ascending(values).map((value, at, all) => [((at + 1) / all.length) * 100, value] as const);
writeReport({
  name: 'first-frame',
  title: 'First frame: how soon a viewer sees a picture (640x360, 25 fps, a key frame a second)',
  settings: { quick: isQuick, coldStarts: COLD_STARTS, joins: JOINS },
  results: {
    cold,
    failed,
    missedKey,
    joins,
    checks: [
      below(
        'cold start, p95 after the first key frame the camera sends',
        percentile(ascending(afterKey), 95),
        300,
        'ms',
      ),
      below('joining a running stream, p95', percentile(ascending(joins), 95), 20, 'ms'),
    ],
  },
  table: [
    markdownTable(
      [{ title: 'time to the first JPEG' }, ...['p50 ms', 'p95 ms', 'max ms', 'samples'].map(right)],
      [
        ['cold, from connecting', ...spread(cold.map((start) => start.totalMs)), cold.length],
        ['cold, from the first key frame that the camera sent', ...spread(afterKey), cold.length],
        [
          'cold, from the first key frame due after connecting',
          ...spread(cold.map((start) => start.afterNextKeyMs)),
          cold.length,
        ],
        ['joining a running stream', ...spread(joins), joins.length],
      ],
    ),
    `${missedKey} of ${cold.length} cold starts came too late for a key frame that was due while the camera was being opened. ` +
      `The first picture seen was on average ${(cold.reduce((sum, start) => sum + start.behindKey, 0) / Math.max(1, cold.length)).toFixed(1)} pictures after the key frame. ${failed} starts failed.`,
  ].join('\n\n'),
  plots: {
    'first-frame': lineChart({
      title: 'Time to the first JPEG',
      xLabel: '% of the viewers',
      yLabel: 'ms',
      series: [
        { name: 'cold, after the key frame', points: points(afterKey) },
        { name: 'joining', points: points(joins) },
      ],
    }),
  },
});
