import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, atMost, below } from '../lib/check.js';
import { commandLine, QUICK } from '../lib/command-line.js';
import { lineChart } from '../lib/plot.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, FULL_FPS, right, viewerPaths, withServer } from '../lib/rig.js';
import { runViewers } from '../lib/run-viewers.js';
import type { ServerProcess } from '../lib/server-process.js';
import { distribution, type Distribution } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import type { Summary } from '../lib/viewer-load.js';
import { connectViewer } from '../lib/ws-viewer.js';
import { spawnCameras } from '../virtual-camera/index.js';

/** How many viewers of one camera does the service feed at full rate, and how soon does one more see a picture? */
const { quick: isQuick } = commandLine({
  name: 'fanout',
  about: 'How evenly many viewers of one camera get its frames; beside the usual server.',
  options: QUICK,
});

const CROWDS = isQuick ? [1000] : [100, 500, 1000, 2000, 4000];
const WINDOW_MS = isQuick ? 3000 : 6000;
/** Until every viewer has shown that it keeps up and is in the topic. */
const SETTLE_MS = isQuick ? 1500 : 3000;
const RAMP = 1000;
/** From here on two processes read: one would need more than a core. */
const TWO_PROCESSES_FROM = 1000;
const TARGET_CROWD = 2000;
/** Viewers that join while the crowd watches, one after another. */
const JOINS = 5;
const JOIN_TIMEOUT_MS = 5000;
const JOIN_PAUSE_MS = 200;

interface Row {
  readonly viewers: number;
  readonly seen: Summary;
  readonly joinMs: Distribution | null;
}

const cameras = await spawnCameras({ fps: CAMERA_FPS });
const [path = '/'] = viewerPaths(cameras, 1);
const rows: Row[] = [];
try {
  for (const viewers of CROWDS) {
    const row = await withServer('ours', (server) => watch(server, viewers));
    rows.push(row);
    console.error(`${viewers} viewers: least fps ${row.seen.fps?.min.toFixed(1) ?? '-'}`);
  }
} finally {
  await cameras.stop();
}

async function watch(server: ServerProcess, viewers: number): Promise<Row> {
  let joins: Promise<number[]> = Promise.resolve([]);
  const seen = await runViewers({
    port: server.port,
    paths: [path],
    viewers,
    processes: viewers >= TWO_PROCESSES_FROM ? 2 : 1,
    rampPerSecond: RAMP,
    settleMs: SETTLE_MS,
    durationMs: WINDOW_MS,
    onWindowStart: () => {
      joins = joinOneByOne(server.port);
    },
  });
  return { viewers, seen, joinMs: distribution(await joins) };
}

/** From connecting to the end of the first JPEG, ms. Who gets none in time is missing. */
async function joinOneByOne(port: number): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < JOINS; at++) {
    let settle: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const viewer = connectViewer({
      host: '127.0.0.1',
      port,
      path,
      mode: 'keep',
      onFrame: settle,
      onClose: settle,
    });
    const timer = setTimeout(settle, JOIN_TIMEOUT_MS);
    await first;
    clearTimeout(timer);
    viewer.destroy();
    if (viewer.stats.firstFrameMs !== undefined) times.push(viewer.stats.firstFrameMs);
    await sleep(JOIN_PAUSE_MS);
  }
  return times;
}

const target = rows.find(({ viewers }) => viewers === TARGET_CROWD);
writeReport({
  name: 'fanout',
  title: `Fan-out: one camera of 640x360 at ${CAMERA_FPS} fps, many viewers`,
  settings: { quick: isQuick, windowMs: WINDOW_MS, settleMs: SETTLE_MS, rampPerSecond: RAMP, joins: JOINS },
  results: {
    rows,
    checks: isQuick
      ? []
      : [
          atLeast('2,000 viewers: least fps of any', target?.seen.fps?.min, FULL_FPS, 'fps'),
          below('2,000 viewers: p99 gap between frames', target?.seen.gapsMs?.p99, 100, 'ms'),
          atMost('2,000 viewers: torn JPEGs', target?.seen.torn, 0),
        ],
  },
  table: markdownTable(
    [
      'viewers',
      'least fps',
      'median fps',
      'under 90 %',
      'p50 gap ms',
      'p99 gap ms',
      'MB/s',
      'load busy %',
      'one more: p50 ms',
      'max ms',
    ].map(right),
    rows.map(({ viewers, seen, joinMs }) => [
      viewers,
      seen.fps?.min,
      seen.fps?.p50,
      seen.below90,
      seen.gapsMs?.p50,
      seen.gapsMs?.p99,
      seen.bytesPerSecond / 1e6,
      Math.max(...seen.loadBusy) * 100,
      joinMs?.p50,
      joinMs?.max,
    ]),
  ),
  plots: {
    'fanout-rate': lineChart({
      title: 'Frames a second by number of viewers',
      xLabel: 'viewers of one camera',
      yLabel: 'fps',
      marker: { y: FULL_FPS, label: `${FULL_FPS} fps` },
      series: [
        { name: 'median viewer', points: rows.map((row) => [row.viewers, row.seen.fps?.p50 ?? null]) },
        { name: 'least', points: rows.map((row) => [row.viewers, row.seen.fps?.min ?? null]) },
      ],
    }),
    'fanout-gap': lineChart({
      title: 'Time between frames by number of viewers',
      xLabel: 'viewers of one camera',
      yLabel: 'ms',
      marker: { y: 100, label: '100 ms' },
      series: [
        { name: 'p99', points: rows.map((row) => [row.viewers, row.seen.gapsMs?.p99 ?? null]) },
        { name: 'p50', points: rows.map((row) => [row.viewers, row.seen.gapsMs?.p50 ?? null]) },
      ],
    }),
  },
});
