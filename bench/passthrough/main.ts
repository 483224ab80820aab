import { CapacitySearch } from '../capacity/search.js';
import { atLeast, atMost } from '../lib/check.js';
import { AGAINST, commandLine, QUICK } from '../lib/command-line.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, FULL_FPS, right, STREET } from '../lib/rig.js';
import { markdownTable } from '../lib/table.js';
import { spawnCameras } from '../virtual-camera/index.js';
import { AGE_COLUMNS, ageCells, LATENCY_MS, latencySteps } from './latency-step.js';
import { type Form, type Point, tryOut, type TryOut } from './try-out.js';
import { unitNumbers } from './unit-numbers.js';

/**
 * The camera's video as it comes against JPEG, in one run: most cameras of 640x360 at 25 fps with one viewer each that all get at least
 * 24.5 frames a second, and what a frame costs. Virtual cameras, service and viewers share the cores. At the latency step every viewer
 * tells the age of each unit, from the camera's socket to its last byte; in the search every eighth does.
 *
 * The cameras know nothing of each other: their key frames are spread. With `--together` all 64 come in one frame's time instead.
 */
const { quick, latency, times, together, against } = commandLine({
  name: 'passthrough',
  about: 'Video passed through against JPEG: most cameras at full rate, cost and bytes of a frame, latency.',
  options: {
    ...QUICK,
    latency: { help: 'the latency step at 64 cameras alone; the next three options belong to it' },
    times: { default: 1, min: 1, max: 50, help: 'how often' },
    together: { help: 'all key frames together, as those of no site: the worst burst' },
    ...AGAINST,
  },
});

const WINDOW = quick ? { settleMs: 2000, windowMs: 2000 } : { settleMs: 4000, windowMs: 6000 };
const TELL_EVERY = 8;
/** Where cost and latency are told: what both forms carry, and what the latency limit is asked for. */
const AT: Readonly<Record<Form, number>> = quick ? { jpeg: 8, h264: 8 } : { jpeg: 24, h264: 64 };
const SEARCH = {
  jpeg: { start: 36, stride: 8, step: 4, max: 64, tries: quick ? 0 : 4 },
  h264: { start: 192, stride: 64, step: 16, max: 320, tries: quick ? 0 : 5 },
};

const count = latency ? AT.h264 : Math.max(AT.h264, quick ? 0 : SEARCH.h264.max);
const cameras = await spawnCameras({ count, fps: CAMERA_FPS, independent: !together, ...STREET });
const numberOf = await unitNumbers(cameras.options);
const common = { cameras, numberOf, ...WINDOW };
try {
  const step: TryOut = { ...common, form: 'h264', count: AT.h264, tellEvery: 1 };
  if (latency) await latencySteps(step, { times, against, together });
  else await compareForms(step);
} finally {
  await cameras.stop();
}

async function compareForms(latencyStep: TryOut): Promise<void> {
  const points: Point[] = [];
  const most: Record<Form, number> = { jpeg: 0, h264: 0 };
  for (const form of ['jpeg', 'h264'] as const) {
    const first = form === 'h264' ? latencyStep : { ...common, form, count: AT.jpeg, tellEvery: 0 };
    points.push(await told(first));
    const search = new CapacitySearch(SEARCH[form]);
    for (let next = search.next(); next !== undefined; next = search.next()) {
      const point = await told({ ...common, form, count: next, tellEvery: TELL_EVERY });
      search.tell(next, point.passed);
      points.push(point);
    }
    most[form] = search.best;
  }
  report(points, most);
}

async function told(wanted: TryOut): Promise<Point> {
  const point = await tryOut(wanted);
  console.error(
    `${point.form}: ${point.cameras} cameras, least fps ${point.minFps.toFixed(1)}, ${point.frameMs.toFixed(3)} ms a frame, ` +
      `p99 ${point.ages?.p99.toFixed(1) ?? '-'} ms: ${point.passed ? 'yes' : 'no'}`,
  );
  return point;
}

function report(points: readonly Point[], most: Readonly<Record<Form, number>>): void {
  const [jpeg, h264] = (['jpeg', 'h264'] as const).map((form) => points.find((point) => point.form === form));
  const ratio = most.jpeg === 0 ? null : most.h264 / most.jpeg;
  const columns = ['cameras', 'least fps', 'median fps', 'ms a frame', 'bytes a frame', ...AGE_COLUMNS];
  writeReport({
    name: 'passthrough',
    title: `Video passed through: most cameras of 640x360 at ${FULL_FPS} of ${CAMERA_FPS} fps or more, and what a frame costs`,
    settings: { quick, together, ...WINDOW, search: SEARCH, at: AT, ...STREET },
    results: {
      most,
      points,
      checks: quick
        ? []
        : [
            atLeast('cameras as video / as JPEG', ratio, 4),
            atLeast('cameras as video', most.h264, 160),
            atMost(`age of a unit at ${AT.h264} cameras, p99`, h264?.ages?.p99, LATENCY_MS, 'ms'),
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
          ...ageCells(p),
          p.passed ? 'yes' : 'no',
        ]),
      ),
    ].join('\n\n'),
  });
}
