import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { benchFfmpeg } from '../lib/ffmpeg-path.js';
import { clipFrames, h264Clip } from '../lib/clips.js';
import { AGAINST, commandLine, QUICK } from '../lib/command-line.js';
import { barChart } from '../lib/plot.js';
import { writeReport } from '../lib/report.js';
import { percentile } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import type { StageRequest } from './stage.js';

/**
 * What does a frame cost on the way from H.264 to JPEG, and how near is that to the floor? One core, saturated; the ways take
 * turns, so that a machine that gets slower or faster does so for all; the medians of the rounds are compared.
 */
const { quick: isQuick, against } = commandLine({
  name: 'pipeline',
  about: 'Core time of a frame from H.264 to JPEG; beside the floor and other ways.',
  options: { ...QUICK, ...AGAINST },
});

const ROUNDS = isQuick ? 1 : 4;
const CORE = String(availableParallelism() - 1);
const STAGE = fileURLToPath(new URL('./stage.js', import.meta.url));

const SMALL = { width: 640, height: 360 };
const CLIP_FRAMES = clipFrames(isQuick);
const small = h264Clip(640, 360, 700, CLIP_FRAMES);
const large = h264Clip(1920, 1080, 3000, CLIP_FRAMES);

const ffmpeg = benchFfmpeg();
const stage = (name: string, file: string, way: StageRequest['way'], sizes = [SMALL], script = STAGE) => ({
  name,
  script,
  request: { ffmpeg, file, way, sizes, quality: 50, encodeFrames: CLIP_FRAMES } satisfies StageRequest,
});

/** The same ways of another checkout, by its own code. */
const before = against === null ? null : resolve(against, 'dist/bench/pipeline/stage.js');

const STAGES = [
  stage('decode to /dev/null', small, 'decode'),
  stage('encode only', small, 'encode'),
  stage('ours (YUV)', small, 'ours'),
  stage('RGB', small, 'rgb'),
  stage('FFmpeg mjpeg, pipe', small, 'mjpeg'),
  stage('1080p ours', large, 'ours'),
  stage('1080p RGB, default scaler', large, 'rgb-bicubic'),
  stage('1080p ours, two sizes', large, 'ours', [{ width: 320, height: 180 }, SMALL]),
  ...(before === null
    ? []
    : [
        stage('before (YUV)', small, 'ours', [SMALL], before),
        stage('1080p before', large, 'ours', [SMALL], before),
      ]),
];

/** Core milliseconds a frame. */
function measure({ script, request }: (typeof STAGES)[number]): number {
  const text = execFileSync('taskset', ['-c', CORE, process.execPath, script, JSON.stringify(request)], {
    encoding: 'utf8',
  });
  const { frames, ms } = JSON.parse(text) as { frames: number; ms: number };
  return ms / frames;
}

const times = new Map<string, number[]>(STAGES.map(({ name }) => [name, []]));
for (let round = 1; round <= ROUNDS; round++) {
  console.error(`round ${round} of ${ROUNDS}`);
  for (const each of STAGES) times.get(each.name)?.push(measure(each));
}
const median = (name: string): number =>
  percentile(
    [...(times.get(name) ?? [])].sort((a, b) => a - b),
    50,
  );

const floor = median('decode to /dev/null') + median('encode only');
const ratios = {
  'ours / floor (target <= 1.20)': median('ours (YUV)') / floor,
  'FFmpeg mjpeg / ours (target >= 1.6)': median('FFmpeg mjpeg, pipe') / median('ours (YUV)'),
  'RGB / ours': median('RGB') / median('ours (YUV)'),
  '1080p: RGB with default scaler / ours (target >= 1.7)':
    median('1080p RGB, default scaler') / median('1080p ours'),
  '1080p: two sizes / one (target <= 1.15)': median('1080p ours, two sizes') / median('1080p ours'),
  ...(before === null
    ? {}
    : {
        'ours / before (target <= 1.00)': median('ours (YUV)') / median('before (YUV)'),
        '1080p: ours / before (target <= 1.00)': median('1080p ours') / median('1080p before'),
      }),
};

const rows = STAGES.map(({ name }) => [name, median(name).toFixed(3)]);
const table = [
  markdownTable(
    [{ title: 'way' }, { title: 'core ms a frame', align: 'right' }],
    [...rows, ['floor: decode + encode', floor.toFixed(3)]],
  ),
  markdownTable(
    [{ title: 'ratio' }, { title: 'value', align: 'right' }],
    Object.entries(ratios).map(([name, value]) => [name, value.toFixed(2)]),
  ),
].join('\n\n');
writeReport({
  name: 'pipeline',
  title: 'Pipeline: core time from H.264 to JPEG (quality 50, one saturated core)',
  settings: { rounds: ROUNDS, against, core: CORE },
  results: { msPerFrame: Object.fromEntries(times), ratios },
  table,
  plots: {
    pipeline: barChart({
      title: 'Core time a frame, 640x360',
      yLabel: 'ms',
      groups: STAGES.slice(0, 5).map(({ name }) => name),
      series: [{ name: 'core ms a frame', values: STAGES.slice(0, 5).map(({ name }) => median(name)) }],
    }),
  },
});
