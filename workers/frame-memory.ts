import { readFileSync } from 'node:fs';
import { yuv420Bytes } from '../src/shared/rendition.js';
import { type Gains, jpegGains } from './colour-matrix.js';
import type { SourceColours } from './source-colours.js';

/**
 * Two frames of planar YUV in one WebAssembly memory: FFmpeg's pipe is read straight into it, its colours are converted in place,
 * and libjpeg-turbo reads it from there. Nothing is copied on the way.
 */
export interface FrameMemory {
  readonly buffers: readonly [Uint8Array, Uint8Array];
  /** Brings one of the buffers to JPEG's range and matrix. Once for each frame: twice would convert it twice. */
  toJpegColours(frame: Uint8Array, from: SourceColours): void;
}

/** Samples that the SIMD code takes at a time. */
const LANES = 16;
const PAGE_BYTES = 65_536;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** What colours.wat exports, and means by it. */
interface Converters {
  stretchLuma(at: number, end: number): void;
  stretchChroma(at: number, end: number): void;
  convert(
    y: number,
    u: number,
    v: number,
    width: number,
    columns: number,
    rows: number,
    black: number,
    ...factors: number[]
  ): void;
}

/** The part of WebAssembly's JavaScript interface that is used: Node's typings declare it only for code with the DOM. */
interface WasmInterface {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
}
const { WebAssembly: wasm } = globalThis as unknown as { readonly WebAssembly: WasmInterface };

let compiled: object | null | undefined;

/** `null` where the build left no module, or this CPU has no SIMD for it. */
function colourModule(): object | null {
  try {
    return new wasm.Module(readFileSync(new URL('colours/colours.wasm', import.meta.url)));
  } catch {
    return null;
  }
}

export function canConvert(): boolean {
  compiled ??= colourModule();
  return compiled !== null;
}

/** @throws Error where `canConvert` says no */
export function createFrameMemory(width: number, height: number): FrameMemory {
  compiled ??= colourModule();
  if (!compiled) throw new Error('WebAssembly SIMD is not to be had');
  const bytes = yuv420Bytes(width, height);
  const pages = Math.ceil((2 * bytes) / PAGE_BYTES);
  const memory = new wasm.Memory({ initial: pages, maximum: pages });
  const instance = new wasm.Instance(compiled, { env: { memory } });
  const converters = instance.exports as Converters;
  return {
    buffers: [new Uint8Array(memory.buffer, 0, bytes), new Uint8Array(memory.buffer, bytes, bytes)],
    toJpegColours(frame, from) {
      if (from.matrix !== 'bt601') convertMatrix(converters, frame, { width, height }, jpegGains(from));
      else if (!from.isFull) stretch(converters, frame, width * height);
    },
  };
}

/** Limited range to full. */
function stretch(converters: Converters, frame: Uint8Array, lumaBytes: number): void {
  const at = frame.byteOffset;
  const bytes = frame.length;
  const luma = lumaBytes - (lumaBytes % LANES);
  const chroma = bytes - ((bytes - lumaBytes) % LANES);
  converters.stretchLuma(at, at + luma);
  converters.stretchChroma(at + lumaBytes, at + chroma);
  // What is left of each run is less than one step.
  for (let i = luma; i < lumaBytes; i++) frame[i] = clamp((((frame[i] ?? 0) - 16) * 255) / 219);
  for (let i = chroma; i < bytes; i++) frame[i] = clamp((((frame[i] ?? 0) - 128) * 255) / 224 + 128);
}

/** Another matrix, and the range if need be. */
function convertMatrix(
  converters: Converters,
  frame: Uint8Array,
  { width, height }: Size,
  { black, luma, cbToLuma, crToLuma, cbToCb, crToCb, cbToCr, crToCr }: Gains,
): void {
  // colours.wat counts them in 16384ths.
  const factors = [luma, cbToLuma, crToLuma, cbToCb, crToCb, cbToCr, crToCr].map((g) =>
    Math.round(g * 16384),
  );
  const columns = width - (width % LANES);
  const half = width / 2;
  const rows = height / 2;
  const [y, u, v] = [0, width * height, width * height + half * rows];
  const at = frame.byteOffset;
  converters.convert(at + y, at + u, at + v, width, columns, rows, black, ...factors);
  // What is left of each row is less than one step.
  for (let row = 0; row < rows; row++)
    for (let column = columns / 2; column < half; column++) {
      const chroma = row * half + column;
      const cb = (frame[u + chroma] ?? 0) - 128;
      const cr = (frame[v + chroma] ?? 0) - 128;
      const corner = y + 2 * (row * width + column);
      for (const i of [corner, corner + 1, corner + width, corner + width + 1])
        frame[i] = clamp(((frame[i] ?? 0) - black) * luma + cb * cbToLuma + cr * crToLuma);
      frame[u + chroma] = clamp(cb * cbToCb + cr * crToCb + 128);
      frame[v + chroma] = clamp(cb * cbToCr + cr * crToCr + 128);
    }
}

const clamp = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));
