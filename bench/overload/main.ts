import { setTimeout as sleep } from 'node:timers/promises';
import { IdleMeter } from '../../src/load/cpu-idle.js';
import { KEY_FRAMES_ONLY } from '../../src/decoding/decode-plan.js';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import { commandLine } from '../lib/command-line.js';
import { identifyNumber } from '../lib/frame-age.js';
import { frameNumberOfJpeg } from '../lib/frame-number.js';
import { lineChart } from '../lib/plot.js';
import { writeReport } from '../lib/report.js';
import { startService } from '../lib/service.js';
import { distribution, type Distribution } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import { connectViewer, type Viewer } from '../lib/ws-viewer.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * More cameras than the machine can decode, one viewer each; then half of them leave. Exits with 1 unless every viewer's newest frames were under 1.5 s old and the rest recovered.
 * Cameras, viewers and the service share this machine: its capacity for cameras alone is greater.
 */

const LIMIT_MS = 1500;
const LOOK_MS = 5000;
/** Of each viewer's frames so many a second are read for their number: reading costs as much as encoding. */
const READ_EVERY_MS = 1000;
/** The last part of the overload that must be within the limit. */
const JUDGED_MS = 10_000;

interface Seen {
  readonly camera: number;
  readonly at: number;
  readonly number: number;
}
interface Row {
  readonly seconds: number;
  readonly cameras: number;
  /** Cameras by degradation. */
  readonly levels: readonly number[];
  /** Pictures that all viewers together were sent a second. */
  readonly shown: number;
  readonly fps: Distribution | null;
  readonly age: Distribution | null;
  readonly worst: number;
  /** Viewers that were told that their camera cannot be opened. */
  readonly refused: number;
  readonly idle: number;
}

const {
  cameras: count,
  seconds: overloadSeconds,
  recover: recoverSeconds,
} = commandLine({
  name: 'overload',
  about: 'More cameras than the machine can decode, one viewer each; then half of the viewers leave.',
  options: {
    cameras: { default: 72, min: 2, max: 500, help: 'virtual cameras' },
    seconds: { default: 120, min: 10, max: 86_400, help: 'length of the overload' },
    recover: { default: 120, min: 1, max: 86_400, help: 'seconds with half of the viewers' },
  },
});
const ffmpegPath = (await findFfmpeg(process.env['FFMPEG_PATH'] ?? '')).path;
const set = await spawnCameras({ count, clipFrames: 4000 });
const service = await startService({ env: { LINGER_MS: '0', MAX_CAMERAS: String(count) } });
let seen: Seen[] = [];
const rows: Row[] = [];
const viewers = Array.from({ length: count }, (_, camera) => open(camera));
const began = performance.now();
const idleMeter = new IdleMeter();
let isFresh = false;
let recovered = false;
try {
  await watchFor(overloadSeconds);
  const judged = rows.filter(({ seconds }) => seconds > overloadSeconds - JUDGED_MS / 1000);
  isFresh = judged.every(({ worst }) => worst < LIMIT_MS);
  for (const viewer of viewers.splice(count / 2)) viewer.close();
  await watchFor(recoverSeconds);
  // What is left may be all that the machine can do, so full rate for each is not to be had; pictures that move are.
  recovered = (rows.at(-1)?.levels[KEY_FRAMES_ONLY] ?? count) <= viewers.length / 10;
  report();
} finally {
  for (const viewer of viewers) viewer.destroy();
  await service.stop();
  await set.stop();
}
console.log(isFresh ? 'Fresh.' : `NOT FRESH: a viewer's frames were over ${LIMIT_MS} ms old.`);
console.log(
  recovered ? 'Recovered.' : 'NOT RECOVERED: over a tenth of the cameras still gives key frames only.',
);
process.exit(isFresh && recovered ? 0 : 1);

function open(camera: number): Viewer {
  let readAt = 0;
  return connectViewer({
    host: '127.0.0.1',
    port: service.port,
    path: `/ws?camera_index=cam${camera + 1}&rtsp=${encodeURIComponent(set.url(camera))}`,
    mode: 'keep',
    openTimeoutMs: 60_000,
    onFrame: (jpeg, at) => {
      if (at - readAt < READ_EVERY_MS) return;
      readAt = at;
      const number = frameNumberOfJpeg(jpeg);
      if (number !== null) seen.push({ camera, at, number });
    },
  });
}

