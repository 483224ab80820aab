import { atLeast, atMost, type Check } from '../lib/check.js';
import { commandLine, EX_USAGE, QUICK } from '../lib/command-line.js';
import { writeReport } from '../lib/report.js';
import { distribution } from '../lib/stats.js';
import { type Cell, markdownTable } from '../lib/table.js';
import { measureAddedAge } from './added-age.js';
import { measureFrameCost } from './frame-cost.js';
import { measureLeaseCost } from './lease-cost.js';
import { measureManyCameras } from './many-cameras.js';
import { measureRecovery } from './recovery.js';

/** What a cluster costs and how soon it is back: needs a `nats-server` on PATH, or NATS_SERVER. */
const { quick, cameras, fps, kills, only } = commandLine({
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
    only: { value: 'PART', help: 'one of cost, age, many, recovery' },
  },
});

const JPEG_BYTES = 17_500;
/** Each change of hands opens a camera anew: more than this is no cluster that keeps its cameras. */
const MOST_OPENINGS = 3;
const count = quick ? 6 : cameras;
const killed = quick ? 2 : kills;

/** What one part found: figures for the file, what they have to be, and a table. */
interface Part {
  readonly results: Readonly<Record<string, unknown>>;
  readonly checks: readonly Check[];
  readonly table: readonly string[];
}

const PARTS: Readonly<Record<string, () => Promise<Part>>> = { cost, age, many, recovery };
if (only !== null && !(only in PARTS)) {
  console.error(`cluster: --only ${only} must be one of ${Object.keys(PARTS).join(', ')}`);
  process.exit(EX_USAGE);
}
const parts: Part[] = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (only !== null && only !== name) continue;
  const part = await measure();
  console.error(`${name}: ${JSON.stringify(part.results)}`);
  parts.push(part);
}
writeReport({
  name: 'cluster',
  title: 'Cluster: frames of other nodes, many cameras, recovery',
  settings: { quick, cameras: count, fps, kills, jpegBytes: JPEG_BYTES },
  results: {
    ...(Object.assign({}, ...parts.map(({ results }) => results)) as Record<string, unknown>),
    checks: parts.flatMap(({ checks }) => checks),
  },
  table: parts.flatMap(({ table: lines }) => lines).join('\n'),
});
process.exit(0);

async function cost(): Promise<Part> {
  const seconds = quick ? 3 : 15;
  const frame = await measureFrameCost({ bytes: JPEG_BYTES, streams: 20, fps: 25, edges: 2, seconds });
  const lease = await measureLeaseCost(500, quick ? 3 : 10);
  return {
    results: { cost: frame, lease },
    checks: [],
    table: [
      `### A frame of ${JPEG_BYTES} bytes between nodes, processor time\n`,
      table([
        ['owner, for each edge', frame.owner, 'µs'],
        ['NATS server, in and out', frame.broker, 'µs'],
        ['edge', frame.edge, 'µs'],
        ['frames a second and edge', frame.framesPerSecond, ''],
        ['renewal of a lease, three NATS servers', lease.brokers, 'µs'],
      ]),
    ],
  };
}

async function age(): Promise<Part> {
  const ages = await measureAddedAge({ cameras: 4, fps: 25, seconds: quick ? 3 : 20 });
  return {
    results: { age: ages },
    checks: [atMost('age that a node away adds, p99', ages.added?.p99, 30, 'ms')],
    table: [
      '\n### Age at the viewer, 25 frames a second\n',
      table([
        ['at the owner, p50 and p99', ages.owner?.p50, 'ms', ages.owner?.p99],
        ['at another node', ages.other?.p50, 'ms', ages.other?.p99],
        ['the same frame, later by', ages.added?.p50, 'ms', ages.added?.p99],
      ]),
    ],
  };
}

async function many(): Promise<Part> {
  const seen = await measureManyCameras({
    ...{ cameras: count, fps, width: 320, height: 180, seconds: quick ? 3 : 20 },
  });
  return {
    results: { many: seen },
    checks: [
      atMost(`sessions of ${count} cameras`, seen.sessions, count),
      atLeast(`sessions of ${count} cameras`, seen.sessions, count),
      atMost('openings of the camera that was opened most often', seen.mostOpenings, MOST_OPENINGS),
      atLeast('frames a second of the slowest viewer', seen.fpsMin, fps * 0.9),
    ],
    table: [
      `\n### ${count} cameras (320x180, ${fps} fps) on three nodes, a viewer of each on every node\n`,
      table([
        ['sessions at the cameras', seen.sessions, ''],
        ['openings of the camera that was opened most often', seen.mostOpenings, ''],
        ['leases lost', seen.leasesLost, ''],
        ['cameras owned by each node', seen.owned.join(', '), ''],
        ['frames a second: median and slowest viewer', seen.fpsP50, '', seen.fpsMin],
        ['on the bus', seen.busFramesPerSecond, 'frames/s'],
        ['on the bus', seen.busBytesPerSecond / 1e6, 'MB/s'],
        ['torn frames', seen.torn, ''],
        ['cameras degraded at the end', seen.degraded, ''],
      ]),
    ],
  };
}

async function recovery(): Promise<Part> {
  const times = distribution(await measureRecovery({ kills: killed, cameras: 3 }));
  return {
    results: { recovery: times },
    checks: [atMost('recovery after a kill, p99', times?.p99, 5000, 'ms')],
    table: [
      `\n### Picture back after a kill of the owner, ${killed} kills\n`,
      table([
        ['p50 and p99', times?.p50, 'ms', times?.p99],
        ['longest', times?.max, 'ms'],
      ]),
    ],
  };
}

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
