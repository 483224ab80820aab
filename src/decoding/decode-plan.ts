import { isDeepStrictEqual } from 'node:util';
import { type DecodedPictures, type DecodePlan, type Demand, SAMPLE_MS } from '../shared/worker-protocol.js';
import {
  isSourceSize,
  type Rendition,
  type RenditionKey,
  renditionKey,
  type SizeKey,
  sizeKey,
} from '../shared/rendition.js';

/** What one viewer wants of a camera: JPEGs, or its video as it sends it. */
export type Want = PictureWant | 'video';

export interface PictureWant {
  readonly rendition: Rendition;
  /** Most frames a second; `null` is the source's rate. */
  readonly fps: number | null;
}

/** What people are told of a camera's share: 0 is everything, 1 and 2 are fewer pictures, 3 is key frames only. */
export type Degradation = 0 | 1 | 2 | 3;
export const KEY_FRAMES_ONLY = 3 satisfies Degradation;

/** A share of the pictures below which key frames alone are decoded. */
export const LEAST_SHARE = 0.1;
/** Down to this share a camera loses a few pictures. */
const SLIGHT_SHARE = 0.75;

/** @param share of its pictures that a camera decodes, above 0, to 1 */
export function degradationOf(share: number): Degradation {
  if (share >= 1) return 0;
  if (share >= SLIGHT_SHARE) return 1;
  return share > LEAST_SHARE ? 2 : KEY_FRAMES_ONLY;
}

/** What a camera's key frames are good for: `rare` ones do not stand for the picture, `missing` ones never come. */
export type KeyFrames = 'frequent' | 'rare' | 'missing';

export interface PlanOptions {
  /** The camera's default rendition. Decoded without viewers too, so that the stream is open for the next one. */
  readonly standby: Rendition;
  /** Most frames a second that any viewer gets; `null` is no limit. */
  readonly maxFps: number | null;
  /** Share of its pictures that the camera may decode on this machine: above 0, to 1. */
  readonly share: number;
  readonly keyFrames: KeyFrames;
}

/** Where key frames are rare a camera cannot decode a part of each group: it is encoded at these rates instead. */
export const DEGRADED_FPS: Readonly<Record<Degradation, number | null>> = { 0: null, 1: 15, 2: 10, 3: 10 };

/** What is reckoned for a source whose size is not known. */
const USUAL_PIXELS = 1920 * 1080;

const pixelsOf = (rendition: Rendition): number =>
  isSourceSize(rendition) ? USUAL_PIXELS : rendition.width * rendition.height;

/** What is reckoned for a source whose rate is not known. */
const USUAL_FPS = 25;

/**
 * Pixels a second that one camera's renditions besides its default one may take: half a core of encoding (libjpeg-turbo took 0.47 ms
 * for 640x360), five of 1920x1080. What viewers ask for beyond that costs them frames, and nobody else.
 */
export const EXTRA_PIXELS_PER_SECOND = 250e6;
/** On a machine with too much to do they get this part of it. */
const DEGRADED_EXTRAS = 4;

/**
 * At or below this many frames a second, decoding key frames alone serves as well, at a seventh of the price
 * (bench/decode-flags/main.ts).
 */
const KEY_FRAME_FPS = 1;

/** A little more than the worker decodes of such a camera: so each of its pictures is encoded, also while it decodes more. */
const SAMPLE_FPS = 1250 / SAMPLE_MS;

/** What a camera's worker decodes and encodes for the wants of all of its viewers. Pure. */
export function decodePlan(wants: readonly Want[], options: PlanOptions): DecodePlan {
  const pictures = wants.filter((want) => want !== 'video');
  const video = pictures.length < wants.length;
  // A camera whose key frames do not come is decoded whole: else it would have no picture at all.
  if (video && pictures.length === 0 && options.keyFrames !== 'missing') return samplePlan(options);
  const limited = limitExtras(merge(pictures, options), options);
  const outputs = new Map<SizeKey, { width: number; height: number; demands: Demand[] }>();
  for (const { rendition, fps } of limited) {
    const { width, height, quality } = rendition;
    const size = sizeKey(rendition);
    const output = outputs.get(size) ?? { width, height, demands: [] };
    outputs.set(size, output);
    output.demands.push({ key: renditionKey(rendition), quality, fps });
  }
  const { standby, share, keyFrames } = options;
  const { width, height } = standby;
  return {
    outputs: outputs.size === 0 ? [{ width, height, demands: [] }] : [...outputs.values()],
    pictures: decodedPictures(highest(limited.map(({ fps }) => fps)), options),
    video,
    ...(share < 1 && keyFrames === 'frequent' ? { groupShare: share } : {}),
  };
}