async function watchFor(seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    for (const { stats } of viewers) stats.beginWindow();
    seen = [];
    const from = performance.now();
    await sleep(LOOK_MS);
    rows.push(await look((performance.now() - from) / 1000));
    console.log(line(rows.at(-1)));
  }
}

async function look(windowSeconds: number): Promise<Row> {
  const watching = viewers
    .map((viewer, camera) => ({ viewer, camera }))
    .filter(({ viewer }) => !viewer.stats.closed);
  const fps = watching.map(({ viewer }) => viewer.stats.frames / windowSeconds);
  const ages = await agesOf(seen);
  const answer = await fetch(`${service.url}/api/cameras`);
  const { cameras } = (await answer.json()) as { cameras: { degraded: number; state: string }[] };
  return {
    seconds: (performance.now() - began) / 1000,
    cameras: cameras.filter(({ state }) => state === 'live').length,
    levels: [0, 1, 2, 3].map((level) => cameras.filter(({ degraded }) => degraded === level).length),
    shown: fps.reduce((sum, own) => sum + own, 0),
    fps: distribution(fps),
    age: distribution(ages.flat()),
    // A viewer without a frame in the whole window sees one that is at least as old as the window.
    worst: Math.max(
      ...watching.map(({ camera }) => Math.max(...(ages[camera] ?? []), ages[camera]?.length ? 0 : LOOK_MS)),
    ),
    refused: viewers.length - watching.length,
    idle: idleMeter.read(),
  };
}

/** Ages in ms of what was read, by camera. */
async function agesOf(frames: readonly Seen[]): Promise<number[][]> {
  return Promise.all(
    viewers.map(async (_, camera) => {
      const own = frames.filter((frame) => frame.camera === camera);
      if (own.length === 0) return [];
      const log = await set.sent(`cam${camera + 1}`);
      return own.flatMap(
        ({ number, at }) => identifyNumber(number, at, log, set.options.clipFrames)?.ageMs ?? [],
      );
    }),
  );
}

function line(row: Row | undefined): string {
  if (!row) return '';
  const { seconds, cameras, levels, shown, fps, age, worst, refused, idle } = row;
  return (
    `${seconds.toFixed(0)} s: ${cameras} live, levels ${levels.join('/')}, ${shown.toFixed(0)} a second, fps p50 ${fps?.p50.toFixed(1) ?? '-'}, ` +
    `age p50 ${age?.p50.toFixed(0) ?? '-'} p99 ${age?.p99.toFixed(0) ?? '-'} max ${worst.toFixed(0)} ms, ${refused} refused, idle ${(idle * 100).toFixed(0)} %`
  );
}

function report(): void {
  const right = (title: string) => ({ title, align: 'right' as const });
  const points = (of: (row: Row) => number | null | undefined) =>
    rows.map((row) => [row.seconds, of(row) ?? null] as const);
  writeReport({
    name: 'overload',
    title: `Overload: ${count} cameras of 640x360 at 25 fps, one viewer each; half of them leave after ${overloadSeconds} s`,
    settings: { cameras: count, seconds: overloadSeconds, recover: recoverSeconds },
    ffmpegPath,
    results: { rows, isFresh, recovered },
    table: markdownTable(
      [
        's',
        'live',
        'level 0',
        'level 1',
        'level 2',
        'level 3',
        'shown a second',
        'fps p50',
        'age p50 ms',
        'age p99 ms',
        'age max ms',
        'refused',
        'idle %',
      ].map(right),
      rows.map((r) => [
        r.seconds,
        r.cameras,
        ...r.levels,
        r.shown,
        r.fps?.p50,
        r.age?.p50,
        r.age?.p99,
        r.worst,
        r.refused,
        r.idle * 100,
      ]),
    ),
    plots: {
      'overload-age': lineChart({
        title: 'Age of the frames that viewers get',
        xLabel: 'seconds',
        yLabel: 'ms',
        marker: { y: LIMIT_MS, label: 'limit' },
        series: [
          { name: 'p50', points: points((row) => row.age?.p50) },
          { name: 'p99', points: points((row) => row.age?.p99) },
          { name: 'max', points: points((row) => row.worst) },
        ],
      }),
    },
  });
}
