import { atMost, below } from '../lib/check.js';
import { identifyNumber } from '../lib/frame-age.js';
import { AGAINST, commandLine, QUICK } from '../lib/command-line.js';
import type { Contender } from '../lib/paths.js';
import { barChart } from '../lib/plot.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, right, serversWith, viewerPaths, withServer } from '../lib/rig.js';
import { percentile } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import type { NumberedViewer } from '../relay-16/load.js';
import { runNumberedViewers } from '../relay-16/run-load.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * How old is a picture when the viewer holds it? From the moment the camera hands frame n to its socket until the viewer has read the
 * last byte of the JPEG that shows n: by the camera's log and the number in the picture. One viewer a camera.
 */
const { quick: isQuick, against } = commandLine({
  name: 'latency',
  about: 'Age of the pictures when they reach the viewer; beside the usual server.',
  options: { ...QUICK, ...AGAINST },
});

const COUNTS = isQuick ? [8] : [1, 8, 16];
const WINDOW_MS = isQuick ? 2000 : 8000;
const SETTLE_MS = isQuick ? 1000 : 3000;
const TARGET_COUNTS = [1, 8];
const P50_MS = 8;
const P99_MS = 20;
const SERVERS = serversWith(against);
const [, OTHER] = SERVERS;

interface Row {
  readonly server: Contender;
  readonly cameras: number;
  readonly frames: number;
  /** Frames whose number could not be read or found in the log. */
  readonly unknown: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

const cameras = await spawnCameras({ count: Math.max(...COUNTS), fps: CAMERA_FPS });
const rows: Row[] = [];
try {
  // The servers take turns, so that a machine that gets slower does so for both.
  for (const count of COUNTS)
    for (const who of SERVERS) {
      const viewers = await withServer(
        who,
        ({ port }) =>
          runNumberedViewers({
            port,
            paths: viewerPaths(cameras, count),
            settleMs: SETTLE_MS,
            durationMs: WINDOW_MS,
          }),
        {},
        against,
      );
      rows.push(await rowOf(who, viewers));
      console.error(`${who}, ${count} cameras: p99 ${rows.at(-1)?.p99.toFixed(0) ?? '-'} ms`);
    }
} finally {
  await cameras.stop();
}

async function rowOf(server: Contender, viewers: readonly NumberedViewer[]): Promise<Row> {
  const ages: number[] = [];
  let frames = 0;
  for (const [at, viewer] of viewers.entries()) {
    frames += viewer.frames.length;
    const log = await cameras.sent(`cam${at + 1}`);
    for (const [number, receivedAt] of viewer.frames) {
      const known =
        number === null ? null : identifyNumber(number, receivedAt, log, cameras.options.clipFrames);
      if (known !== null) ages.push(known.ageMs);
    }
  }
  ages.sort((a, b) => a - b);
  return {
    server,
    cameras: viewers.length,
    frames,
    unknown: frames - ages.length,
    p50: percentile(ages, 50),
    p95: percentile(ages, 95),
    p99: percentile(ages, 99),
    max: percentile(ages, 100),
  };
}

const rowAt = (server: Contender, count: number): Row | undefined =>
  rows.find((row) => row.server === server && row.cameras === count);
const figure = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;
writeReport({
  name: 'latency',
  title:
    'Latency: from the camera sending a frame to the viewer holding it (640x360, 25 fps, one viewer each)',
  settings: { quick: isQuick, against, windowMs: WINDOW_MS, settleMs: SETTLE_MS },
  results: {
    rows,
    checks: [
      ...TARGET_COUNTS.flatMap((count) => {
        const row = rowAt('ours', count);
        if (row === undefined) return [];
        const at = `at ${count} camera${count === 1 ? '' : 's'}`;
        return [
          atMost(`latency p50 ${at}`, row.p50, P50_MS, 'ms'),
          atMost(`latency p99 ${at}`, row.p99, P99_MS, 'ms'),
          below(`latency p99 ${at} against ${OTHER}'s`, row.p99, rowAt(OTHER, count)?.p99, 'ms'),
        ];
      }),
    ],
  },
  table: markdownTable(
    [
      right('cameras'),
      { title: 'server' },
      ...['p50 ms', 'p95 ms', 'p99 ms', 'max ms', 'frames', 'unknown'].map(right),
    ],
    rows.map((row) => [row.cameras, row.server, row.p50, row.p95, row.p99, row.max, row.frames, row.unknown]),
  ),
  plots: {
    latency: barChart({
      title: 'Age of a frame when the viewer holds it',
      yLabel: 'ms',
      groups: COUNTS.map((count) => `${count} camera${count === 1 ? '' : 's'}`),
      series: SERVERS.flatMap((server) =>
        (['p50', 'p99'] as const).map((of) => ({
          name: `${server} ${of}`,
          values: COUNTS.map((count) => figure(rowAt(server, count)?.[of])),
        })),
      ),
    }),
  },
});
