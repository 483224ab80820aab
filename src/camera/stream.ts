import type { CameraSpec } from '../config/camera-spec.js';
import {
  type Rendition,
  renditionKey,
  requestedRendition,
  snapQuality,
  SOURCE_SIZE,
} from '../shared/rendition.js';
import type { Transport } from '../shared/worker-protocol.js';
import { type RtspUrl, sameSource } from '../source/rtsp-url.js';

/** What a viewer asks the registry for. */
export interface StreamRequest {
  readonly camera: string;
  /** Left out for a configured camera. */
  readonly url: RtspUrl | null;
  /** The configured camera's main stream instead of its small one. */
  readonly main: boolean;
  /** Sides and quality that the viewer names; the camera's defaults fill the rest. */
  readonly width: number | null;
  readonly height: number | null;
  readonly quality: number | null;
  readonly fps: number | null;
  /** Whether the camera's own size is asked for; sides are left out then. */
  readonly isSourceSize?: boolean;
}

/** What is known of a camera besides its addresses. */
export type StreamSpec = Omit<CameraSpec, 'url' | 'mainUrl'>;

/** One stream: its key, what is known of its camera, and which of the camera's URLs it is. */
export interface Stream {
  readonly key: string;
  readonly spec: StreamSpec;
  /** `null`: only other nodes know it. */
  readonly url: RtspUrl | null;
}

/** Key of a configured camera's main stream: `~` is in no camera's name, so it cannot collide. */
export const mainKey = (name: string): string => `${name}~main`;
export const isMainKey = (key: string): boolean => key.includes('~');
/** The camera's name in the key of either of its streams. */
export const nameOf = (key: string): string => key.replace(/~.*/, '');

/** A camera that is not configured, as its viewer's URL and the service's defaults make it. */
export const adhocSpec = (
  name: string,
  url: RtspUrl,
  defaults: {
    readonly transport: Transport;
    readonly defaultRendition: Rendition;
    readonly maxFps: number | null;
  },
): CameraSpec => ({
  name,
  title: name,
  url,
  mainUrl: null,
  transport: defaults.transport,
  rendition: defaults.defaultRendition,
  maxFps: defaults.maxFps,
  alwaysOn: false,
});

/** Snaps a wanted size to one that is offered. */
export type OfferedSize = (want: { width: number; height: number }) => { width: number; height: number };

/** The rendition that a request gets: what it leaves out is the camera's default. */
export function renditionOf(request: StreamRequest, spec: StreamSpec, offeredSize: OfferedSize): Rendition {
  const { width, height } = request;
  const { quality: fallback } = spec.rendition;
  const quality = snapQuality(request.quality ?? fallback, fallback);
  if (request.isSourceSize) return { ...SOURCE_SIZE, quality };
  if (width === null && height === null) return { ...spec.rendition, quality };
  const want = { width: width ?? undefined, height: height ?? undefined, quality };
  return { ...offeredSize(requestedRendition(want, spec.rendition)), quality };
}

/** Whether two specs need the same streams: all but the title, which is only shown. */
export const sameStream = (a: CameraSpec, b: CameraSpec): boolean =>
  Object.values(SAME).every((isSame) => isSame(a, b));

/** By field, so that the compiler misses one that is new: all but the name, and the title, which changes no picture. */
const SAME: Readonly<
  Record<keyof Omit<CameraSpec, 'name' | 'title'>, (a: CameraSpec, b: CameraSpec) => boolean>
> = {
  url: (a, b) => sameSource(a.url, b.url),
  mainUrl: (a, b) =>
    a.mainUrl === b.mainUrl || (a.mainUrl !== null && b.mainUrl !== null && sameSource(a.mainUrl, b.mainUrl)),
  transport: (a, b) => a.transport === b.transport,
  rendition: (a, b) => renditionKey(a.rendition) === renditionKey(b.rendition),
  maxFps: (a, b) => a.maxFps === b.maxFps,
  alwaysOn: (a, b) => a.alwaysOn === b.alwaysOn,
  aspect: (a, b) => a.aspect === b.aspect,
  site: (a, b) => a.site === b.site,
};
