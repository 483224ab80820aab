import { CapacitySearch } from '../capacity/search.js';
import { atLeast, atMost } from '../lib/check.js';
import { commandLine, QUICK } from '../lib/command-line.js';
import { identifyNumber } from '../lib/frame-age.js';
import { viewerPath } from '../lib/paths.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, FULL_FPS, right, STREET, withServer } from '../lib/rig.js';
import { runViewers } from '../lib/run-viewers.js';
import { distribution, type Distribution } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import { connectViewer } from '../lib/ws-viewer.js';
import { spawnCameras } from '../virtual-camera/index.js';
import { runTimeMs } from './run-time.js';
import { unitNumbers } from './unit-numbers.js';

/**
 * The camera's video as it comes against JPEG, in one run: most cameras of 640x360 at 25 fps with one viewer each that all get at least
 * 24.5 frames a second, and what a frame costs. Virtual cameras, service and viewers share the cores. Every eighth camera has a second
 * viewer here, which tells the age of each unit from the camera's socket to its last byte.
 */
const { quick: isQuick } = commandLine({
  name: 'passthrough',
  about: 'Video passed through against JPEG: most cameras at full rate, cost and bytes of a frame, latency.',
  options: QUICK,
});

type Form = 'jpeg' | 'h264';

const WINDOW_MS = isQuick ? 2000 : 6000;
const SETTLE_MS = isQuick ? 2000 : 4000;
const FIRST_FRAME_MS = 20_000;
const RAMP = 32;
const FRESH_MS = 1000;
const PROBE_EVERY = 8;
/** Where cost and latency are told: what both forms carry, and what the latency limit is asked for. */
const AT: Readonly<Record<Form, number>> = isQuick ? { jpeg: 8, h264: 8 } : { jpeg: 24, h264: 64 };
const SEARCH = {
  jpeg: { start: 36, stride: 8, step: 4, max: 64, tries: isQuick ? 0 : 4 },
  h264: { start: 192, stride: 64, step: 16, max: 320, tries: isQuick ? 0 : 5 },
};
const MAX = isQuick ? 8 : SEARCH.h264.max;

interface Point {
  readonly form: Form;
  readonly cameras: number;
  readonly passed: boolean;
  readonly minFps: number;
  readonly medianFps: number;
  /** Time on processors of the service and its FFmpegs, ms a frame that a viewer got. */
  readonly frameMs: number;
  readonly frameBytes: number;
  readonly ages: Distribution | null;
}

const cameras = await spawnCameras({ count: MAX, fps: CAMERA_FPS, ...STREET });
const numberOf = await unitNumbers(cameras.options);
const points: Point[] = [];
const most: Record<Form, number> = { jpeg: 0, h264: 0 };
try {
  for (const form of ['jpeg', 'h264'] as const) {
    points.push(await tryOut(form, AT[form]));
    const search = new CapacitySearch(SEARCH[form]);
    for (let count = search.next(); count !== undefined; count = search.next()) {
      const point = await tryOut(form, count);
      search.tell(count, point.passed);
      points.push(point);
    }
    most[form] = search.best;
  }
} finally {
  await cameras.stop();
}

function pathOf(form: Form, at: number): string {
  const path = viewerPath(`cam${at + 1}`, cameras.url(at));
  return form === 'h264' ? `${path}&codec=h264` : path;
}

