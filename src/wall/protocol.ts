/**
 * What crosses the `/wall` socket: constants, message shapes and the codec of binary frames, for both sides of it.
 * Pure (no Node, no DOM), because the browser bundle and the server share it. PROTOCOL.md is its prose.
 */

import type { ClientVideoReason, TileVideo } from './tile-video.js';

export * from './tile-video.js';

/** Version of a socket that names none. Raised when an old client could no longer understand the server, or the reverse. */
export const WALL_PROTOCOL_VERSION = 1;

/** The version with video as the camera sends it: asked for by `/wall?protocol=2`. */
export const WALL_VIDEO_PROTOCOL_VERSION = 2;

export type WallProtocol = typeof WALL_PROTOCOL_VERSION | typeof WALL_VIDEO_PROTOCOL_VERSION;

/** Largest message that a client may send, in bytes: room for a 2,048 character URL, percent-encoded names and JSON. */
export const MAX_CLIENT_MESSAGE_BYTES = 4096;

/** Most tiles on one socket: twice the 200 of the largest wall, so that every tile can be replaced at once. */
export const MAX_HANDLES = 400;

/** Handles travel as uint16 in the frame header; 0 is never a stream. */
export const MAX_HANDLE = 0xffff;

/** Most [handle, sequence] pairs in one `ack`: 256 of the longest pairs fit in MAX_CLIENT_MESSAGE_BYTES. */
export const MAX_ACKS = 200;

/** Frames of one tile that may be on the way at once: one being drawn, one on the wire. */
export const TILE_CREDITS = 2;

/** Video of one tile that may be on the way at once: so much time by the units' capture times, ms, and so many units. */
export const VIDEO_CREDIT_MS = 500;
export const VIDEO_CREDIT_UNITS = 32;

/** Codecs that one tile may name, and the length of a name. */
export const MAX_CODECS = 8;
export const MAX_CODEC_LENGTH = 32;

/** Message budget of a client: MESSAGE_BURST at once (a whole wall subscribing), then MESSAGES_PER_SECOND. */
export const MESSAGE_BURST = 1000;
export const MESSAGES_PER_SECOND = 150;

/**
 * Budget of handles in `pause` and `resume`, which name up to MAX_HANDLES each: ten times a second a whole wall, for a
 * second twice that.
 */
export const HANDLE_BURST = 8000;
export const HANDLES_PER_SECOND = 4000;

export type TileState = 'connecting' | 'live' | 'stale' | 'frozen' | 'offline';

export const TILE_STATES: readonly TileState[] = ['connecting', 'live', 'stale', 'frozen', 'offline'];

/** The form in which a tile wants its frames. What is left out is the camera's own setting. */
export interface TileRendition {
  /** Pixels, even, 16-7680. Without `height`, that follows from the aspect of the camera's own size. */
  readonly width?: number | undefined;
  /** Pixels, even, 16-4320. */
  readonly height?: number | undefined;
  /** Version 2: the camera's own size. Then width and height are left out. */
  readonly size?: 'source' | undefined;
  /** 1-100. */
  readonly quality?: number | undefined;
  /** Most frames a second, 0.1-120. */
  readonly fps?: number | undefined;
  /** True: from the camera's main stream, if it has one configured. */
  readonly main?: boolean | undefined;
  /**
   * Version 2: what the browser decodes for this tile now, preferred first; names that are no VideoForm are ignored. Left out
   * or empty: JPEG alone. Video comes in the camera's own size and rate.
   */
  readonly codecs?: readonly string[] | undefined;
}

export interface SubscribeMessage extends TileRendition {
  readonly type: 'subscribe';
  readonly handle: number;
  readonly camera: string;
  /** URL of a camera that is not configured. */
  readonly rtsp?: string | undefined;
}

export interface RetryMessage {
  readonly type: 'retry';
  readonly camera: string;
  /** As in the tile's `subscribe`. */
  readonly rtsp?: string | undefined;
  readonly main?: boolean | undefined;
}

export interface RenditionMessage extends TileRendition {
  readonly type: 'rendition';
  readonly handle: number;
  /** Version 2. */
  readonly why?: ClientVideoReason | undefined;
}

export type ClientMessage =
  | SubscribeMessage
  | RenditionMessage
  | { readonly type: 'unsubscribe'; readonly handle: number }
  | { readonly type: 'pause' | 'resume'; readonly handles: readonly number[] }
  /** A person asks that a camera be tried now which waits for its next try, above all one that refused its credentials. */
  | RetryMessage
  /** Each pair says: frames of this handle up to this sequence are drawn, or were replaced by newer ones. */
  | { readonly type: 'ack'; readonly frames: readonly (readonly [handle: number, sequence: number])[] }
  /** `sent` comes back in the `pong`: the client's own time, in whatever unit it likes. */
  | { readonly type: 'ping'; readonly sent: number };

