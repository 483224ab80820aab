import type { TestContext } from 'node:test';
import { frameNumberFilter } from '../../bench/lib/frame-number.js';
import { encodeUnits } from '../support/access-units.js';

/** What a camera sends in a loop: the same numbered pictures as video and as JPEG. */
export interface VideoClip {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** In the order of decoding. */
  readonly units: readonly { readonly data: Uint8Array; readonly isKey: boolean }[];
  /** By picture number. */
  readonly jpegs: readonly Uint8Array[];
}

/** RFC 6381's strings of level 3.1. */
const CODECS = { main: 'avc1.4d401f', high: 'avc1.64001f' } as const;

export interface ClipOptions {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly gop: number;
  readonly pictures: number;
  /** B-frames in a row. */
  readonly bFrames?: number;
  /** Default `main`. */
  readonly profile?: keyof typeof CODECS;
}

export function videoClip(t: Pick<TestContext, 'after'>, options: ClipOptions): VideoClip {
  const { width, height, fps, gop, pictures, bFrames = 0, profile = 'main' } = options;
  const source = `testsrc2=size=${width}x${height}:rate=${fps}:duration=${pictures / fps}`;
  const filter = ['-vf', frameNumberFilter(width, height)];
  const x264 = [
    ...['-profile:v', profile, '-preset', 'veryfast', '-g', String(gop), '-keyint_min', String(gop)],
    ...['-sc_threshold', '0', '-bf', String(bFrames), '-x264-params', 'sliced-threads=0:open-gop=0'],
  ];
  const units = encodeUnits(t, { codec: 'h264', source, args: [...filter, ...x264] });
  const jpegs = encodeUnits(t, { codec: 'jpeg', source, args: filter });
  return {
    codec: CODECS[profile],
    width,
    height,
    fps,
    units: units.map(({ data, randomAccess }) => ({ data, isKey: randomAccess === 'key' })),
    jpegs: jpegs.map(({ data }) => data),
  };
}
