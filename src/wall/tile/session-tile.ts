import { Feed, type FeedEvents } from './feed.js';
import type { ClientVideoReason, JpegReason, TileRendition } from '../protocol.js';
import type { TileEvents } from './tile-events.js';
import { TileForm } from './tile-form.js';
import { TileFrames } from './tile-frames.js';
import type { TileRefusal, VideoUnit, WallFrame, WallRequest, WallStreams } from './tile-stream.js';

/** A live camera without a key unit for so long is shown as JPEG: before the first picture, and while one is there. ms */
const NO_KEY_MS = { dark: 5000, shown: 12_000 };

/** One tile of a browser's session: what feeds it, and which of its frames are on the way. No I/O. */
export class SessionTile {
  #current: Feed | null = null;
  /** What is to take its place, joined but without a frame yet: until then the current one keeps flowing. */
  #next: Feed | null = null;
  #paused = false;
  /** When a feed was joined that has given no unit yet. */
  #awaitsUnitSince: number | null = null;
  readonly #form = new TileForm();
  readonly frames: TileFrames;
  readonly #feedEvents: FeedEvents = {
    frame: (feed, frame) => {
      if (this.#current !== null && feed !== this.#current) this.#switchTo(feed);
      this.#offer(frame);
    },
    unit: (feed, unit) => {
      this.#onUnit(feed, unit);
    },
    unavailable: (feed) => {
      this.#giveUp(feed, 'camera_codec');
    },
    state: (feed, state) => {
      if (feed === this.#current || this.#current === null) this.events.state(this, state);
    },
    refused: (feed, refusal) => {
      this.#refused(feed, refusal);
    },
  };

  /**
   * @param codecs that the browser decodes for this tile
   * @param now monotonic, ms
   */
  constructor(
    readonly handle: number,
    private request: WallRequest,
    codecs: readonly string[],
    private readonly streams: WallStreams,
    private readonly events: TileEvents,
    private readonly now: () => number,
  ) {
    this.#form.asked(codecs, 'not_asked');
    this.frames = new TileFrames(this.#form, (before, now) => events.form(before, now));
  }

  get camera(): string {
    return this.request.camera;
  }

  /** Whether there is a frame that may be sent, as far as the tile's own credits go. */
  get sendable(): boolean {
    return !this.#paused && this.frames.sendable;
  }

  open(): void {
    const feed = this.#feed();
    this.#current = feed;
    this.#join(feed);
  }

  /** Changes to another rendition of the same camera; a change that still waits for its first frame is replaced. */
  change(rendition: TileRendition & { readonly why?: ClientVideoReason | undefined }): void {
    const { codecs = [], why = 'not_asked', ...wanted } = rendition;
    const { camera, rtsp, main: before = false } = this.request;
    this.request = { ...wanted, camera, rtsp };
    const ended = this.#form.asked(codecs, why);
    if (ended) this.events.fellBack(this, ended);
    const newest = this.#next ?? this.#current;
    const isOtherStream = (wanted.main ?? false) !== before;
    // Video has no rendition: only another stream of the camera changes it.
    if (newest?.form === 'video' && this.#form.wantsVideo(this.now()) && !isOtherStream) return;
    this.#replace();
  }

  setPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.frames.clear();
    this.#current?.setActive(!paused);
    this.#next?.setActive(!paused);
    if (paused || !this.#current) return;
    this.#awaitsUnitSince = this.#current.form === 'video' ? this.now() : null;
    if (this.#current.form === 'video') this.#begin(this.#current, true);
    const latest = this.#current.latest();
    // A frame that was sent before the pause is on the canvas still; again would only make each resume cost its bytes.
    if (latest !== this.frames.sent) this.#offer(latest);
  }

  /** About once a second: tries video again, and gives up waiting for it. */
  tick(): void {
    if (this.#paused || !this.#current) return;
    const now = this.now();
    const newest = this.#next ?? this.#current;
    const limit = this.frames.sentForm === null ? NO_KEY_MS.dark : NO_KEY_MS.shown;
    const waitedMs = this.#awaitsUnitSince === null ? 0 : now - this.#awaitsUnitSince;
    if (newest.form === 'video' && waitedMs > limit && newest.state?.state === 'live')
      this.#giveUp(newest, 'no_key_frame');
    else if (!this.#next && (newest.form === 'video') !== this.#form.wantsVideo(now)) this.#replace();
  }

  close(): void {
    this.#current?.end();
    this.#next?.end();
    this.#current = null;
    this.#next = null;
    this.frames.end();
  }

  /** A feed of what the tile is to be given now; it is not open yet. */
  #feed(): Feed {
    const form = this.#form.wantsVideo(this.now()) ? 'video' : 'pictures';
    return new Feed(form, this.request, this.#feedEvents);
  }

  #replace(): void {
    this.#next?.end();
    this.#next = this.#feed();
    this.#join(this.#next);
  }

  #join(feed: Feed): void {
    this.#awaitsUnitSince = feed.form === 'video' ? this.now() : null;
    feed.open(this.streams);
    if (feed.ended) return;
    if (this.#paused) feed.setActive(false);
    else if (feed.form === 'video') this.#begin(feed, !this.#form.isRetry);
    const latest = feed.latest();
    // A rendition that was not encoded for a while has an old frame: the tile waits for a new one rather than go back in time.
    if (latest && latest.capturedAt >= (this.frames.sent?.capturedAt ?? 0))
      this.#feedEvents.frame(feed, latest);
  }

  /** Video begins with the units since the last key unit, or with the next key unit. */
  #begin(feed: Feed, withBacklog: boolean): void {
    const backlog = withBacklog ? feed.backlog() : [];
    if (backlog.some(({ format }) => !this.#form.canShow(format.codec))) {
      this.#giveUp(feed, 'camera_codec');
      return;
    }
    if (feed !== this.#current) {
      if (backlog.length === 0) return;
      this.#switchTo(feed);
    }
    this.frames.beginVideo(backlog, this.now());
    if (backlog.length > 0) this.#began();
  }

  #began(): void {
    this.#awaitsUnitSince = null;
    this.#form.began(this.now());
    this.events.ready(this);
  }

  #onUnit(feed: Feed, unit: VideoUnit): void {
    const now = this.now();
    // Of video that was given up nothing more is sent: pictures are on their way.
    if (this.#paused || !this.#form.wantsVideo(now)) return;
    if (!this.#form.canShow(unit.format.codec)) {
      this.#giveUp(feed, 'camera_codec');
      return;
    }
    if (feed !== this.#current) {
      if (unit.kind !== 'key' || feed !== this.#next) return;
      this.#switchTo(feed);
      this.frames.beginVideo([], now);
    }
    const unsent = this.frames.waitingUnits;
    const offered = this.frames.offerUnit(unit, now);
    if (offered === 'queued' && this.#awaitsUnitSince !== null) this.#began();
    else if (offered === 'queued') this.events.ready(this);
    else if (offered !== 'left_out') this.#skipped(feed, offered, unsent);
  }

  #skipped(feed: Feed, how: 'skipped' | 'fell_behind' | 'stays_behind', unsent: number): void {
    for (let left = how === 'fell_behind' ? unsent : 0; left >= 0; left--) this.events.unitSkipped();
    if (how === 'skipped' || (how === 'fell_behind' && !this.#form.skipped(this.now()))) return;
    this.#giveUp(feed, unsent > 0 || this.events.isLineBehind() ? 'slow_line' : 'slow_tile');
  }

  /** The tile is given pictures, or goes on with them; video is tried again later. */
  #giveUp(feed: Feed, why: JpegReason): void {
    // It was given up, and pictures are on their way.
    if (!this.#form.wantsVideo(this.now())) return;
    this.#form.gaveUp(why, this.now());
    this.#awaitsUnitSince = null;
    this.events.fellBack(this, why);
    if (feed === this.#next) {
      feed.end();
      this.#next = null;
    }
    if (this.#current?.form === 'video') this.#replace();
  }

  #switchTo(feed: Feed): void {
    this.#current?.end();
    this.#current = feed;
    this.#next = null;
    this.frames.clear();
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
    if (this.frames.offerPicture(frame)) this.events.skipped();
    this.events.ready(this);
  }
}
