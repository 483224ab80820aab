import { TILE_CREDITS, type StateMessage, type TileRendition, type TileState } from './protocol.js';

/** One tile of a browser's session: which rendition feeds it, and which of its frames are on the way. No I/O. */

/** An encoded frame; `jpeg` is never written to again. */
export interface WallFrame {
  readonly jpeg: Uint8Array | ArrayBuffer;
  /** Unix epoch, ms with fraction. */
  readonly capturedAt: number;
}

export interface WallState {
  readonly state: TileState;
  /** Stable code of the cause, or null. */
  readonly reason: string | null;
  /** What happened and what to do; empty when there is nothing to say. */
  readonly text: string;
  /** Unix epoch, ms. */
  readonly since: number;
  /** As in the protocol's state message. */
  readonly maxGap?: number | undefined;
}

/** What a tile wants to watch. */
export interface WallRequest extends TileRendition {
  readonly camera: string;
  readonly rtsp?: string | undefined;
}

/** Where a joined stream reports to. Each of these may be called before `join` has returned. */
export interface WallSink {
  frame(frame: WallFrame): void;
  state(state: WallState): void;
  /** The stream is not, or no longer, granted: the join is over and nothing more is called. */
  refused(code: number, reason: string, text: string): void;
}

export interface WallSubscription {
  /** Newest frame, if there is one and it is still the camera's present. */
  latest(): WallFrame | null;
  /** False: no frames are wanted for now (a hidden tile), states still are; the camera should stay open. */
  setActive(active: boolean): void;
  leave(): void;
}

/** The streams that one browser's grant lets it see. */
export interface WallStreams {
  join(request: WallRequest, sink: WallSink): WallSubscription;
}

export interface InFlightFrame {
  readonly sequence: number;
  readonly bytes: number;
  readonly sentAt: number;
}

/** What a tile tells its session. */
export interface TileEvents {
  /** A frame may be waiting now. */
  ready(tile: SessionTile): void;
  state(tile: SessionTile, state: WallState): void;
  refused(
    tile: SessionTile,
    what: 'subscribe' | 'rendition',
    code: number,
    reason: string,
    text: string,
  ): void;
}

/** A join that is current or about to be; `over` guards against calls that come after its end. */
interface Feed {
  subscription: WallSubscription | null;
  state: WallState | null;
  over: boolean;
}

export class SessionTile {
  #current: Feed | null = null;
  /** The next rendition, joined but without a frame yet: until then the current one keeps flowing. */
  #next: Feed | null = null;
  #newest: WallFrame | null = null;
  #sequence = 0;
  #paused = false;
  readonly #inFlight: InFlightFrame[] = [];

  constructor(
    readonly handle: number,
    private readonly request: WallRequest,
    private readonly streams: WallStreams,
    private readonly events: TileEvents,
  ) {}

  get camera(): string {
    return this.request.camera;
  }

  get inFlight(): readonly InFlightFrame[] {
    return this.#inFlight;
  }

  /** Whether there is a frame that may be sent, as far as the tile's own credits go. */
  get sendable(): boolean {
    return this.#newest !== null && !this.#paused && this.#inFlight.length < TILE_CREDITS;
  }

  open(): void {
    this.#current = this.#join(this.request);
  }

  /** Changes to another rendition of the same camera; a change that still waits for its first frame is replaced. */
  change(rendition: TileRendition): void {
    if (this.#next) this.#end(this.#next);
    this.#next = null;
    const feed = this.#join({ ...rendition, camera: this.request.camera, rtsp: this.request.rtsp });
    // Its first frame, or its refusal, may already have come.
    if (!feed.over && this.#current !== feed) this.#next = feed;
  }

  setPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.#newest = null;
    this.#current?.subscription?.setActive(!paused);
    this.#next?.subscription?.setActive(!paused);
    if (!paused) this.#offer(this.#current?.subscription?.latest() ?? null);
  }

  /** Takes the newest frame as sent. Call only when `sendable`. */
  take(now: number): { readonly frame: WallFrame; readonly sequence: number } | null {
    const frame = this.#newest;
    if (!frame) return null;
    this.#newest = null;
    this.#inFlight.push({ sequence: this.#sequence, bytes: frame.jpeg.byteLength, sentAt: now });
    return { frame, sequence: this.#sequence };
  }

  /** Frames that an acknowledgement of `sequence` settles: it and those sent before it. None if it is not on the way. */
  acknowledge(sequence: number): readonly InFlightFrame[] {
    const index = this.#inFlight.findIndex((sent) => sent.sequence === sequence);
    return index < 0 ? [] : this.#inFlight.splice(0, index + 1);
  }

  close(): void {
    if (this.#current) this.#end(this.#current);
    if (this.#next) this.#end(this.#next);
    this.#current = null;
    this.#next = null;
    this.#newest = null;
  }

  #join(request: WallRequest): Feed {
    const feed: Feed = { subscription: null, state: null, over: false };
    const subscription = this.streams.join(request, {
      frame: (frame) => {
        if (!feed.over) this.#frame(feed, frame);
      },
      state: (state) => {
        feed.state = state;
        if (!feed.over && (feed === this.#current || this.#current === null)) this.events.state(this, state);
      },
      refused: (code, reason, text) => {
        if (!feed.over) this.#refused(feed, code, reason, text);
      },
    });
    feed.subscription = subscription;
    if (feed.over) {
      subscription.leave();
      return feed;
    }
    if (this.#paused) subscription.setActive(false);
    const latest = subscription.latest();
    if (latest) this.#frame(feed, latest);
    return feed;
  }

  #frame(feed: Feed, frame: WallFrame): void {
    if (this.#current !== null && feed !== this.#current) this.#switchTo(feed);
    this.#offer(frame);
  }

  #switchTo(feed: Feed): void {
    if (this.#current) this.#end(this.#current);
    this.#current = feed;
    this.#next = null;
    if (feed.state) this.events.state(this, feed.state);
  }

  #refused(feed: Feed, code: number, reason: string, text: string): void {
    feed.over = true;
    const isChange = this.#current !== null && feed !== this.#current;
    if (isChange) {
      if (this.#next === feed) this.#next = null;
    } else {
      this.close();
    }
    this.events.refused(this, isChange ? 'rendition' : 'subscribe', code, reason, text);
  }

  #offer(frame: WallFrame | null): void {
    if (!frame || this.#paused) return;
    this.#newest = frame;
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.events.ready(this);
  }

  #end(feed: Feed): void {
    if (feed.over) return;
    feed.over = true;
    feed.subscription?.leave();
  }
}

export const stateMessage = (tile: SessionTile, state: WallState): StateMessage => ({
  type: 'state',
  handle: tile.handle,
  camera: tile.camera,
  state: state.state,
  reason: state.reason,
  text: state.text,
  since: state.since,
  maxGap: state.maxGap,
});
