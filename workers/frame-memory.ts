import { readFileSync } from 'node:fs';
import { yuv420Bytes } from '../src/rendition.js';

/**
 * Two frames of planar YUV in one WebAssembly memory: FFmpeg's pipe is read straight into it, the range is stretched in place,
 * and libjpeg-turbo reads it from there. Nothing is copied on the way.
 */
export interface FrameMemory {
  readonly buffers: readonly [Uint8Array, Uint8Array];
  /** Stretches one of the buffers from limited range to JPEG's full range. Once for each frame: twice would clip it. */
  stretch(frame: Uint8Array): void;
}

/** Samples that the SIMD code takes at a time. */
const LANES = 16;
const PAGE_BYTES = 65_536;

interface Stretchers {
  stretchLuma(at: number, end: number): void;
  stretchChroma(at: number, end: number): void;
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
function stretchModule(): object | null {
  try {
    return new wasm.Module(readFileSync(new URL('range/range.wasm', import.meta.url)));
  } catch {
    return null;
  }
}

export function canStretch(): boolean {
  compiled ??= stretchModule();
  return compiled !== null;
}

/** @throws Error where `canStretch` says no */
export function createFrameMemory(width: number, height: number): FrameMemory {
  compiled ??= stretchModule();
  if (!compiled) throw new Error('WebAssembly SIMD is not to be had');
  const bytes = yuv420Bytes(width, height);
  const pages = Math.ceil((2 * bytes) / PAGE_BYTES);
  const memory = new wasm.Memory({ initial: pages, maximum: pages });
  const instance = new wasm.Instance(compiled, { env: { memory } });
  const stretchers = instance.exports as Stretchers;
  const lumaBytes = width * height;
  return {
    buffers: [new Uint8Array(memory.buffer, 0, bytes), new Uint8Array(memory.buffer, bytes, bytes)],
    stretch(frame) {
      const at = frame.byteOffset;
      const luma = lumaBytes - (lumaBytes % LANES);
      const chroma = bytes - ((bytes - lumaBytes) % LANES);
      stretchers.stretchLuma(at, at + luma);
      stretchers.stretchChroma(at + lumaBytes, at + chroma);
      // What is left of each run is less than one step.
      for (let i = luma; i < lumaBytes; i++) frame[i] = clamp((((frame[i] ?? 0) - 16) * 255) / 219);
      for (let i = chroma; i < bytes; i++) frame[i] = clamp((((frame[i] ?? 0) - 128) * 255) / 224 + 128);
    },
  };
}

const clamp = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));
