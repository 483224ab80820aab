import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import type * as JpegTurbo from 'jpeg-turbo';
import { dirname, join } from 'node:path';
import type { PixelFormat } from '../src/shared/worker-protocol.js';
import { requireNative } from '../src/shared/native-package.js';
import { canConvert } from './frame-memory.js';

/** Turns raw frames of one size into JPEGs (4:2:0, full range, no EXIF). One thread's use only. */
export interface JpegEncoder {
  /**
   * @param frame a whole frame in the encoder's pixel format
   * @param quality 1-100
   * @returns a buffer of exactly the JPEG's size, the caller's to transfer
   * @throws Error when libjpeg-turbo refuses the frame
   */
  encode(frame: Uint8Array, quality: number): ArrayBuffer;
  close(): void;
}

/** Parameters of tj3Set and subsampling codes: turbojpeg.h of libjpeg-turbo 3. */
const TJ = { INIT_COMPRESS: 0, NOREALLOC: 2, QUALITY: 3, SUBSAMP: 4, SAMP_420: 2 } as const;

const require = createRequire(import.meta.url);

/** The tj3 functions this uses, bound to the library that the jpeg-turbo package ships. */
interface TurboJpeg {
  init(kind: number): unknown;
  set(handle: unknown, parameter: number, value: number): number;
  bufferSize(width: number, height: number, subsampling: number): number | bigint;
  compressFromYuv(
    handle: unknown,
    source: Uint8Array,
    width: number,
    align: number,
    height: number,
    jpeg: BigUint64Array,
    size: BigUint64Array,
  ): number;
  errorText(handle: unknown): string;
  destroy(handle: unknown): void;
  address(buffer: Uint8Array): bigint;
}

let turbo: TurboJpeg | null | undefined;
/** Why it is null. */
let turboProblem: string | undefined;

function loadTurbo(): TurboJpeg | null {
  // The musl build is a folder of its own; on glibc the first one loads.
  return loadBuild('') ?? loadBuild('-musl');
}

function loadBuild(suffix: string): TurboJpeg | null {
  const build = `jpeg-turbo-${process.platform}-${process.arch}${suffix}`;
  try {
    const koffi = require('koffi') as typeof Koffi;
    const lib = koffi.load(
      join(dirname(require.resolve('jpeg-turbo')), 'prebuilds', build, 'libturbojpeg.so.0'),
    );
    return {
      init: lib.func('void *tj3Init(int kind)') as TurboJpeg['init'],
      set: lib.func('int tj3Set(void *handle, int parameter, int value)') as TurboJpeg['set'],
      bufferSize: lib.func(
        'size_t tj3JPEGBufSize(int width, int height, int subsampling)',
      ) as TurboJpeg['bufferSize'],
      compressFromYuv: lib.func(
        'int tj3CompressFromYUV8(void *handle, const void *source, int width, int align, int height, void *jpeg, void *size)',
      ) as TurboJpeg['compressFromYuv'],
      errorText: lib.func('const char *tj3GetErrorStr(void *handle)') as TurboJpeg['errorText'],
      destroy: lib.func('void tj3Destroy(void *handle)') as TurboJpeg['destroy'],
      address: (buffer) => koffi.address(buffer),
    };
  } catch (error) {
    turboProblem ??= `${build}: ${(error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''}`;
    return null;
  }
}

/** Compresses planar YUV as it is: half the bytes of RGB through the pipe, and no colour conversion. */
function yuvEncoder(tj: TurboJpeg, width: number, height: number): JpegEncoder {
  const handle = tj.init(TJ.INIT_COMPRESS);
  if (handle === null) throw new Error('tj3Init failed');
  const capacity = Number(tj.bufferSize(width, height, TJ.SAMP_420));
  // Buffers over explicit ArrayBuffers live outside the JavaScript heap, so their addresses stay; `out` is reused for each frame.
  const out = new Uint8Array(new ArrayBuffer(capacity));
  const outPointer = new BigUint64Array(new ArrayBuffer(8));
  const size = new BigUint64Array(new ArrayBuffer(8));
  outPointer[0] = tj.address(out);
  tj.set(handle, TJ.NOREALLOC, 1);
  tj.set(handle, TJ.SUBSAMP, TJ.SAMP_420);
  let current = -1;
  let closed = false;
  return {
    encode(frame, quality) {
      // libjpeg-turbo would read past the frame, or use a handle that is freed: neither is an error to it but a crash.
      if (closed) throw new Error('the encoder is closed');
      if (frame.length !== (width * height * 3) / 2) throw new RangeError(`frame of ${frame.length} bytes`);
      if (quality !== current) {
        tj.set(handle, TJ.QUALITY, quality);
        current = quality;
      }
      size[0] = BigInt(capacity);
      if (tj.compressFromYuv(handle, frame, width, 1, height, outPointer, size) !== 0)
        throw new Error(tj.errorText(handle));
      return out.buffer.slice(0, Number(size[0]));
    },
    close() {
      if (!closed) tj.destroy(handle);
      closed = true;
    },
  };
}

/** Where libturbojpeg cannot be called directly: the package's own binding, which takes RGB only. */
function rgbEncoder(width: number, height: number): JpegEncoder {
  const jpeg = requireBinding();
  const out = Buffer.alloc(jpeg.bufferSize({ width, height, subsampling: jpeg.SAMP_420 }));
  return {
    encode(frame, quality) {
      if (frame.length !== width * height * 3) throw new RangeError(`frame of ${frame.length} bytes`);
      const result = jpeg.compressSync(Buffer.from(frame.buffer, frame.byteOffset, frame.length), out, {
        format: jpeg.FORMAT_RGB,
        width,
        height,
        subsampling: jpeg.SAMP_420,
        quality,
      });
      return new Uint8Array(result).buffer;
    },
    close: () => undefined,
  };
}

/** The pixel format of the best encoder that this machine can run; throws if neither loads. */
export function preferredPixels(): PixelFormat {
  turbo ??= loadTurbo();
  if (turbo && canConvert()) return 'yuv420p';
  requireBinding();
  return 'rgb24';
}

/** What keeps this machine from the better encoder, after `preferredPixels` gave `rgb24`. */
export const encoderProblem = (): string => turboProblem ?? 'no WebAssembly';

const requireBinding = (): typeof JpegTurbo =>
  requireNative(
    'jpeg-turbo',
    `prebuilds/jpeg-turbo-${process.platform}-${process.arch}`,
    'it has binaries for Linux (x64, arm64, arm), macOS and Windows',
  ) as typeof JpegTurbo;

export function createEncoder(pixels: PixelFormat, width: number, height: number): JpegEncoder {
  if (pixels === 'rgb24') return rgbEncoder(width, height);
  turbo ??= loadTurbo();
  if (!turbo) throw new Error('libturbojpeg cannot be loaded');
  return yuvEncoder(turbo, width, height);
}
