import { atMost } from '../lib/check.js';
import { AGAINST, commandLine, QUICK } from '../lib/command-line.js';
import type { Contender } from '../lib/paths.js';
import { barChart } from '../lib/plot.js';
import { childrenOf, memoryOf } from '../lib/proc.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, revisionsWith, right, viewerPaths, withServer } from '../lib/rig.js';
import { runViewers } from '../lib/run-viewers.js';
import type { ServerProcess } from '../lib/server-process.js';
import { percentile } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * How much memory does a further camera take, its FFmpeg included? PSS (each shared page divided by its users) of the service and
 * its children while one viewer a camera watches, the median of readings a second apart. Each row has a fresh service.
 */
const { quick: isQuick, against } = commandLine({
  name: 'memory',
  about: 'Memory of each further camera, and of the service alone.',
  options: { ...QUICK, ...AGAINST },
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
  readonly server: Contender;
  readonly cameras: number;
  /** Least frames a second of a viewer: memory of a service that does not do its work would be no figure. */
  readonly minFps: number;
}

const cameras = await spawnCameras({ count: Math.max(...COUNTS), fps: CAMERA_FPS });
const rows: Row[] = [];
try {
  for (const count of COUNTS)
    for (const who of revisionsWith(against)) {
      rows.push(await measure(who, count));
      console.error(`${who}, ${count} cameras: ${rows.at(-1)?.service.toFixed(0) ?? '-'} MB in the service`);
    }
} finally {
  await cameras.stop();
}

function measure(who: Contender, count: number): Promise<Row> {
  const use = async (server: ServerProcess): Promise<Row> => {
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
      server: who,
      cameras: count,
      service: median(readings.map(({ service }) => service)),
      ffmpeg: median(readings.map(({ ffmpeg }) => ffmpeg)),
      children: median(readings.map(({ children }) => children)),
      minFps: seen.fps?.min ?? 0,
    };
  };
  return withServer(who, use, {}, against);
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
const ours = rows.filter(({ server }) => server === 'ours');
/** MB for each camera more than in the same server's row before. */
const furtherOf = (row: Row): number | null => {
  const before = rows
    .filter(({ server, cameras: fewer }) => server === row.server && fewer < row.cameras)
    .at(-1);
  return before === undefined ? null : (total(row) - total(before)) / (row.cameras - before.cameras);
};
const last = ours.at(-1);
const lastBefore = rows.find(({ server, cameras: count }) => server === 'before' && count === last?.cameras);
writeReport({
  name: 'memory',
  title: 'Memory: PSS with cameras of 640x360 at 25 fps, one viewer each (MB of 1,000,000 bytes)',
  settings: { quick: isQuick, against, windowMs: WINDOW_MS, settleMs: SETTLE_MS },
  results: {
    rows,
    furtherMB: rows.map(furtherOf),
    checks: isQuick
      ? []
      : [
          atMost(
            `PSS of each further camera, FFmpeg included, from ${ours.at(-2)?.cameras ?? 0} to ${last?.cameras ?? 0}`,
            last && furtherOf(last),
            12,
            'MB',
          ),
          ...(last === undefined || lastBefore === undefined
            ? []
            : [
                atMost(
                  `PSS with ${last.cameras} cameras against that before`,
                  total(last),
                  total(lastBefore),
                  'MB',
                ),
              ]),
        ],
  },
  table: markdownTable(
    [
      { title: 'server' },
      ...[
        'cameras',
        'service MB',
        'FFmpegs',
        'their MB',
        'together MB',
        'each further camera MB',
        'least fps',
      ].map(right),
    ],
    rows.map((row) => [
      row.server,
      row.cameras,
      row.service,
      row.children,
      row.ffmpeg,
      total(row),
      furtherOf(row),
      row.minFps,
    ]),
  ),
  plots: {
    memory: barChart({
      title: 'PSS by number of cameras',
      yLabel: 'MB',
      groups: ours.map((row) => `${row.cameras} camera${row.cameras === 1 ? '' : 's'}`),
      series: [
        { name: 'service', values: ours.map((row) => row.service) },
        { name: 'FFmpegs', values: ours.map((row) => row.ffmpeg) },
      ],
    }),
  },
});
