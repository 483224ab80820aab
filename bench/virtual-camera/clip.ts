import bundled from '@ffmpeg-installer/ffmpeg';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { frameNumberFilter } from '../lib/frame-number.js';
import { accessUnits, NAL_PPS, NAL_SPS, nalType, splitNals } from './annexb.js';
import type { Matrix, Pattern } from './options.js';
import { packetise, type PacketTemplate } from './rtp.js';

/** What is encoded: everything that changes a byte of the clip. */
export interface ClipSpec {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly gop: number;
  /** Bits a second. */
  readonly bitrate: number;
  readonly clipFrames: number;
  readonly pattern: Pattern;
  /** 0-100. */
  readonly noise: number;
  readonly matrix: Matrix | null;
}

/** A test picture sequence, ready to send in a loop. Picture i carries the number i. */
export interface Clip {
  readonly spec: ClipSpec;
  readonly sps: Buffer;
  readonly pps: Buffer;
  /** By picture number. */
  readonly pictures: readonly PacketTemplate[];
}

/** The bundled build, because it is the same on every machine and has libx264. */
const ENCODER = bundled.path;

/** What x264 calls them. */
const VUI: Readonly<Record<Matrix, string>> = {
  bt601: 'colormatrix=smpte170m:colorprim=smpte170m:transfer=smpte170m',
  bt709: 'colormatrix=bt709:colorprim=bt709:transfer=bt709',
  bt2020: 'colormatrix=bt2020nc:colorprim=bt2020:transfer=bt2020-10',
};

/** No B frames and no look-ahead, as cameras encode; one slice a picture; parameter sets before every key frame. */
function encoderArguments(spec: ClipSpec, file: string): string[] {
  const { width, height, fps, gop, bitrate } = spec;
  const source = `${spec.pattern}=size=${width}x${height}:rate=${fps}`;
  // Under the number, which must stay readable.
  const noise = spec.noise === 0 ? '' : `noise=alls=${spec.noise}:allf=t,`;
  const matrix = spec.matrix === null ? '' : `scale=out_color_matrix=${spec.matrix},`;
  const filter = `${noise}${matrix}format=yuv420p,${frameNumberFilter(width, height)}`;
  return [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', source, '-vf', filter],
    ...['-frames:v', String(spec.clipFrames), '-c:v', 'libx264', '-preset', 'veryfast'],
    ...['-tune', 'zerolatency', '-profile:v', 'main', '-pix_fmt', 'yuv420p'],
    ...[
      '-g',
      String(gop),
      '-keyint_min',
      String(gop),
      '-sc_threshold',
      '0',
      '-x264-params',
      spec.matrix === null ? 'sliced-threads=0' : `sliced-threads=0:${VUI[spec.matrix]}`,
    ],
    ...['-b:v', String(bitrate), '-maxrate', String(bitrate * 2), '-bufsize', String(bitrate)],
    ...['-f', 'h264', '-y', file],
  ];
}

async function encode(spec: ClipSpec, file: string): Promise<void> {
  const child = spawn(ENCODER, encoderArguments(spec, file), { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaint = (complaint + text).slice(-2000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0)
    throw new Error(`encoding the clip failed: ${complaint.trim() || `exit code ${String(code)}`}`);
}

/** File of the clip in the cache below the temporary folder; encoded if it is not there yet. */
async function cachedFile(spec: ClipSpec, log: (line: string) => void): Promise<Buffer> {
  const folder = join(tmpdir(), 'rtsp-stream-ws-clips');
  // The arguments hold every parameter, and the drawing of the number: another drawing is another clip.
  const key = createHash('sha256').update(encoderArguments(spec, '').join('\0')).digest('hex').slice(0, 16);
  const file = join(folder, `${spec.width}x${spec.height}-${spec.pattern}-${key}.h264`);
  try {
    return await readFile(file);
  } catch {
    log(`encoding clip ${spec.pattern} ${spec.width}x${spec.height}, ${spec.clipFrames} frames`);
  }
  await mkdir(folder, { recursive: true });
  // Two processes may encode the same clip at once: each writes its own file, and the last rename wins.
  const partial = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}.part`;
  try {
    await encode(spec, partial);
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
  return readFile(file);
}

/** @throws Error if the stream does not hold what was asked for. */
function clipOf(spec: ClipSpec, stream: Buffer): Clip {
  const nals = splitNals(stream);
  const units = accessUnits(nals);
  const sps = nals.find((nal) => nalType(nal) === NAL_SPS);
  const pps = nals.find((nal) => nalType(nal) === NAL_PPS);
  const wellTimed = units.every((unit, i) => unit.isKey === (i % spec.gop === 0));
  if (sps === undefined || pps === undefined || units.length !== spec.clipFrames || !wellTimed) {
    throw new Error(`clip has ${units.length} pictures, or key frames at other places than asked for`);
  }
  return { spec, sps, pps, pictures: units.map((unit) => packetise(unit.nals)) };
}

/** Loads clips, each once: cameras of one process share its packets. */
export class ClipStore {
  readonly #clips = new Map<string, Promise<Clip>>();
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  get(spec: ClipSpec): Promise<Clip> {
    const key = JSON.stringify(spec);
    const known = this.#clips.get(key);
    if (known !== undefined) return known;
    const clip = cachedFile(spec, this.#log).then((stream) => clipOf(spec, stream));
    this.#clips.set(key, clip);
    return clip;
  }
}
