import type { StreamRequest } from '../camera/registry.js';
import { type CameraName, parseCameraName } from '../shared/camera-name.js';
import { badParameter } from '../shared/errors.js';
import { type Bounds, FPS, HEIGHT, QUALITY, WIDTH } from '../shared/rendition.js';
import { parseRtspUrl, type RtspUrl } from '../source/rtsp-url.js';

/** The query of `/ws`, parsed. What is undefined was not asked for. */
export interface ViewerRequest {
  readonly camera: CameraName;
  /** Undefined: the camera is a configured one. */
  readonly rtsp: RtspUrl | undefined;
  /** Pixels, even, 16-7680. Without `height`, that follows from the default's aspect (requestedRendition). */
  readonly width: number | undefined;
  /** Pixels, even, 16-4320. */
  readonly height: number | undefined;
  /** Whether pictures are wanted in the camera's own size. */
  readonly isSourceSize: boolean;
  /** 1-100. */
  readonly quality: number | undefined;
  /** Most frames a second, 0.1-120, three decimals at most. */
  readonly fps: number | undefined;
  readonly token: string | undefined;
  /** Whether state events are wanted as text messages. */
  readonly events: boolean;
}

const INTEGER = /^(?:0|[1-9]\d{0,4})$/;
const DECIMAL = /^(?:0|[1-9]\d{0,2})(?:\.\d{1,3})?$/;

/** Reads the parameters of `/ws`; unknown ones are ignored. Throws RefusedError `bad_parameter`, naming the parameter. */
export function parseViewerQuery(parameters: ReadonlyMap<string, string>): ViewerRequest {
  const given = <T>(name: string, parse: (text: string) => T): T | undefined => {
    const text = parameters.get(name);
    if (text === '') throw badParameter(`${name} is empty`);
    return text === undefined ? undefined : parse(text);
  };
  const camera = given('camera_index', parseCameraName);
  if (camera === undefined) throw badParameter('camera_index is missing: name the camera');
  return {
    camera,
    rtsp: given('rtsp', parseRtspUrl),
    width: given('width', (text) => parseSide('width', text, WIDTH)),
    height: given('height', (text) => parseSide('height', text, HEIGHT)),
    isSourceSize: given('size', (text) => parseSize(text, parameters)) ?? false,
    quality: given('quality', (text) => parseNumber('quality', text, INTEGER, QUALITY, 'a whole number')),
    fps: given('fps', (text) => parseNumber('fps', text, DECIMAL, FPS, 'a number')),
    token: given('token', (text) => text),
    events: given('events', parseSwitch) ?? false,
  };
}

function parseNumber(name: string, text: string, syntax: RegExp, { min, max }: Bounds, kind: string): number {
  const value = syntax.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw badParameter(`${name} must be ${kind} from ${min} to ${max}`);
}

function parseSide(name: string, text: string, bounds: Bounds): number {
  const kind = 'an even whole number';
  const value = parseNumber(name, text, INTEGER, bounds, kind);
  if (value % 2 === 0) return value;
  throw badParameter(`${name} must be ${kind} from ${bounds.min} to ${bounds.max}`);
}

function parseSize(text: string, parameters: ReadonlyMap<string, string>): true {
  if (text !== 'source')
    throw badParameter("size must be source, the camera's own; other sizes are width and height");
  if (parameters.has('width') || parameters.has('height'))
    throw badParameter('size=source leaves no choice of width and height: leave them out');
  return true;
}

function parseSwitch(text: string): boolean {
  if (text !== '0' && text !== '1') throw badParameter('events must be 1 or 0');
  return text === '1';
}

/** The query of `/ws`, `/snapshot` or `/stream.mjpeg` as the registry wants it; only `/wall` asks for main streams. */
export const streamRequest = (request: ViewerRequest): StreamRequest => ({
  camera: request.camera,
  url: request.rtsp ?? null,
  main: false,
  width: request.width ?? null,
  height: request.height ?? null,
  quality: request.quality ?? null,
  fps: request.fps ?? null,
  isSourceSize: request.isSourceSize,
});