function tryOut(form: Form, count: number): Promise<Point> {
  return withServer(
    'ours',
    async (server) => {
      const begin = { ms: 0, at: 0 };
      let spentMs = 0;
      const probing: { ages?: () => Promise<Distribution | null> } = {};
      const seen = await runViewers({
        port: server.port,
        paths: Array.from({ length: count }, (_, at) => pathOf(form, at)),
        viewers: count,
        rampPerSecond: RAMP,
        openTimeoutMs: FIRST_FRAME_MS,
        firstFrameTimeoutMs: FIRST_FRAME_MS,
        settleMs: SETTLE_MS,
        durationMs: WINDOW_MS,
        onWindowStart: () => {
          begin.ms = runTimeMs(server.pid);
          if (form === 'h264') probing.ages = probe(server.port, count);
        },
        onWindowEnd: () => {
          spentMs = runTimeMs(server.pid) - begin.ms;
        },
      });
      const ages = (await probing.ages?.()) ?? null;
      const minFps = seen.fps?.min ?? 0;
      const isFresh = form === 'jpeg' || (ages?.p99 ?? Infinity) < FRESH_MS;
      const point: Point = {
        form,
        cameras: count,
        passed: minFps >= FULL_FPS && isFresh,
        minFps,
        medianFps: seen.fps?.p50 ?? 0,
        frameMs: spentMs / seen.frames,
        frameBytes: seen.bytes / seen.frames,
        ages,
      };
      console.error(
        `${form}: ${count} cameras, least fps ${minFps.toFixed(1)}, ${point.frameMs.toFixed(3)} ms a frame, ` +
          `p99 ${ages?.p99.toFixed(1) ?? '-'} ms: ${point.passed ? 'yes' : 'no'}`,
      );
      return point;
    },
    { MAX_CAMERAS: '400', MAX_CONNECTING: '16' },
  );
}

/** Viewers of every eighth camera, until they are asked for the ages of what they got. The backlog is older, and left out. */
function probe(port: number, count: number): () => Promise<Distribution | null> {
  const seen: { readonly camera: number; readonly number: number; readonly at: number }[] = [];
  const startedAt = Date.now() + 500;
  const viewers = Array.from({ length: Math.ceil(count / PROBE_EVERY) }, (_, i) => {
    const camera = i * PROBE_EVERY;
    const onFrame = (unit: Buffer, at: number): void => {
      const number = numberOf(unit);
      if (number !== null && at > startedAt) seen.push({ camera, number, at });
    };
    return connectViewer({ host: '127.0.0.1', port, path: pathOf('h264', camera), mode: 'keep', onFrame });
  });
  return async () => {
    for (const viewer of viewers) viewer.destroy();
    const ages: number[] = [];
    for (let i = 0; i < viewers.length; i++) {
      const camera = i * PROBE_EVERY;
      const log = await cameras.sent(`cam${camera + 1}`);
      for (const { number, at } of seen.filter((one) => one.camera === camera)) {
        const known = identifyNumber(number, at, log, cameras.options.clipFrames);
        if (known) ages.push(known.ageMs);
      }
    }
    return distribution(ages);
  };
}

const [jpeg, h264] = (['jpeg', 'h264'] as const).map((form) => points.find((point) => point.form === form));
const ratio = most.jpeg === 0 ? null : most.h264 / most.jpeg;
const columns = ['cameras', 'least fps', 'median fps', 'ms a frame', 'bytes a frame', 'age p50', 'age p99'];
writeReport({
  name: 'passthrough',
  title: `Video passed through: most cameras of 640x360 at ${FULL_FPS} of ${CAMERA_FPS} fps or more, and what a frame costs`,
  settings: { quick: isQuick, windowMs: WINDOW_MS, settleMs: SETTLE_MS, search: SEARCH, at: AT, ...STREET },
  results: {
    most,
    points,
    checks: isQuick
      ? []
      : [
          atLeast('cameras as video / as JPEG', ratio, 4),
          atLeast('cameras as video', most.h264, 160),
          atMost(`age of a unit at ${AT.h264} cameras, p99`, h264?.ages?.p99, 15, 'ms'),
        ],
  },
  table: [
    markdownTable(
      [{ title: 'form' }, right('most cameras'), right('ms a frame'), right('bytes a frame')],
      [
        ['jpeg', most.jpeg, jpeg?.frameMs ?? null, jpeg?.frameBytes ?? null],
        ['h264', most.h264, h264?.frameMs ?? null, h264?.frameBytes ?? null],
      ],
    ),
    markdownTable(
      [{ title: 'form' }, ...columns.map(right), { title: 'all at full rate' }],
      points.map((p) => [
        p.form,
        p.cameras,
        p.minFps,
        p.medianFps,
        p.frameMs,
        p.frameBytes,
        p.ages?.p50 ?? null,
        p.ages?.p99 ?? null,
        p.passed ? 'yes' : 'no',
      ]),
    ),
  ].join('\n\n'),
});
