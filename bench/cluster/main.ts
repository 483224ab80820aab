import { atLeast, atMost } from '../lib/check.js';
import { commandLine, QUICK } from '../lib/command-line.js';
import { writeReport } from '../lib/report.js';
import { distribution } from '../lib/stats.js';
import { type Cell, markdownTable } from '../lib/table.js';
import { measureAddedAge } from './added-age.js';
import { measureFrameCost } from './frame-cost.js';
import { measureLeaseCost } from './lease-cost.js';
import { measureManyCameras } from './many-cameras.js';
import { measureRecovery } from './recovery.js';

/** What a cluster costs and how soon it is back: needs a `nats-server` on PATH, or NATS_SERVER. */
const { quick, cameras, fps, kills } = commandLine({
  name: 'cluster',
  about: 'Cost and age of frames of other nodes, many cameras over three nodes, recovery after kills.',
  options: {
    ...QUICK,
    cameras: { default: 60, min: 1, max: 200, help: 'cameras over the three nodes' },
    fps: {
      default: 5,
      min: 1,
      max: 60,
      help: 'frames a second of each of them: two cores cannot decode 60 at 25',
    },
    kills: { default: 20, min: 1, max: 1000, help: 'kills of an owner' },
  },
});

const JPEG_BYTES = 17_500;
const cost = await measureFrameCost({
  bytes: JPEG_BYTES,
  streams: 20,
  fps: 25,
  edges: 2,
  seconds: quick ? 3 : 15,
});
console.error(`cost: ${JSON.stringify(cost)}`);
const lease = await measureLeaseCost(500, quick ? 3 : 10);
console.error(`lease: ${JSON.stringify(lease)}`);
const age = await measureAddedAge({ cameras: 4, fps: 25, seconds: quick ? 3 : 20 });
console.error(`age: ${JSON.stringify(age)}`);
const many = await measureManyCameras({
  cameras: quick ? 6 : cameras,
  ...{ fps, width: 320, height: 180, seconds: quick ? 3 : 20 },
});
console.error(`many: ${JSON.stringify(many)}`);
const times = distribution(await measureRecovery({ kills: quick ? 2 : kills, cameras: 3 }));

const count = quick ? 6 : cameras;
writeReport({
  name: 'cluster',
  title: 'Cluster: frames of other nodes, many cameras, recovery',
  settings: { quick, cameras: count, fps, kills, jpegBytes: JPEG_BYTES },
  results: {
    cost,
    lease,
    age,
    many,
    recovery: times,
    checks: [
      atMost('age that a node away adds, p99', age.added?.p99, 30, 'ms'),
      atMost('recovery after a kill, p99', times?.p99, 5000, 'ms'),
      atMost(`sessions of ${count} cameras`, many.sessions, count),
      atLeast('frames a second of the slowest viewer', many.fpsMin, fps * 0.9),
    ],
  },
  table: [
    `### A frame of ${JPEG_BYTES} bytes between nodes, processor time\n`,
    table([
      ['owner, for each edge', cost.owner, 'µs'],
      ['NATS server, in and out', cost.broker, 'µs'],
      ['edge', cost.edge, 'µs'],
      ['frames a second and edge', cost.framesPerSecond, ''],
      ['renewal of a lease, three NATS servers', lease.brokers, 'µs'],
    ]),
    '\n### Age at the viewer, 25 frames a second\n',
    table([
      ['at the owner, p50 and p99', age.owner?.p50, 'ms', age.owner?.p99],
      ['at another node', age.other?.p50, 'ms', age.other?.p99],
      ['the same frame, later by', age.added?.p50, 'ms', age.added?.p99],
    ]),
    `\n### ${count} cameras (320x180, ${fps} fps) on three nodes, a viewer of each on every node\n`,
    table([
      ['sessions at the cameras', many.sessions, ''],
      ['cameras owned by each node', many.owned.join(', '), ''],
      ['frames a second: median and slowest viewer', many.fpsP50, '', many.fpsMin],
      ['on the bus', many.busFramesPerSecond, 'frames/s'],
      ['on the bus', many.busBytesPerSecond / 1e6, 'MB/s'],
      ['torn frames', many.torn, ''],
      ['cameras degraded at the end', many.degraded, ''],
    ]),
    `\n### Picture back after a kill of the owner, ${quick ? 2 : kills} kills\n`,
    table([
      ['p50 and p99', times?.p50, 'ms', times?.p99],
      ['longest', times?.max, 'ms'],
    ]),
  ].join('\n'),
});
process.exit(0);

function table(rows: readonly (readonly Cell[])[]): string {
  return markdownTable(
    [
      { title: 'what' },
      { title: 'measured', align: 'right' },
      { title: 'unit' },
      { title: 'p99 or least', align: 'right' },
    ],
    rows,
  );
}