/** Nobody looks at pictures: some are made in the default rendition, to see that the camera lives and its picture changes. */
const samplePlan = ({ standby: { width, height, quality } }: PlanOptions): DecodePlan => ({
  outputs: [
    { width, height, demands: [{ key: renditionKey({ width, height, quality }), quality, fps: SAMPLE_FPS }] },
  ],
  pictures: 'sampled',
  video: true,
});

/** One want for each rendition, at the highest rate of its viewers: the default one first, the others by their size and quality. */
function merge(wants: readonly PictureWant[], options: PlanOptions): PictureWant[] {
  const { standby, maxFps, share, keyFrames } = options;
  const mostFps = keyFrames === 'frequent' ? null : DEGRADED_FPS[degradationOf(share)];
  const merged = new Map<RenditionKey, PictureWant>();
  for (const { rendition, fps: wanted } of wants) {
    const key = renditionKey(rendition);
    const fps = least(wanted, maxFps, mostFps);
    const other = merged.get(key);
    merged.set(key, { rendition, fps: other ? highest([other.fps, fps]) : fps });
  }
  const order = byRendition(standby);
  return [...merged.values()].sort((a, b) => order(a.rendition, b.rendition));
}

/** Takes frames from the renditions besides the default one when they are more than a worker may spend on them. */
function limitExtras(wants: readonly PictureWant[], { standby, share }: PlanOptions): readonly PictureWant[] {
  const isExtra = ({ rendition }: PictureWant): boolean => renditionKey(rendition) !== renditionKey(standby);
  const pixels = wants
    .filter(isExtra)
    .reduce((sum, { rendition, fps }) => sum + pixelsOf(rendition) * (fps ?? USUAL_FPS), 0);
  const most = share < 1 ? EXTRA_PIXELS_PER_SECOND / DEGRADED_EXTRAS : EXTRA_PIXELS_PER_SECOND;
  if (pixels <= most) return wants;
  return wants.map((want) =>
    isExtra(want) ? { ...want, fps: ((want.fps ?? USUAL_FPS) * most) / pixels } : want,
  );
}

/** @param fastest of the wanted rates; 0 without viewers: then key frames are enough to see that the stream lives */
function decodedPictures(fastest: number | null, { share, keyFrames }: PlanOptions): DecodedPictures {
  const isEnough =
    degradationOf(share) === KEY_FRAMES_ONLY
      ? keyFrames !== 'missing'
      : keyFrames === 'frequent' && fastest !== null && fastest <= KEY_FRAME_FPS;
  return isEnough ? 'key_frames' : 'all';
}

/** Whether two plans ask for the same: outputs and demands in the same order. */
export const samePlan = (a: DecodePlan, b: DecodePlan): boolean => isDeepStrictEqual(a, b);

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The order of a plan's outputs: the size of the default rendition first. The same wants in another order are the same plan. */
export const bySize =
  (first: Size) =>
  (a: Size, b: Size): number =>
    Number(isSame(b, first)) - Number(isSame(a, first)) || a.width - b.width || a.height - b.height;

/** The order of renditions: by their sizes, and the default quality first. */
const byRendition =
  (first: Rendition) =>
  (a: Rendition, b: Rendition): number =>
    bySize(first)(a, b) ||
    Number(b.quality === first.quality) - Number(a.quality === first.quality) ||
    a.quality - b.quality;

const isSame = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;

/** `null` is "as fast as the source". */
const highest = (rates: readonly (number | null)[]): number | null =>
  rates.includes(null) ? null : Math.max(0, ...rates.map((fps) => fps ?? 0));

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
