import { Feed, type FeedEvents } from './feed.js';
import { TILE_CREDITS, type RefusedMessage, type TileRendition } from './protocol.js';
import type { TileRefusal, WallFrame, WallRequest, WallState, WallStreams } from './tile-stream.js';

/** A frame that was sent and is not acknowledged yet. */
export interface InFlightFrame {
  readonly sequence: number;
  readonly bytes: number;
  /** Monotonic, ms. */
  readonly sentAt: number;
}

/** What a tile tells its session. */
export interface TileEvents {
  /** A frame may be waiting now. */
  ready(tile: SessionTile): void;
  /** A frame that was not sent yet was replaced by a newer one. */
  skipped(): void;
  state(tile: SessionTile, state: WallState): void;
  refused(tile: SessionTile, what: RefusedMessage['what'], refusal: TileRefusal): void;
}

/** One tile of a browser's session: which rendition feeds it, and which of its frames are on the way. No I/O. */
export class SessionTile {
  #current: Feed | null = null;
  /** The next rendition, joined but without a frame yet: until then the current one keeps flowing. */
  #next: Feed | null = null;
  #newest: WallFrame | null = null;
  /** What the browser has, or is about to get. */
  #sent: WallFrame | null = null;
  #sequence = 0;
  #paused = false;
  readonly #inFlight: InFlightFrame[] = [];
  readonly #feedEvents: FeedEvents = {
    frame: (feed, frame) => {
      if (this.#current !== null && feed !== this.#current) this.#switchTo(feed);
      this.#offer(frame);
    },
    state: (feed, state) => {
      if (feed === this.#current || this.#current === null) this.events.state(this, state);
    },
    refused: (feed, refusal) => {
      this.#refused(feed, refusal);
    },
  };

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
    this.#next?.end();
    this.#next = null;
    const feed = this.#join({ ...rendition, camera: this.request.camera, rtsp: this.request.rtsp });
    // Its first frame, or its refusal, may already have come.
    if (!feed.ended && this.#current !== feed) this.#next = feed;
  }

  setPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.#newest = null;
    this.#current?.setActive(!paused);
    this.#next?.setActive(!paused);
    const latest = paused ? null : (this.#current?.latest() ?? null);
    // A frame that was sent before the pause is on the canvas still; again would only make each resume cost its bytes.
    if (latest !== this.#sent) this.#offer(latest);
  }

  /** Takes the newest frame as sent. Call only when `sendable`. */
  take(now: number): { readonly frame: WallFrame; readonly sequence: number } | null {
    const frame = this.#newest;
    if (!frame) return null;
    this.#newest = null;
    this.#sent = frame;
    this.#inFlight.push({ sequence: this.#sequence, bytes: frame.jpeg.byteLength, sentAt: now });
    return { frame, sequence: this.#sequence };
  }

  /** Frames that an acknowledgement of `sequence` settles: it and those sent before it. None if it is not on the way. */
  acknowledge(sequence: number): readonly InFlightFrame[] {
    const index = this.#inFlight.findIndex((sent) => sent.sequence === sequence);
    return index < 0 ? [] : this.#inFlight.splice(0, index + 1);
  }

  close(): void {
    this.#current?.end();
    this.#next?.end();
    this.#current = null;
    this.#next = null;
    this.#newest = null;
  }

  #join(request: WallRequest): Feed {
    const feed = new Feed(request, this.#feedEvents);
    feed.open(this.streams);
    if (feed.ended) return feed;
    if (this.#paused) feed.setActive(false);
    const latest = feed.latest();
    // A rendition that was not encoded for a while has an old frame: the tile waits for a new one rather than go back in time.
    if (latest && latest.capturedAt >= (this.#sent?.capturedAt ?? 0)) this.#feedEvents.frame(feed, latest);
    return feed;
  }

  #switchTo(feed: Feed): void {
    this.#current?.end();
    this.#current = feed;
    this.#next = null;
    if (feed.state) this.events.state(this, feed.state);
  }

  #refused(feed: Feed, refusal: TileRefusal): void {
    const isChange = this.#current !== null && feed !== this.#current;
    if (isChange) {
      if (this.#next === feed) this.#next = null;
    } else {
      this.close();
    }
    this.events.refused(this, isChange ? 'rendition' : 'subscribe', refusal);
  }

  #offer(frame: WallFrame | null): void {
    if (!frame || this.#paused) return;
    if (this.#newest) this.events.skipped();
    this.#newest = frame;
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.events.ready(this);
  }
}
