import { setTimeout as sleep } from 'node:timers/promises';
import bundled from '@ffmpeg-installer/ffmpeg';
import { atMost, below } from '../lib/check.js';
import { identify } from '../lib/frame-age.js';
import { firstFrameOf, type FirstFrame } from './first-frame-of.js';
import { AGAINST, commandLine, QUICK } from '../lib/command-line.js';
import { benchFfmpeg } from '../lib/ffmpeg-path.js';
import { type Contender, viewerPath } from '../lib/paths.js';
import { lineChart } from '../lib/plot.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, revisionsWith, right, withServer } from '../lib/rig.js';
import { percentile } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import { connectViewer } from '../lib/ws-viewer.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * How soon does a viewer see a picture? Cold: nobody watches the camera yet. A camera begins with a key frame, so the time is counted
 * from the key frame that it sent first (by its log), and the number in the JPEG tells which picture the viewer saw first.
 * Joining: the stream runs already.
 */
const { quick: isQuick, against } = commandLine({
  name: 'first-frame',
  about: 'Time from connecting to the first picture: cold, and of a camera that runs.',
  options: { ...QUICK, ...AGAINST },
});

const COLD_STARTS = isQuick ? 4 : 20;
const JOINS = isQuick ? 10 : 50;
const GOP = CAMERA_FPS;
const GOP_MS = (GOP * 1000) / CAMERA_FPS;
/** Consecutive starts fall all over the time between key frames. */
const GOLDEN = 0.618;
const JOIN_PAUSE_MS = 73;
/** A dynamic FFmpeg takes some 85 ms to load its libraries. */
const COLD_LIMIT_MS = benchFfmpeg() === bundled.path ? 40 : 130;
const SERVERS = revisionsWith(against);

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

interface Starts {
  readonly server: Contender;
  readonly cold: readonly ColdStart[];
  readonly failed: number;
  readonly joins: readonly number[];
}

// A camera for each start of each server: its log then begins with it.
const cameras = await spawnCameras({ count: SERVERS.length * COLD_STARTS + 1, fps: CAMERA_FPS, gop: GOP });
const measured: Starts[] = [];
try {
  for (const [at, who] of SERVERS.entries()) measured.push(await measure(who, at * COLD_STARTS));
} finally {
  await cameras.stop();
}

function measure(server: Contender, from: number): Promise<Starts> {
  const use = async ({ port }: { port: number }): Promise<Starts> => {
    const cold: ColdStart[] = [];
    for (let at = 0; at < COLD_STARTS; at++) {
      await sleep(((at * GOLDEN) % 1) * GOP_MS);
      const start = await coldStart(port, from + at);
      if (start !== null) cold.push(start);
    }
    return { server, cold, failed: COLD_STARTS - cold.length, joins: await joinRunning(port) };
  };
  // A camera ends with its viewer, so that starts have the machine for themselves.
  return withServer(server, use, { LINGER_MS: '0' }, against);
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
  const path = pathOf(cameras.urls.length - 1);
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
const points = (values: readonly number[]): (readonly [number, number])[] =>
  ascending(values).map((value, at, all) => [((at + 1) / all.length) * 100, value] as const);
const afterKey = ({ cold }: Starts): number[] => cold.map((start) => start.afterKeyMs);
const [ours] = measured;
writeReport({
  name: 'first-frame',
  title: 'First frame: how soon a viewer sees a picture (640x360, 25 fps, a key frame a second)',
  settings: { quick: isQuick, against, coldStarts: COLD_STARTS, joins: JOINS },
  results: {
    measured,
    checks: [
      atMost(
        'cold start, p95 after the first key frame the camera sends',
        ours && percentile(ascending(afterKey(ours)), 95),
        COLD_LIMIT_MS,
        'ms',
      ),
      below('joining a running stream, p95', ours && percentile(ascending(ours.joins), 95), 20, 'ms'),
    ],
  },
  table: [
    markdownTable(
      [
        { title: 'server' },
        { title: 'time to the first JPEG' },
        ...['p50 ms', 'p95 ms', 'max ms', 'samples'].map(right),
      ],
      measured.flatMap(rowsOf),
    ),
    ...measured.map(remark),
  ].join('\n\n'),
  plots: {
    'first-frame': lineChart({
      title: 'Time to the first JPEG',
      xLabel: '% of the viewers',
      yLabel: 'ms',
      series: measured.flatMap((each) => [
        { name: `${each.server}: cold, after the first key frame`, points: points(afterKey(each)) },
        { name: `${each.server}: joining`, points: points(each.joins) },
      ]),
    }),
  },
});

function rowsOf({ server, cold, joins }: Starts): (string | number)[][] {
  const row = (what: string, values: readonly number[]): (string | number)[] => [
    server,
    what,
    ...spread(values),
    values.length,
  ];
  return [
    row(
      'cold, from connecting',
      cold.map((start) => start.totalMs),
    ),
    row(
      'cold, from the first key frame that the camera sent',
      cold.map((start) => start.afterKeyMs),
    ),
    row(
      'cold, from the first key frame due after connecting',
      cold.map((start) => start.afterNextKeyMs),
    ),
    row('joining a running stream', joins),
  ];
}

function remark({ server, cold, failed }: Starts): string {
  const missed = cold.filter((start) => start.afterNextKeyMs > start.afterKeyMs).length;
  const behind = cold.reduce((sum, start) => sum + start.behindKey, 0) / Math.max(1, cold.length);
  return (
    `${server}: ${missed} of ${cold.length} cold starts came too late for a key frame that was due while the camera was being opened. ` +
    `The first picture seen was on average ${behind.toFixed(1)} pictures after the key frame. ${failed} starts failed.`
  );
}