/** First message of the server. `time` is Unix epoch in ms, as are all times of this protocol. */
export interface HelloMessage {
  readonly type: 'hello';
  readonly protocol: number;
  readonly time: number;
  readonly credits: number;
  readonly maxHandles: number;
  /** Version of the page that this server gives out: another one than a page's own means that it is to be loaded again. */
  readonly page?: string | undefined;
}

export interface StateMessage {
  readonly type: 'state';
  readonly handle: number;
  readonly camera: string;
  readonly state: TileState;
  /** Stable code of the cause (errors.ts), or null. */
  readonly reason: string | null;
  /** What happened and what to do, in English; empty when there is nothing to say. */
  readonly text: string;
  readonly since: number;
  /** Only while the camera gives key frames alone: a picture of it may be this old, ms, and still be of the present. */
  readonly maxGap?: number | undefined;
}

/** The request was not granted. For `subscribe` the handle is free again; for `rendition` the tile stays as it was. */
export interface RefusedMessage {
  readonly type: 'refused';
  readonly handle: number;
  readonly what: 'subscribe' | 'rendition';
  /** Close code that `/ws` would have given: 4400, 4401, 4403, 4404, 4409, 4429, 4502, 4503, 4504. */
  readonly code: number;
  readonly reason: string;
  readonly text: string;
}

export interface PongMessage {
  readonly type: 'pong';
  readonly sent: number;
  readonly time: number;
}

/** Answers `retry`. */
export interface RetriedMessage {
  readonly type: 'retried';
  readonly camera: string;
  /** False: it waits for no try, as when it is live; or it was tried a short while ago, or may not be watched. Nothing was done. */
  readonly accepted: boolean;
}

/**
 * Version 2: what the tile's next frames are. Before the first unit, at each change of codec or size, and when JPEG takes over. A
 * tile that never was given video is told when it names codecs and gets JPEG all the same.
 */
export type VideoMessage = { readonly type: 'video'; readonly handle: number } & TileVideo;

export type ServerMessage =
  HelloMessage | StateMessage | RefusedMessage | RetriedMessage | PongMessage | VideoMessage;

/** Bytes before the picture. A multiple of 4, and the float64 lies on a multiple of 8. */
export const FRAME_HEADER_BYTES = 16;

/**
 * What follows the header: a JPEG; a unit that needs no other, with its parameter sets in front; a unit that needs the one with the
 * sequence before it. Units are Annex B. Version 1 knows JPEG alone.
 */
export type FrameKind = 'jpeg' | 'key' | 'delta';

const KINDS: readonly FrameKind[] = ['jpeg', 'key', 'delta'];
const KIND_JPEG = 1;

/** What goes before the picture in a binary message. */
export interface FrameHeader {
  readonly kind: FrameKind;
  /** 1-65535. */
  readonly handle: number;
  /** uint32; counts the frames or units that were offered to this tile, so a gap is one that was skipped for it. */
  readonly sequence: number;
  /** Unix epoch, ms with fraction, by the server's clock. */
  readonly capturedAt: number;
}

/** 0: version, 1: kind (1 = JPEG, 2 = key unit, 3 = delta unit), 2: handle (u16), 4: sequence (u32), 8: capture time (f64); little-endian. */
export function encodeFrameHeader(header: FrameHeader, protocol: WallProtocol): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, protocol);
  view.setUint8(1, KIND_JPEG + KINDS.indexOf(header.kind));
  view.setUint16(2, header.handle, true);
  view.setUint32(4, header.sequence, true);
  view.setFloat64(8, header.capturedAt, true);
  return bytes;
}

/** The header of a binary message, or null when it is none that is known; the picture begins at FRAME_HEADER_BYTES. */
export function decodeFrameHeader(message: ArrayBufferLike, offset = 0): FrameHeader | null {
  if (message.byteLength - offset < FRAME_HEADER_BYTES) return null;
  const view = new DataView(message, offset, FRAME_HEADER_BYTES);
  const kind = KINDS[view.getUint8(1) - KIND_JPEG];
  const version = view.getUint8(0);
  const isKnown =
    version === WALL_VIDEO_PROTOCOL_VERSION || (version === WALL_PROTOCOL_VERSION && kind === 'jpeg');
  if (!kind || !isKnown) return null;
  return {
    kind,
    handle: view.getUint16(2, true),
    sequence: view.getUint32(4, true),
    capturedAt: view.getFloat64(8, true),
  };
}
