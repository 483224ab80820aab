import { RefusedError } from '../shared/errors.js';
import type { Rendition } from '../shared/rendition.js';
import { parseRtspUrl, type RtspUrl } from '../source/rtsp-url.js';

/** From the raw query of a request to what a viewer wants; nothing here knows sockets. */

declare const checked: unique symbol;
/** A name that parseCameraName has passed: safe in topics, logs, metrics and file names. */
export type CameraName = string & { readonly [checked]: true };

/** The query of `/ws`, parsed. What is undefined was not asked for. */
export interface ViewerRequest {
  readonly camera: CameraName;
  /** Undefined: the camera is a configured one. */
  readonly rtsp: RtspUrl | undefined;
  /** Pixels, even, 16-7680. Without `height`, that follows from the default's aspect (requestedRendition). */
  readonly width: number | undefined;
  /** Pixels, even, 16-4320. */
  readonly height: number | undefined;
  /** 1-100. */
  readonly quality: number | undefined;
  /** Most frames a second, 0.1-120, three decimals at most. */
  readonly fps: number | undefined;
  readonly token: string | undefined;
  /** Whether state events are wanted as text messages. */
  readonly events: boolean;
}

/** Longest query, in characters: a URL of 2,048, every character of it percent-encoded, and room for the rest. */
export const MAX_QUERY_LENGTH = 8192;
export const WIDTH = { min: 16, max: 7680 } as const;
export const HEIGHT = { min: 16, max: 4320 } as const;
const QUALITY = { min: 1, max: 100 } as const;
const FPS = { min: 0.1, max: 120 } as const;

const CAMERA_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const INTEGER = /^(?:0|[1-9]\d{0,4})$/;
const DECIMAL = /^(?:0|[1-9]\d{0,2})(?:\.\d{1,3})?$/;
const CONTROL = /\p{Cc}/u;

const bad = (message: string): RefusedError => new RefusedError('bad_parameter', message);

const isCameraName = (text: string): text is CameraName => CAMERA_NAME.test(text);

/** Throws RefusedError `bad_parameter`, naming `parameter`. */
export function parseCameraName(text: string, parameter = 'camera_index'): CameraName {
  if (isCameraName(text)) return text;
  throw bad(`${parameter} must be 1-64 of A-Z a-z 0-9 . _ - and begin with a letter or digit`);
}

/**
 * Splits and decodes a raw query. Unlike URLSearchParams: `+` stays `+` (RTSP URLs may hold it, no parameter may hold a
 * space), broken encoding is an error instead of U+FFFD, and so are control characters and a parameter given twice.
 * A Map, so that a parameter called `__proto__` is like any other. Throws RefusedError `bad_parameter`.
 */
export function parseQuery(raw: string): Map<string, string> {
  if (raw.length > MAX_QUERY_LENGTH) throw bad(`query is longer than ${MAX_QUERY_LENGTH} characters`);
  const parameters = new Map<string, string>();
  for (const piece of raw.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = decode(equals < 0 ? piece : piece.slice(0, equals), 'query');
    const value = equals < 0 ? '' : decode(piece.slice(equals + 1), shown(name));
    if (parameters.has(name)) throw bad(`${shown(name)} is given twice`);
    parameters.set(name, value);
  }
  return parameters;
}

function decode(text: string, where: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw bad(`${where} has broken percent-encoding: use encodeURIComponent`);
  }
  if (CONTROL.test(decoded)) throw bad(`${where} holds a control character`);
  return decoded;
}

/** A parameter's name as a message may repeat it. */
const shown = (name: string): string => (/^[\w.-]{1,32}$/.test(name) ? name : 'a parameter');

/** Parses the raw query of `/ws`; unknown parameters are ignored. Throws RefusedError `bad_parameter`, naming the parameter. */
export function parseViewerQuery(query: string): ViewerRequest {
  const parameters = parseQuery(query);
  const given = <T>(name: string, parse: (text: string) => T): T | undefined => {
    const text = parameters.get(name);
    if (text === '') throw bad(`${name} is empty`);
    return text === undefined ? undefined : parse(text);
  };
  const camera = given('camera_index', parseCameraName);
  if (camera === undefined) throw bad('camera_index is missing: name the camera');
  return {
    camera,
    rtsp: given('rtsp', parseRtspUrl),
    width: given('width', (text) => parseSide('width', text, WIDTH)),
    height: given('height', (text) => parseSide('height', text, HEIGHT)),
    quality: given('quality', (text) => parseNumber('quality', text, INTEGER, QUALITY, 'a whole number')),
    fps: given('fps', (text) => parseNumber('fps', text, DECIMAL, FPS, 'a number')),
    token: given('token', (text) => text),
    events: given('events', parseSwitch) ?? false,
  };
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

function parseNumber(name: string, text: string, syntax: RegExp, { min, max }: Bounds, kind: string): number {
  const value = syntax.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw bad(`${name} must be ${kind} from ${min} to ${max}`);
}

function parseSide(name: string, text: string, bounds: Bounds): number {
  const kind = 'an even whole number';
  const value = parseNumber(name, text, INTEGER, bounds, kind);
  if (value % 2 === 0) return value;
  throw bad(`${name} must be ${kind} from ${bounds.min} to ${bounds.max}`);
}

function parseSwitch(text: string): boolean {
  if (text !== '0' && text !== '1') throw bad('events must be 1 or 0');
  return text === '1';
}

/**
 * The rendition that a request asks for: what it leaves out is the default's. One side alone keeps the default's aspect;
 * the other side is then rounded to even pixels and kept within its range.
 */
export function requestedRendition(
  { width, height, quality }: Pick<ViewerRequest, 'width' | 'height' | 'quality'>,
  defaults: Rendition,
): Rendition {
  const aspect = defaults.width / defaults.height;
  return {
    width: width ?? (height === undefined ? defaults.width : evenWithin(height * aspect, WIDTH)),
    height: height ?? (width === undefined ? defaults.height : evenWithin(width / aspect, HEIGHT)),
    quality: quality ?? defaults.quality,
  };
}

const evenWithin = (pixels: number, { min, max }: Bounds): number =>
  Math.min(max, Math.max(min, 2 * Math.round(pixels / 2)));
