import type { TileRendition } from '../../protocol.js';
import { validRendition } from '../../page/tile-rendition.js';
import { askAgainDelay } from '../../page/retry-delay.js';
import { type TileFacts, type Verdict, verdictOf } from '../../page/verdict.js';
import type {
  RefusedNews,
  RetriedNews,
  StateNews,
  TileRequest,
  TileStats,
  ToWorker,
} from '../worker/worker-messages.js';

/** What a tile asks of the wall that it belongs to. */
interface Wall {
  readonly lostAt: number | null;
  now(): number;
}

type TileOrder = Extract<ToWorker, { readonly tile: number }>;

/** The rate is measured over this span. */
const RATE_MS = 3000;

/** One camera on one canvas. Dispatches `change` when anything may have changed, and once a second. */
export class WallTile extends EventTarget {
  #request: TileRequest;
  #state: TileFacts['state'] = null;
  #refused: TileFacts['refused'] = null;
  #isKnown = false;
  /** When a refused camera is asked for again: page time, ms. */
  #askAgainAt = 0;
  /** Since the camera was live. */
  #refusals = 0;
  #retryDenied = false;
  #stats: TileStats | null = null;
  #expectedSince: number;
  #paused = false;
  #away = false;
  #rate: { readonly at: number; readonly drawn: number }[] = [];

  constructor(
    private readonly id: number,
    private readonly wall: Wall,
    request: TileRequest,
    private readonly post: (order: TileOrder) => void,
  ) {
    super();
    this.#request = request;
    this.#expectedSince = wall.now();
  }

  /** What the tile has to say now: live or not, since when and why. */
  get verdict(): Verdict {
    const facts: TileFacts = {
      state: this.#state,
      refused: this.#refused,
      isKnown: this.#isKnown,
      linkLostAt: this.wall.lostAt,
      capturedAt: this.#stats?.capturedAt ?? null,
      expectedSince: this.#expectedSince,
      paused: this.#paused,
      fps: this.#request.fps ?? null,
    };
    return verdictOf(facts, this.wall.now());
  }

  /** Frames drawn a second, over the last seconds. */
  get fps(): number {
    const first = this.#rate[0];
    const last = this.#rate.at(-1);
    if (!first || !last || last.at <= first.at || performance.now() - last.at > RATE_MS) return 0;
    return ((last.drawn - first.drawn) * 1000) / (last.at - first.at);
  }

  /** Size of the frames as they come, pixels; 0 before the first. */
  get size(): { readonly width: number; readonly height: number } {
    return { width: this.#stats?.width ?? 0, height: this.#stats?.height ?? 0 };
  }

  /** What the picture came as; null before the first. */
  get form(): TileStats['form'] | null {
    return this.#stats?.form ?? null;
  }

  /** Why it came as JPEG and not as video: a stable code; null if it did not, or nobody asked for video. */
  get jpegReason(): string | null {
    return this.#stats?.why ?? null;
  }

  /** From capture to drawn of the newest frame that was reported, ms; null before the first. */
  get latency(): number | null {
    return this.#stats?.latency ?? null;
  }

  /** Changes size, quality or rate; the old pictures go on until the first of the new. */
  setRendition(wanted: TileRendition): void {
    const { camera, rtsp } = this.#request;
    const rendition = validRendition(wanted);
    this.#request = { camera, rtsp, ...rendition };
    this.post({ type: 'rendition', tile: this.id, rendition });
  }

  /** A paused tile costs no network and no decoding; its camera stays open and its states still arrive. */
  setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#expectedSince = this.wall.now();
    this.post({ type: paused ? 'pause' : 'resume', tile: this.id });
    this.changed();
  }

  /** Gives the camera up, so that it costs nothing at all, and takes it again; the last picture stays. */
  setAway(away: boolean): void {
    if (away === this.#away) return;
    this.#away = away;
    this.#state = null;
    this.#refused = null;
    this.#expectedSince = this.wall.now();
    this.post({ type: away ? 'leave' : 'return', tile: this.id });
    this.changed();
  }

  /** Asks again for a camera that was refused. */
  retry(): void {
    if (!this.#refused) return;
    this.#askAgain('again');
    this.changed();
  }

  /**
   * For a person who has mended it: has a camera tried now that refused its credentials, and is left alone because cameras lock
   * accounts. At most every 30 s over all walls; `retryDenied` then says for a moment that it was too soon.
   */
  tryAgain(): void {
    this.#retryDenied = false;
    if (this.#refused) this.#askAgain('retry');
    else this.post({ type: 'retry', tile: this.id });
    this.changed();
  }

  /** The last `tryAgain` came too soon. */
  get retryDenied(): boolean {
    return this.#retryDenied;
  }

  /** Call once a second. Asks again for refused cameras: on a wall without a keyboard nobody can click at them. */
  tick(): void {
    if (this.#refused && !this.#paused && performance.now() >= this.#askAgainAt) this.retry();
    else this.changed();
  }

  remove(): void {
    this.post({ type: 'remove', tile: this.id });
  }

  drew(stats: TileStats): void {
    const { live: wasLive } = this.verdict;
    this.#stats = stats;
    const now = performance.now();
    this.#rate.push({ at: now, drawn: stats.drawn });
    while (this.#rate[0] && now - this.#rate[0].at > RATE_MS) this.#rate.shift();
    // A live tile that goes on living is looked at by the second: its rate and age are all that changes.
    const { live } = this.verdict;
    if (!wasLive || !live) this.changed();
  }

  received(news: StateNews | RefusedNews | RetriedNews): void {
    if (news.type === 'retried') {
      this.#retryDenied = !news.accepted;
    } else if (news.type === 'state') {
      const { state, reason, text, since, maxGap } = news;
      // A camera that comes back has yet to show a frame.
      if (state === 'live' && this.#state?.state !== 'live') this.#expectedSince = this.wall.now();
      this.#state = { state, reason, text, since, maxGap };
      this.#isKnown = true;
      if (state === 'live') this.#refusals = 0;
      this.#retryDenied = false;
    } else if (news.what === 'subscribe') {
      this.#refused = { reason: news.reason, text: news.text };
      this.#state = null;
      this.#askAgainAt = performance.now() + askAgainDelay(news.reason, this.#refusals, Math.random());
      this.#refusals += 1;
      // Asking again gets the camera's new settings, or that it is gone.
      if (news.reason === 'reconfigured') this.retry();
    }
    this.changed();
  }

  /** The connection to the service came (the tile is subscribed afresh) or went. */
  linked(up: boolean): void {
    if (up) {
      this.#state = null;
      this.#refused = null;
      this.#expectedSince = this.wall.now();
    }
    this.changed();
  }

  #askAgain(type: 'again' | 'retry'): void {
    this.#refused = null;
    this.#expectedSince = this.wall.now();
    this.post({ type, tile: this.id });
  }

  changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
