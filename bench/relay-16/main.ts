import { atLeast, atMost } from '../lib/check.js';
import { commandLine, QUICK } from '../lib/command-line.js';
import { barChart } from '../lib/plot.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, FULL_FPS, right, viewerPaths, withServer } from '../lib/rig.js';
import { markdownTable } from '../lib/table.js';
import { orderOf, type Order } from './order.js';
import type { NumberedViewer } from './load.js';
import { runNumberedViewers } from './run-load.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * Does the relay do its work in full? 16 cameras at 25 fps, one viewer each: every message is decoded and the number in its picture
 * read. `relay-16` of a full run lasts 60 s.
 */
const { quick: isQuick } = commandLine({
  name: 'relay-16',
  about: 'Sixteen cameras for a minute: rates, order and gaps of their numbered pictures.',
  options: QUICK,
});

const COUNT = 16;
const WINDOW_MS = isQuick ? 5000 : 60_000;
const SIZE = '640x360';

interface Row extends Order {
  readonly fps: number;
  readonly frames: number;
  readonly damaged: number;
  readonly otherSizes: number;
}

const cameras = await spawnCameras({ count: COUNT, fps: CAMERA_FPS });
let rows: Row[] = [];
try {
  const viewers = await withServer('ours', ({ port }) =>
    runNumberedViewers({ port, paths: viewerPaths(cameras, COUNT), durationMs: WINDOW_MS }, 2),
  );
  rows = viewers.map(rowOf);
} finally {
  await cameras.stop();
}

function rowOf(viewer: NumberedViewer): Row {
  const numbers = viewer.frames.map(([number]) => number);
  const decoded = numbers.length - viewer.damaged;
  return {
    ...orderOf(numbers, cameras.options.clipFrames),
    fps: numbers.length / viewer.seconds,
    frames: numbers.length,
    damaged: viewer.damaged,
    otherSizes: decoded - (viewer.sizes[SIZE] ?? 0),
  };
}

const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
writeReport({
  name: 'relay-16',
  title: `Relay: ${COUNT} cameras of ${SIZE} at ${CAMERA_FPS} fps, one viewer each, ${WINDOW_MS / 1000} s, every frame decoded`,
  settings: { quick: isQuick, cameras: COUNT, windowMs: WINDOW_MS },
  results: {
    rows,
    checks: [
      atLeast(
        '16 cameras: least fps of any viewer',
        Math.min(...rows.map((row) => row.fps)),
        FULL_FPS,
        'fps',
      ),
      atMost(
        `16 cameras: messages that are not whole JPEGs of ${SIZE}`,
        sum((row) => row.damaged + row.otherSizes),
        0,
      ),
      atMost(
        '16 cameras: frames that are duplicates, go backwards, or have no number',
        sum((row) => row.duplicates + row.backwards + row.unread),
        0,
      ),
    ],
  },
  table: markdownTable(
    [
      'camera',
      'fps',
      'frames',
      'skipped',
      'duplicates',
      'backwards',
      'no number',
      'damaged',
      'other sizes',
    ].map(right),
    rows.map((row, at) => [
      at + 1,
      row.fps.toFixed(2),
      row.frames,
      row.skipped,
      row.duplicates,
      row.backwards,
      row.unread,
      row.damaged,
      row.otherSizes,
    ]),
  ),
  plots: {
    'relay-16': barChart({
      title: `Frames a second of each of ${COUNT} viewers`,
      yLabel: 'fps',
      groups: rows.map((_, at) => String(at + 1)),
      series: [{ name: 'fps', values: rows.map((row) => row.fps) }],
    }),
  },
});
