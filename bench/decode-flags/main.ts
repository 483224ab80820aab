import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { benchFfmpeg } from '../lib/ffmpeg-path.js';
import { clipFrames, h264Clip } from '../lib/clips.js';
import { commandLine, QUICK } from '../lib/command-line.js';
import { writeReport } from '../lib/report.js';
import { right } from '../lib/rig.js';
import { percentile } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';

/**
 * What do FFmpeg's scaling and decoding flags cost, and what do they take from the picture? 1080p H.264 (a key frame in 25) to
 * 640x360 YUV on one saturated core; quality as SSIM against FFmpeg's default scaler (bicubic) with everything decoded.
 */
const { quick: isQuick } = commandLine({
  name: 'decode-flags',
  about: "What FFmpeg's scaling and decoding flags cost, and what they take from the picture.",
  options: QUICK,
});

const ROUNDS = isQuick ? 1 : 5;
const CORE = String(availableParallelism() - 1);
/** Enough for a stable mean, few enough to be quick: SSIM takes longer than decoding. */
const SSIM_FRAMES = 250;

interface Variant {
  readonly name: string;
  readonly input: readonly string[];
  readonly scaler: string;
  /** Other pictures than the reference's: no likeness to be measured. */
  readonly isPartial?: true;
}

const ONE_THREAD = ['-threads', '1'];
const REFERENCE: Variant = { name: 'bicubic (default)', input: ONE_THREAD, scaler: 'bicubic' };
const CHOSEN: Variant = { name: 'area (chosen)', input: ONE_THREAD, scaler: 'area' };
const KEY_FRAMES: Variant = {
  name: 'area, key frames only (fps=1)',
  input: [...ONE_THREAD, '-skip_frame', 'nokey'],
  scaler: 'area',
  isPartial: true,
};
const VARIANTS: readonly Variant[] = [
  REFERENCE,
  { name: 'bilinear', input: ONE_THREAD, scaler: 'bilinear' },
  CHOSEN,
  { name: 'fast_bilinear', input: ONE_THREAD, scaler: 'fast_bilinear' },
  { name: 'neighbor', input: ONE_THREAD, scaler: 'neighbor' },
  {
    name: 'area, no deblocking (SKIP_LOOP_FILTER=on)',
    input: [...ONE_THREAD, '-skip_loop_filter', 'all'],
    scaler: 'area',
  },
  { name: 'area, 2 threads', input: ['-threads', '2'], scaler: 'area' },
  KEY_FRAMES,
];

const ffmpeg = benchFfmpeg();
const CLIP_FRAMES = clipFrames(isQuick);
const clip = h264Clip(1920, 1080, 3000, CLIP_FRAMES);
const scale = (flags: string): string => `scale=640:360:flags=${flags}`;

/** Core milliseconds a frame of the source, decoded or not. FFmpeg's own count: others on the core would lengthen the time. */
function measure({ input, scaler }: Variant): number {
  const args = ['-nostdin', '-hide_banner', '-benchmark', ...input, '-i', clip, '-filter_threads', '1'];
  const { stderr } = spawnSync(
    'taskset',
    [
      ...['-c', CORE, ffmpeg, ...args, '-vf', scale(scaler), '-pix_fmt', 'yuv420p', '-vsync', '0'],
      ...['-f', 'rawvideo', '-y', '/dev/null'],
    ],
    { encoding: 'utf8' },
  );
  const [, user, system] = /^bench: utime=([\d.]+)s stime=([\d.]+)s/m.exec(stderr) ?? [];
  if (user === undefined) throw new Error(`FFmpeg told no time: ${stderr.slice(-500)}`);
  return (1000 * (Number(user) + Number(system))) / CLIP_FRAMES;
}

/** Structural similarity with the reference, 0-1, over luma and chroma. */
function similarity({ input, scaler }: Variant): number {
  const graph = `[0:v]${scale(scaler)}[a];[1:v]${scale(REFERENCE.scaler)}[b];[a][b]ssim`;
  const { stderr } = spawnSync(
    ffmpeg,
    [
      ...['-nostdin', '-hide_banner', ...input, '-i', clip, ...REFERENCE.input, '-i', clip],
      ...['-filter_complex', graph, '-frames:v', String(SSIM_FRAMES), '-f', 'null', '-'],
    ],
    { encoding: 'utf8' },
  );
  const found = /SSIM .*All:([\d.]+)/.exec(stderr)?.[1];
  if (found === undefined) throw new Error(`FFmpeg gave no SSIM: ${stderr.slice(-500)}`);
  return Number(found);
}

const times = new Map<string, number[]>(VARIANTS.map(({ name }) => [name, []]));
for (let round = 1; round <= ROUNDS; round++)
  for (const variant of VARIANTS) times.get(variant.name)?.push(measure(variant));
const rows = VARIANTS.map((variant) => ({
  name: variant.name,
  ms: percentile(
    [...(times.get(variant.name) ?? [])].sort((a, b) => a - b),
    50,
  ),
  ssim: variant.isPartial ? null : similarity(variant),
}));
const msOf = ({ name }: Variant): number => rows.find((row) => row.name === name)?.ms ?? Number.NaN;
const referenceMs = msOf(REFERENCE);
/** How many times cheaper key frames alone are, with the chosen scaler. */
const keyFramesFactor = msOf(CHOSEN) / msOf(KEY_FRAMES);

writeReport({
  name: 'decode-flags',
  title: 'Decode flags: 1080p to 640x360, one core',
  settings: { quick: isQuick, rounds: ROUNDS, ssimFrames: SSIM_FRAMES },
  results: { rows, keyFramesFactor },
  table: `${markdownTable(
    [{ title: 'flags' }, right('core ms a source frame'), right('against the default'), right('SSIM')],
    rows.map(({ name, ms, ssim }) => [name, ms, ms / referenceMs, ssim?.toFixed(4) ?? '-']),
  )}\n\nKey frames alone cost 1/${keyFramesFactor.toFixed(1)} of decoding everything (area).`,
});
