import { parse } from 'sdp-transform';
import { RtspSyntaxError } from './message-syntax.js';

/**
 * The description that a camera answers DESCRIBE with (SDP, RFC 4566), read leniently in what cameras get wrong and strictly in
 * its bounds. Pure. The library gets the lines that matter here and no others; what it returns is checked like any input.
 */

/** One of the forms that a media section may come in: what `a=rtpmap` and `a=fmtp` say of one payload type. */
export interface MediaFormat {
  /** 0-127. */
  readonly payloadType: number;
  /** In capitals: `H264`; empty when the description does not say. */
  readonly encoding: string;
  /** RTP ticks a second. */
  readonly clockRate: number;
  /** Parameters of `a=fmtp`, names in lower case; a parameter without value has an empty one. */
  readonly parameters: ReadonlyMap<string, string>;
}

export interface MediaSection {
  /** `video`, `audio`, `application`...; empty when the line is broken. */
  readonly kind: string;
  /** `RTP/AVP`, `RTP/SAVP`... */
  readonly protocol: string;
  /** In the order of the `m=` line. */
  readonly formats: readonly MediaFormat[];
  /** `a=control` as it stands there. */
  readonly control: string | null;
  /** Address of the section's own `c=` line, or of the session's; as text. */
  readonly connection: string | null;
  /** Pixels, of `a=framesize` (RFC 6064) or `a=x-dimensions`: JPEG's own header ends at 2040. */
  readonly frameSize: { readonly width: number; readonly height: number } | null;
}

export interface SessionDescription {
  /** The session's `a=control`. */
  readonly control: string | null;
  readonly media: readonly MediaSection[];
}

/** Recorders describe one channel at a time; 64 sections are far beyond any camera. */
export const MAX_MEDIA = 64;
const MAX_LINES = 2000;
/** H.265 parameter sets take some 500 characters; MPEG-4 and JPEG less. */
const MAX_LINE_LENGTH = 8192;
const MAX_FORMATS = 16;

/** The lines that are used; all others are not looked at. */
const USED = /^(?:[mc]=|a=(?:rtpmap|fmtp|control|framesize|x-dimensions):)/;
/** Ports in `m=` lines mean nothing in RTSP, and some cameras write negative ones. */
const MEDIA_PORT = /^(m=\S+)\s+-?\d+(?:\/\d+)?\s+/;

/** RFC 3551, 6: the static payload types that cameras use. */
const STATIC: ReadonlyMap<number, string> = new Map([
  [0, 'PCMU'],
  [8, 'PCMA'],
  [14, 'MPA'],
  [26, 'JPEG'],
  [31, 'H261'],
  [32, 'MPV'],
  [33, 'MP2T'],
  [34, 'H263'],
]);
/** RFC 3551, 5: of all video. */
const VIDEO_CLOCK_RATE = 90_000;

/**
 * @param body of the answer to DESCRIBE
 * @throws RtspSyntaxError beyond its bounds, or when it describes no media at all
 */
export function parseSessionDescription(body: string): SessionDescription {
  const lines = boundedLines(body);
  const parsed: unknown = parse(lines.map(leniently).join('\r\n'));
  const session = record(parsed);
  const media = list(session?.media).map((each) => mediaSection(record(each) ?? {}, session ?? {}));
  if (media.length === 0) throw new RtspSyntaxError('the description has no media');
  return { control: text(session?.control), media };
}

/** A bare CR ends no line, or a title could hold lines of its own; only where there is no LF at all is CR the line's end. */
function boundedLines(body: string): string[] {
  const all = body.includes('\n') ? body.split(/\r?\n/) : body.split('\r');
  if (all.length > MAX_LINES) throw new RtspSyntaxError(`the description has more than ${MAX_LINES} lines`);
  if (all.some((line) => line.length > MAX_LINE_LENGTH))
    throw new RtspSyntaxError(`the description has a line of more than ${MAX_LINE_LENGTH} characters`);
  const used = all.map((line) => line.replaceAll('\r', ' ').trim()).filter((line) => USED.test(line));
  if (used.filter((line) => line.startsWith('m=')).length > MAX_MEDIA)
    throw new RtspSyntaxError(`the description has more than ${MAX_MEDIA} media`);
  return used;
}

const leniently = (line: string): string => line.replace(MEDIA_PORT, '$1 0 ').replace(/\s+/g, ' ');

function mediaSection(media: Fields, session: Fields): MediaSection {
  const types = (text(media.payloads) ?? '').split(' ').filter((type) => /^\d{1,3}$/.test(type));
  const connection = text(record(media.connection)?.ip) ?? text(record(session.connection)?.ip);
  return {
    kind: (text(media.type) ?? '').toLowerCase(),
    protocol: (text(media.protocol) ?? '').toUpperCase(),
    formats: types
      .slice(0, MAX_FORMATS)
      .map(Number)
      .filter((type) => type <= 127)
      .map((type) => mediaFormat(type, media)),
    control: text(media.control),
    connection,
    frameSize: frameSize(media),
  };
}

const FRAME_SIZES = [
  /^framesize:\d{1,3} (?<width>\d{1,5})-(?<height>\d{1,5})$/,
  /^x-dimensions:(?<width>\d{1,5}),(?<height>\d{1,5})$/,
];

/** The library has no name for either attribute: it lists them as they are. */
function frameSize(media: Fields): MediaSection['frameSize'] {
  for (const line of list(media.invalid)) {
    const value = text(record(line)?.value) ?? '';
    const { width, height } = FRAME_SIZES.map((size) => size.exec(value)?.groups).find(Boolean) ?? {};
    if (Number(width) > 0 && Number(height) > 0) return { width: Number(width), height: Number(height) };
  }
  return null;
}

function mediaFormat(payloadType: number, media: Fields): MediaFormat {
  const of = (lines: unknown): Fields | undefined =>
    list(lines)
      .map(record)
      .find((line) => line?.payload === payloadType) ?? undefined;
  const map = of(media.rtp);
  const rate = Number(map?.rate);
  return {
    payloadType,
    encoding: (text(map?.codec) ?? STATIC.get(payloadType) ?? '').toUpperCase().slice(0, 32),
    clockRate: Number.isInteger(rate) && rate > 0 && rate <= 1_000_000 ? rate : VIDEO_CLOCK_RATE,
    parameters: formatParameters(text(of(media.fmtp)?.config) ?? ''),
  };
}

function formatParameters(config: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of config.split(';')) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name !== '') parameters.set(name, equals < 0 ? '' : part.slice(equals + 1).trim());
  }
  return parameters;
}

type Fields = Readonly<Record<string, unknown>>;

const record = (value: unknown): Fields | null =>
  typeof value === 'object' && value !== null ? (value as Fields) : null;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
/** The library makes numbers of texts that look like one. */
const text = (value: unknown): string | null =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null;
