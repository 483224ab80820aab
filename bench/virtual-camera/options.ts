import { parseFault } from './faults.js';
import { checkSize, OptionsError, within } from './parse.js';

/** What a set of virtual cameras looks like: every option with its default and range. */

export const PATTERNS = [
  'testsrc2',
  'testsrc',
  'smptebars',
  'smptehdbars',
  'pal75bars',
  'rgbtestsrc',
  'yuvtestsrc',
  'mandelbrot',
  'life',
] as const;
export type Pattern = (typeof PATTERNS)[number];

/** Colour matrices that a stream can say its picture is in (ITU-R BT.601 and BT.709). */
export const MATRICES = ['bt601', 'bt709', 'bt2020'] as const;
export type Matrix = (typeof MATRICES)[number];

/** `digest-qop` offers qop="auth" in its challenge (RFC 2617); `digest` is the older form without. */
export const AUTH_MODES = ['none', 'basic', 'digest', 'digest-qop'] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

export interface CameraOptions {
  /** Number of cameras, 1-1000. */
  readonly count: number;
  readonly host: string;
  /** RTSP port, or the first of `count` ports with `portsEach`; 0 lets the system choose. */
  readonly port: number;
  /** Each camera gets a listening port of its own, so that `refuse` and `gone` hit one camera alone. */
  readonly portsEach: boolean;
  /** Port of the HTTP control server; 0 lets the system choose. */
  readonly controlPort: number;
  /** Pixels, even. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** Frames from key frame to key frame; default is one second. */
  readonly gop: number;
  /** Bits a second; default grows with the picture's area from 500,000 at 640x360. */
  readonly bitrate: number;
  /** Frames in the looped clip, a multiple of `gop`, up to 4096; default is the largest such number up to 512. */
  readonly clipFrames: number;
  readonly pattern: Pattern;
  /** Sensor noise over the pattern, 0-100 (FFmpeg's `noise` filter): without it a test picture is cheaper to decode than a street. */
  readonly noise: number;
  /** The picture's colour matrix, which the stream then names; null names none, and the picture is in FFmpeg's default, BT.601. */
  readonly matrix: Matrix | null;
  /**
   * Begins of pictures and of groups of pictures are spread as those of cameras that know nothing of each other. Without it all
   * cameras' key frames fall into one frame's time, which no site has: the worst burst that there can be.
   */
  readonly independent: boolean;
  /** Cameras are called by this and a number from 1: `cam1`, `cam2` ... */
  readonly name: string;
  readonly auth: AuthMode;
  readonly user: string;
  readonly password: string;
  /** Every camera begins with this fault, as faults.ts spells it (`stall:10`). */
  readonly fault: string | null;
}

const DEFAULT_CLIP_FRAMES = 512;
const BITS_PER_PIXEL_SECOND = 500_000 / (640 * 360);

/**
 * Fills the defaults and checks every value.
 * @throws OptionsError naming the option and its range.
 */
export function completeOptions(given: Partial<CameraOptions> = {}): CameraOptions {
  const { width, height } = checkSize({ width: given.width ?? 640, height: given.height ?? 360 });
  const fps = within('fps', given.fps ?? 25, 1, 60);
  const gop = within('gop', given.gop ?? fps, 1, 4096);
  const wholeGops = Math.max(1, Math.floor(DEFAULT_CLIP_FRAMES / gop));
  const clipFrames = within('clip-frames', given.clipFrames ?? wholeGops * gop, 2, 4096);
  if (clipFrames % gop !== 0) throw new OptionsError('clip-frames must be a multiple of gop');
  const count = within('count', given.count ?? 1, 1, 1000);
  const areaBitrate = Math.max(100_000, Math.round(width * height * BITS_PER_PIXEL_SECOND));
  const name = given.name ?? 'cam';
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,40}$/.test(name))
    throw new OptionsError('name must be letters and digits');
  const port = within('port', given.port ?? 0, 0, 65_535);
  const portsEach = given.portsEach ?? false;
  if (portsEach && port + count > 65_536) throw new OptionsError('port and count go beyond 65535');
  if (given.fault !== undefined && given.fault !== null) parseFault(given.fault);
  return {
    count,
    host: given.host ?? '127.0.0.1',
    port,
    portsEach,
    controlPort: within('control-port', given.controlPort ?? 0, 0, 65_535),
    width,
    height,
    fps,
    gop,
    bitrate: within('bitrate', given.bitrate ?? areaBitrate, 10_000, 50_000_000),
    clipFrames,
    pattern: given.pattern ?? 'testsrc2',
    noise: within('noise', given.noise ?? 0, 0, 100),
    matrix: given.matrix ?? null,
    independent: given.independent ?? false,
    name,
    auth: given.auth ?? 'none',
    user: given.user ?? 'admin',
    password: given.password ?? 'virtual',
    fault: given.fault ?? null,
  };
}
