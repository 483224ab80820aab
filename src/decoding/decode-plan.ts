import { isDeepStrictEqual } from 'node:util';
import type { DecodeOutput, DecodePlan, Demand } from '../shared/worker-protocol.js';
import { type Rendition, renditionKey, sizeKey } from '../shared/rendition.js';

/** What one viewer wants of a camera. */
export interface Want {
  readonly rendition: Rendition;
  /** Most frames a second; `null` is the source's rate. */
  readonly fps: number | null;
}

/** 0: everything; 1 and 2: fewer frames (`DEGRADED_FPS`); 3: key frames only. */
export type Degradation = 0 | 1 | 2 | 3;
export const KEY_FRAMES_ONLY = 3 satisfies Degradation;
/** The last level at which everything is decoded. */
export const LEAST_RATE = 2 satisfies Degradation;

/** What a camera's key frames are good for: `rare` ones do not stand for the picture, `missing` ones never come. */
export type KeyFrames = 'frequent' | 'rare' | 'missing';

export interface PlanOptions {
  /** Decoded without viewers, so that the stream is open for the next one. */
  readonly standby: Size;
  /** Most frames a second that any viewer gets; `null` is no limit. */
  readonly maxFps: number | null;
  readonly degradation: Degradation;
  readonly keyFrames: KeyFrames;
}

/** Cameras that are too much for the machine are first encoded at these rates. */
export const DEGRADED_FPS: Readonly<Record<Degradation, number | null>> = { 0: null, 1: 15, 2: 10, 3: 10 };

/**
 * At or below this many frames a second, decoding key frames alone serves as well, at a seventh of the price
 * (bench/decode-flags/main.ts).
 */
const KEY_FRAME_FPS = 1;

/** What a camera's worker decodes and encodes for the wants of all of its viewers. Pure. */
export function decodePlan(wants: Iterable<Want>, options: PlanOptions): DecodePlan {
  const outputs = new Map<string, { width: number; height: number; demands: Map<string, Demand> }>();
  let fastest: number | null = 0;
  for (const want of wants) {
    const { width, height, quality } = want.rendition;
    const size = sizeKey(want.rendition);
    const output = outputs.get(size) ?? { width, height, demands: new Map<string, Demand>() };
    outputs.set(size, output);
    const key = renditionKey(want.rendition);
    const fps = least(want.fps, options.maxFps, DEGRADED_FPS[options.degradation]);
    const other = output.demands.get(key);
    output.demands.set(key, { key, quality, fps: other ? most(other.fps, fps) : fps });
    fastest = most(fastest, fps);
  }
  return {
    outputs:
      outputs.size === 0
        ? [{ ...options.standby, demands: [] }]
        : [...outputs.values()]
            .sort(bySize)
            .map((output): DecodeOutput => ({ ...output, demands: [...output.demands.values()] })),
    keyFramesOnly: keyFramesOnly(fastest, options),
  };
}

/** @param fastest of the wanted rates; 0 without viewers: then key frames are enough to see that the stream lives */
function keyFramesOnly(fastest: number | null, { degradation, keyFrames }: PlanOptions): boolean {
  if (degradation === KEY_FRAMES_ONLY) return keyFrames !== 'missing';
  return keyFrames === 'frequent' && fastest !== null && fastest <= KEY_FRAME_FPS;
}

/** Whether two plans ask for the same: outputs and demands in the same order. */
export const samePlan = (a: DecodePlan, b: DecodePlan): boolean => isDeepStrictEqual(a, b);

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The order of a plan's outputs: the same wants in another order are the same plan. */
export const bySize = (a: Size, b: Size): number => a.width - b.width || a.height - b.height;

/** `null` is "as fast as the source". */
const most = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : Math.max(a, b);

const least = (...rates: (number | null)[]): number | null => {
  const limits = rates.filter((rate) => rate !== null);
  return limits.length === 0 ? null : Math.min(...limits);
};

/**
 * The ladder's smallest size that holds the wanted one, else its largest: few sizes, so that viewers share decoder outputs.
 * @param ladder not empty
 */
export function snapToLadder(want: Size, ladder: readonly Size[]): { width: number; height: number } {
  const sorted = [...ladder].sort((a, b) => a.width * a.height - b.width * b.height);
  const fit = sorted.find((size) => size.width >= want.width && size.height >= want.height) ?? sorted.at(-1);
  return fit ? { width: fit.width, height: fit.height } : { ...want };
}
