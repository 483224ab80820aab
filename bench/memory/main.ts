import { atMost } from '../lib/check.js';
import { commandLine, QUICK } from '../lib/command-line.js';
import { barChart } from '../lib/plot.js';
import { childrenOf, memoryOf } from '../lib/proc.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, right, viewerPaths, withServer } from '../lib/rig.js';
import { runViewers } from '../lib/run-viewers.js';
import { percentile } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * How much memory does a further camera take, its FFmpeg included? PSS (each shared page divided by its users) of the service and
 * its children while one viewer a camera watches, the median of readings a second apart. Each row has a fresh service.
 */
const { quick: isQuick } = commandLine({
  name: 'memory',
  about: 'Memory of each further camera, and of the service alone.',
  options: QUICK,
});

const COUNTS = isQuick ? [1, 8] : [1, 16, 32];
const WINDOW_MS = isQuick ? 3000 : 10_000;
const SETTLE_MS = isQuick ? 1000 : 5000;
const READ_EVERY_MS = 1000;
const MB = 1e6;

interface Reading {
  readonly service: number;
  readonly ffmpeg: number;
  readonly children: number;
}
interface Row extends Reading {
  readonly cameras: number;
  /** Least frames a second of a viewer: memory of a service that does not do its work would be no figure. */
  readonly minFps: number;
}

const cameras = await spawnCameras({ count: Math.max(...COUNTS), fps: CAMERA_FPS });
const rows: Row[] = [];
try {
  for (const count of COUNTS) {
    rows.push(await measure(count));
    console.error(`${count} cameras: ${rows.at(-1)?.service.toFixed(0) ?? '-'} MB in the service`);
  }
} finally {
  await cameras.stop();
}

function measure(count: number): Promise<Row> {
  return withServer('ours', async (server) => {
    const readings: Reading[] = [];
    let timer: NodeJS.Timeout | undefined;
    const seen = await runViewers({
      port: server.port,
      paths: viewerPaths(cameras, count),
      viewers: count,
      rampPerSecond: 8,
      settleMs: SETTLE_MS,
      durationMs: WINDOW_MS,
      onWindowStart: () => {
        timer = setInterval(() => readings.push(read(server.pid)), READ_EVERY_MS);
      },
      onWindowEnd: () => clearInterval(timer),
    }).finally(() => clearInterval(timer));
    return {
      cameras: count,
      service: median(readings.map(({ service }) => service)),
      ffmpeg: median(readings.map(({ ffmpeg }) => ffmpeg)),
      children: median(readings.map(({ children }) => children)),
      minFps: seen.fps?.min ?? 0,
    };
  });
}

/** MB of PSS. */
function read(pid: number): Reading {
  const children = childrenOf(pid);
  return {
    service: (memoryOf(pid)?.pssBytes ?? Number.NaN) / MB,
    ffmpeg: children.reduce((sum, child) => sum + (memoryOf(child.pid)?.pssBytes ?? 0), 0) / MB,
    children: children.length,
  };
}

function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    50,
  );
}

const total = (row: Row): number => row.service + row.ffmpeg;
/** MB for each camera more than in the row before. */
const further = rows.map((row, at) => {
  const before = rows[at - 1];
  return before === undefined ? null : (total(row) - total(before)) / (row.cameras - before.cameras);
});
const last = rows.at(-1);
writeReport({
  name: 'memory',
  title: 'Memory: PSS with cameras of 640x360 at 25 fps, one viewer each (MB of 1,000,000 bytes)',
  settings: { quick: isQuick, windowMs: WINDOW_MS, settleMs: SETTLE_MS },
  results: {
    rows,
    furtherMB: further,
    checks: isQuick
      ? []
      : [
          atMost(
            `PSS of each further camera, FFmpeg included, from ${rows.at(-2)?.cameras ?? 0} to ${last?.cameras ?? 0}`,
            further.at(-1),
            12,
            'MB',
          ),
        ],
  },
  table: markdownTable(
    [
      'cameras',
      'service MB',
      'FFmpegs',
      'their MB',
      'together MB',
      'each further camera MB',
      'least fps',
    ].map(right),
    rows.map((row, at) => [
      row.cameras,
      row.service,
      row.children,
      row.ffmpeg,
      total(row),
      further[at],
      row.minFps,
    ]),
  ),
  plots: {
    memory: barChart({
      title: 'PSS by number of cameras',
      yLabel: 'MB',
      groups: rows.map((row) => `${row.cameras} camera${row.cameras === 1 ? '' : 's'}`),
      series: [
        { name: 'service', values: rows.map((row) => row.service) },
        { name: 'FFmpegs', values: rows.map((row) => row.ffmpeg) },
      ],
    }),
  },
});
