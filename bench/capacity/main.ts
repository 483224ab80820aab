import { z } from 'zod';
import { CapacitySearch } from './search.js';
import { atLeast } from '../lib/check.js';
import { identifyNumber } from '../lib/frame-age.js';
import { IdleMeter } from '../../src/load/cpu-idle.js';
import { AGAINST, commandLine, QUICK } from '../lib/command-line.js';
import type { Contender } from '../lib/paths.js';
import { lineChart } from '../lib/plot.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, FULL_FPS, right, serversWith, STREET, viewerPaths, withServer } from '../lib/rig.js';
import { runViewers } from '../lib/run-viewers.js';
import type { ServerProcess } from '../lib/server-process.js';
import { markdownTable } from '../lib/table.js';
import type { Summary } from '../lib/viewer-load.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * How many cameras of 640x360 at 25 fps does this machine carry, one viewer each, so that every viewer gets at least 24.5 pictures a
 * second, the last one less than a second old? Without the second half, a server passes that works off a growing backlog. Virtual
 * cameras (a test picture under sensor noise, as in `pipeline`), server and viewers share the cores, in processes of their own. Each try
 * has a fresh server.
 */
const { quick: isQuick, against } = commandLine({
  name: 'capacity',
  about: 'Most cameras that this machine carries at full rate, one viewer each; beside the usual server.',
  options: { ...QUICK, ...AGAINST },
});

const WINDOW_MS = isQuick ? 2000 : 8000;
/** Until a new server has compiled its hot code, and has worked off what came while its cameras connected. */
const SETTLE_MS = isQuick ? 2000 : 10_000;
const FRESH_MS = 1000;
const FIRST_FRAME_MS = 15_000;
/** Cameras that are added a second: a start costs more than running, and must not look like overload. */
const RAMP = isQuick ? 16 : 8;
const MAX = 96;
const SEARCH = { stride: 8, step: isQuick ? 8 : 2, max: MAX, tries: isQuick ? 2 : 7 };
const START = { ours: isQuick ? 24 : 40, before: isQuick ? 24 : 40, baseline: isQuick ? 16 : 32 };
const SERVERS = serversWith(against);
const [, OTHER] = SERVERS;

interface Point {
  readonly count: number;
  readonly passed: boolean;
  readonly minFps: number;
  readonly medianFps: number;
  /** Age of the oldest of the viewers' last pictures; null when one of them had none that could be read. */
  readonly oldestMs: number | null;
  /** Share of all cores in the window. */
  readonly idle: number;
  readonly loadBusy: number;
  /** Cameras that the service had stepped down by the end; null for the baseline, which knows no such thing. */
  readonly degraded: number | null;
}

const cameras = await spawnCameras({ count: MAX, fps: CAMERA_FPS, ...STREET });
const points: Record<Contender, Point[]> = { ours: [], before: [], baseline: [] };
const best: Record<Contender, number> = { ours: 0, before: 0, baseline: 0 };
/** Least count above the best that failed; null: none did. */
const failed: Record<Contender, number | null> = { ours: null, before: null, baseline: null };
try {
  for (const who of SERVERS) {
    const search = new CapacitySearch({ ...SEARCH, start: START[who] });
    for (let count = search.next(); count !== undefined; count = search.next()) {
      const point = await tryOut(who, count);
      search.tell(count, point.passed);
      points[who].push(point);
      console.error(
        `${who}: ${count} cameras, least fps ${point.minFps.toFixed(1)}, ` +
          `oldest ${point.oldestMs?.toFixed(0) ?? '-'} ms: ${point.passed ? 'yes' : 'no'}`,
      );
    }
    best[who] = search.best;
    failed[who] = search.failed ?? null;
  }
} finally {
  await cameras.stop();
}

