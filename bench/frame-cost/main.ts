import { atMost } from '../lib/check.js';
import { AGAINST, commandLine, QUICK } from '../lib/command-line.js';
import type { Contender } from '../lib/paths.js';
import { barChart } from '../lib/plot.js';
import { childrenOf, runTimesOf } from '../lib/proc.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, revisionsWith, right, STREET, viewerPaths, withServer } from '../lib/rig.js';
import { runViewers } from '../lib/run-viewers.js';
import type { ServerProcess } from '../lib/server-process.js';
import { percentile } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * What does a frame cost FFmpeg, the camera's worker thread and the main thread, when many cameras run at full rate? Run time of each
 * thread by the kernel's scheduler over the frames that the viewers got in the same window.
 */
const { quick: isQuick, against } = commandLine({
  name: 'frame-cost',
  about: 'Run time of FFmpeg, workers and main thread for each frame, at 24 cameras.',
  options: { ...QUICK, ...AGAINST },
});

const COUNT = isQuick ? 8 : 24;
const ROUNDS = isQuick ? 1 : 2;
const WINDOW_MS = isQuick ? 3000 : 15_000;
const SETTLE_MS = isQuick ? 2000 : 8000;
const NS_PER_MS = 1e6;
const PARTS = ['ffmpeg', 'workers', 'main'] as const;

/** ms a frame. */
type Cost = Readonly<Record<(typeof PARTS)[number], number>>;
interface Round extends Cost {
  readonly server: Contender;
  readonly fps: number;
}

const SERVERS = revisionsWith(against);
const cameras = await spawnCameras({ count: COUNT, fps: CAMERA_FPS, ...STREET });
const rounds: Round[] = [];
try {
  // In turns, so that a machine that gets slower does so for both.
  for (let round = 0; round < ROUNDS; round++)
    for (const who of SERVERS) {
      rounds.push(await measure(who));
      console.error(
        `${who}: ${PARTS.map((part) => `${part} ${rounds.at(-1)?.[part].toFixed(2) ?? '-'}`).join(', ')} ms`,
      );
    }
} finally {
  await cameras.stop();
}

function measure(who: Contender): Promise<Round> {
  const use = async ({ port, pid }: ServerProcess): Promise<Round> => {
    let before = runTimes(pid);
    let after = before;
    const seen = await runViewers({
      ...{ port, paths: viewerPaths(cameras, COUNT), viewers: COUNT, rampPerSecond: 8 },
      ...{ settleMs: SETTLE_MS, durationMs: WINDOW_MS },
      onWindowStart: () => (before = runTimes(pid)),
      onWindowEnd: () => (after = runTimes(pid)),
    });
    const cost = (part: keyof Cost): number => (after[part] - before[part]) / NS_PER_MS / seen.frames;
    return {
      ...{ server: who, ffmpeg: cost('ffmpeg'), workers: cost('workers'), main: cost('main') },
      fps: seen.framesPerSecond / COUNT,
    };
  };
  return withServer(who, use, {}, against);
}

/** ns since each thread began. Decoders that come or go in the window would falsify it: none does at full rate. */
function runTimes(pid: number): Cost {
  const own = runTimesOf(pid);
  const main = own.get(pid) ?? 0;
  const all = sum(own.values());
  const ffmpeg = sum(childrenOf(pid).map((child) => sum(runTimesOf(child.pid).values())));
  return { ffmpeg, workers: all - main, main };
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

const median = (who: Contender, of: (round: Round) => number): number =>
  percentile(
    rounds
      .filter(({ server }) => server === who)
      .map(of)
      .sort((a, b) => a - b),
    50,
  );
const total = (round: Round): number => sum(PARTS.map((part) => round[part]));
writeReport({
  name: 'frame-cost',
  title: `Cost of a frame at ${COUNT} cameras of 640x360 at 25 fps, one viewer each: run time by the kernel's scheduler`,
  settings: { quick: isQuick, against, windowMs: WINDOW_MS, settleMs: SETTLE_MS, rounds: ROUNDS },
  results: {
    rounds,
    checks:
      against === null
        ? []
        : [atMost('cost of a frame, ours / before', median('ours', total) / median('before', total), 1)],
  },
  table: markdownTable(
    [
      { title: 'server' },
      ...['FFmpeg ms', 'worker threads ms', 'main thread ms', 'sum ms', 'fps of a camera'].map(right),
    ],
    SERVERS.map((who) => [
      who,
      ...PARTS.map((part) => median(who, (round) => round[part]).toFixed(3)),
      median(who, total).toFixed(3),
      median(who, ({ fps }) => fps),
    ]),
  ),
  plots: {
    'frame-cost': barChart({
      title: 'Run time of a frame',
      yLabel: 'ms',
      groups: PARTS,
      series: SERVERS.map((who) => ({
        name: who,
        values: PARTS.map((part) => median(who, (round) => round[part])),
      })),
    }),
  },
});
