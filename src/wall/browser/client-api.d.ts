/** Types of `/client.js`. A check in the wall's sources keeps them true. Times: Unix epoch, ms, by the server's clock. */

export type Word =
  'connecting' | 'waiting' | 'live' | 'stale' | 'frozen' | 'offline' | 'link' | 'refused' | 'removed';

/** What a tile says of itself. */
export interface Verdict {
  /** `waiting`: the camera is live, the tile has no picture yet. `link`: no connection to the service. `refused`: the service does not grant the camera. */
  readonly word: Word;
  /** The picture is of the present. */
  readonly live: boolean;
  /** Stable code of the cause (PROTOCOL.md), or null. */
  readonly reason: string | null;
  /** English text of the service, or empty. */
  readonly text: string;
  /** How long it has been so, ms; for `stale` the age of the picture. */
  readonly age: number;
}

/** The form in which frames are wanted; what is left out is the camera's own setting. */
export interface TileRendition {
  /** Pixels, 16-7680; odd numbers are rounded up. One side alone keeps the aspect of the camera's own size. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** JPEG quality, 1-100. */
  readonly quality?: number | undefined;
  /** Most frames a second. */
  readonly fps?: number | undefined;
  /** From the camera's main stream, if it has one configured. */
  readonly main?: boolean | undefined;
}

/** `auto`: video as the camera sends it where browser, camera and line allow it, else JPEG. `jpeg`: JPEG alone. */
export type CodecChoice = 'auto' | 'jpeg';

export interface TileRequest extends TileRendition {
  readonly camera: string;
  /** URL of a camera that is not configured. */
  readonly rtsp?: string | undefined;
  /** By default `auto`. */
  readonly codecs?: CodecChoice | undefined;
}

export interface WallOptions {
  /** Base URL of the service, with its BASE_PATH; by default the one that the module was loaded from. */
  readonly server?: string | URL | undefined;
  /** Access token, for a page that has no cookie of the service. */
  readonly token?: string | undefined;
  /** `jpeg`: no tile is given video. By default each tile's own choice. */
  readonly codecs?: CodecChoice | undefined;
}

/** One worker with one socket for any number of tiles. Dispatches `link` when the connection comes or goes. */
export declare class WallClient extends EventTarget {
  constructor(options?: WallOptions);
  readonly connected: boolean;
  /** Since when there is no connection, or null. */
  readonly lostAt: number | null;
  /** Why the service closed the connection last; code 0: it did not say. */
  readonly closed: { readonly code: number; readonly reason: string };
  /** Version of the service's wall page, once it has said so. */
  readonly pageVersion: string | null;
  /** Now, by the server's clock. */
  now(): number;
  /** Shows a camera on a new canvas, whose control goes to the worker for good. */
  add(canvas: HTMLCanvasElement, request: TileRequest): WallTile;
  close(): void;
}

/** One camera on one canvas; made by `WallClient.add`. Dispatches `change` on news and once a second. */
export declare class WallTile extends EventTarget {
  private constructor();
  readonly verdict: Verdict;
  /** Frames drawn a second. */
  readonly fps: number;
  /** Of the frames as they come, pixels; 0 before the first. */
  readonly size: { readonly width: number; readonly height: number };
  /** From capture to drawn, ms; null before the first. */
  readonly latency: number | null;
  /** What the picture came as; null before the first. */
  readonly form: 'h264' | 'h265' | 'jpeg' | null;
  /** Why it came as JPEG: a code of PROTOCOL.md; null if it did not, or nobody asked for video. */
  readonly jpegReason: string | null;
  /** The old pictures go on until the first of the new. */
  setRendition(rendition: TileRendition): void;
  /** No frames while paused; the camera stays open and its states still arrive. */
  setPaused(paused: boolean): void;
  /** Asks at once for a camera that was refused; it is asked for again by itself every 15 to 30 s. */
  retry(): void;
  /**
   * For a person's click: has a camera tried now that refused its credentials and is left alone for that. At most every 30 s over all
   * pages: `retryDenied` says that it was too soon.
   */
  tryAgain(): void;
  readonly retryDenied: boolean;
  /** Gives the camera up, so that it costs nothing at all, and takes it again; the last picture stays. */
  setAway(away: boolean): void;
  remove(): void;
}

/**
 * `<camera-tile camera="gate" label="Gate">`; attributes also `codecs` `width` `height` `quality` `fps`, read when it is connected.
 * Sets its attribute `state` to the present Word and dispatches `verdictchange` (CustomEvent, detail: Verdict).
 */
export declare class CameraTile extends HTMLElement {
  /** Set it before the element is connected. Never an attribute: it may hold a password. */
  rtsp: string | undefined;
  /** Set it before the element is connected; by default all tiles of a document share one. */
  wall: WallClient;
  readonly camera: string;
  readonly main: boolean;
  /** Shows rate, age and size in a corner. */
  info: boolean;
  /** Set it while something lies over the tile: no frames then. */
  suspended: boolean;
  /** Set it while the tile is not shown for long: its camera is given up, and it keeps its last picture. */
  away: boolean;
  readonly verdict: Verdict | null;
  /** What the picture came as; null before the first. */
  readonly form: 'h264' | 'h265' | 'jpeg' | null;
  /** The verdict in words, in English or Spanish, without its age. */
  readonly said: string;
  setRendition(rendition: TileRendition): void;
  retry(): void;
  /** As WallTile's. The tile has a button for it; a page with its own hides that: `camera-tile::part(again)`. */
  tryAgain(): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'camera-tile': CameraTile;
  }
}
