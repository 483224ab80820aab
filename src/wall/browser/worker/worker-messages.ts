import type { TileRendition, TileState, VideoForm } from '../../protocol.js';

/** What crosses the border between the page and its worker: both sides of it. `tile` is the page's number for a tile. */

/** `auto`: video where browser, camera and line allow it, else JPEG. */
export type CodecChoice = 'auto' | 'jpeg';

export interface TileRequest extends Omit<TileRendition, 'codecs'> {
  readonly camera: string;
  /** URL of a camera that is not configured. */
  readonly rtsp?: string | undefined;
}

export type ToWorker =
  | { readonly type: 'open'; readonly url: string }
  | {
      readonly type: 'add';
      readonly tile: number;
      readonly canvas: OffscreenCanvas;
      readonly request: TileRequest;
      readonly codecs: CodecChoice;
    }
  | { readonly type: 'rendition'; readonly tile: number; readonly rendition: TileRendition }
  | { readonly type: 'pause' | 'resume' | 'remove'; readonly tile: number }
  /** Subscribes a refused tile again. */
  | { readonly type: 'again'; readonly tile: number }
  /** The same, and has its camera tried now; answered with RetriedNews. */
  | { readonly type: 'retry'; readonly tile: number }
  /** Gives the tile's camera up, and takes it again; the canvas keeps its picture. */
  | { readonly type: 'leave' | 'return'; readonly tile: number }
  /** Tries the connection now instead of after the backoff: the page came back or the network did. */
  | { readonly type: 'now' }
  | { readonly type: 'close' };

export interface StateNews {
  readonly type: 'state';
  readonly tile: number;
  readonly state: TileState;
  readonly reason: string | null;
  readonly text: string;
  /** Unix epoch, ms, by the server's clock. */
  readonly since: number;
  readonly maxGap?: number | undefined;
}

export interface RefusedNews {
  readonly type: 'refused';
  readonly tile: number;
  readonly what: 'subscribe' | 'rendition';
  readonly code: number;
  readonly reason: string;
  readonly text: string;
}

export interface RetriedNews {
  readonly type: 'retried';
  readonly tile: number;
  readonly accepted: boolean;
}

/** What a tile drew since it was added. */
export interface TileStats {
  readonly tile: number;
  readonly drawn: number;
  /** Capture time of the frame in the picture: Unix epoch, ms, by the server's clock. */
  readonly capturedAt: number;
  /** From capture to drawn, ms. */
  readonly latency: number;
  readonly width: number;
  readonly height: number;
  /** Of the picture. */
  readonly form: VideoForm | 'jpeg';
  /** Why it is no video: a JpegReason of the protocol or a reason of this page; null if it is, or nobody asked. */
  readonly why: string | null;
}

export interface LinkNews {
  readonly type: 'link';
  readonly up: boolean;
  /** Close code and reason of the server, 0 and '' without one. */
  readonly code: number;
  readonly reason: string;
  /** Version of the page that the server gives out, if it says so. */
  readonly page: string | null;
}

export type FromWorker =
  | LinkNews
  | StateNews
  | RefusedNews
  | RetriedNews
  /** Every STATS_MS, and at once with a tile's first frame. Only tiles that drew something since the last. */
  | { readonly type: 'stats'; readonly offset: number; readonly tiles: readonly TileStats[] };

export const STATS_MS = 500;