function tryOut(who: Contender, count: number): Promise<Point> {
  const use = async (server: ServerProcess): Promise<Point> => {
    const meter = new IdleMeter();
    let idle = 0;
    let degraded: Promise<number | null> = Promise.resolve(null);
    const seen = await runViewers({
      port: server.port,
      paths: viewerPaths(cameras, count),
      viewers: count,
      rampPerSecond: RAMP,
      openTimeoutMs: FIRST_FRAME_MS,
      firstFrameTimeoutMs: FIRST_FRAME_MS,
      settleMs: SETTLE_MS,
      durationMs: WINDOW_MS,
      mode: 'keep',
      tellNewest: true,
      onWindowStart: () => void meter.read(),
      onWindowEnd: () => {
        idle = meter.read();
        if (who !== 'baseline') degraded = degradedCameras(server.url);
      },
    });
    const minFps = seen.fps?.min ?? 0;
    const oldestMs = await oldestOf(seen.newest);
    return {
      count,
      oldestMs,
      passed: minFps >= FULL_FPS && seen.torn === 0 && oldestMs !== null && oldestMs < FRESH_MS,
      minFps,
      medianFps: seen.fps?.p50 ?? 0,
      idle,
      loadBusy: Math.max(...seen.loadBusy),
      degraded: await degraded,
    };
  };
  return withServer(who, use, {}, against);
}

/** Age of the oldest of the last pictures, by the cameras' own logs. */
async function oldestOf(newest: Summary['newest']): Promise<number | null> {
  let oldest = 0;
  for (const [at, picture] of newest.entries()) {
    const log = await cameras.sent(`cam${at + 1}`);
    const known =
      picture && identifyNumber(picture.number, picture.receivedAt, log, cameras.options.clipFrames);
    if (!known) return null;
    oldest = Math.max(oldest, known.ageMs);
  }
  return oldest;
}

/** Under load the service gives some cameras fewer frames, so that the others stay fresh. */
async function degradedCameras(url: string): Promise<number | null> {
  const list = z.object({ cameras: z.array(z.object({ degraded: z.number() })) });
  const parsed = list.safeParse(await (await fetch(`${url}/api/cameras`)).json());
  return parsed.success ? parsed.data.cameras.filter(({ degraded }) => degraded > 0).length : null;
}

const ratio = best[OTHER] === 0 ? undefined : best.ours / best[OTHER];
const sorted = (who: Contender): Point[] => [...points[who]].sort((a, b) => a.count - b.count);
const pointsTable = markdownTable(
  [
    { title: 'server' },
    ...['cameras', 'least fps', 'median fps', 'oldest ms', 'idle %', 'load busy %', 'stepped down'].map(
      right,
    ),
    { title: 'all at full rate' },
  ],
  SERVERS.flatMap((who) =>
    sorted(who).map((p) => [
      who,
      p.count,
      p.minFps,
      p.medianFps,
      p.oldestMs,
      p.idle * 100,
      p.loadBusy * 100,
      p.degraded,
      p.passed ? 'yes' : 'no',
    ]),
  ),
);
writeReport({
  name: 'capacity',
  title: `Capacity: most cameras of 640x360 at ${FULL_FPS} of ${CAMERA_FPS} fps or more and under a second old, one viewer each`,
  settings: {
    quick: isQuick,
    against,
    windowMs: WINDOW_MS,
    settleMs: SETTLE_MS,
    rampPerSecond: RAMP,
    search: SEARCH,
  },
  results: {
    best,
    failed,
    points,
    checks: isQuick
      ? []
      : [
          atLeast('cameras on this machine, virtual cameras and viewers included', best.ours, 36),
          atLeast(`cameras, ours / ${OTHER}`, ratio, OTHER === 'before' ? 1 : 1.6),
        ],
  },
  table: [
    markdownTable(
      [{ title: 'server' }, right('most cameras'), right('too many')],
      SERVERS.map((who) => [who, best[who], failed[who]]),
    ),
    pointsTable,
  ].join('\n\n'),
  plots: {
    capacity: lineChart({
      title: 'Frames a second of the viewer that gets least',
      xLabel: 'cameras',
      yLabel: 'fps',
      marker: { y: FULL_FPS, label: `${FULL_FPS} fps` },
      series: SERVERS.map((who) => ({
        name: who,
        points: sorted(who).map((p) => [p.count, p.minFps] as const),
      })),
    }),
  },
});
