/**
 * When to send what to one viewer of a stream. Pure: every method is told the time (ms of a monotonic clock).
 *
 * A WebSocket ping is answered by every standard client on its own, in order, behind the frames before it: so the age of an
 * unanswered ping is the viewer's lag, long before the kernel's 4 MB of send buffer are full and show in a byte count.
 * - `paced`: the viewer gets the newest frame and a ping, and the next newest frame only when that pong is back.
 * - `streaming`: it is in the topic and gets every frame; it is pinged at a beat and leaves when a pong is late.
 */
export interface PaceTimes {
  /** Lag over the viewer's own smallest round trip that ends streaming, ms. */
  readonly maxLagMs: number;
  /** Silence that ends the viewer, ms. */
  readonly slowTimeoutMs: number;
}

export type PaceMode = 'paced' | 'streaming';

/** Prompt pongs in a row that promote a viewer, and how prompt (over its smallest round trip). */
const PROMOTE_AFTER_PONGS = 5;
const PROMPT_MS = 80;

/** Unsent bytes that end streaming: this many frames' worth. */
const MAX_BUFFERED_FRAMES = 2;

/**
 * A paced viewer's smallest round trip is measured anew after this long, so that a route that got longer is learned. Only by a
 * ping with nothing before it: behind frames, the queue of a slow link would itself come to count as the way there.
 */
const RTT_WINDOW_MS = 30_000;

/** A viewer who is sent nothing is pinged this often, to learn that it is still there. */
const IDLE_PING_MS = 5000;

export class ViewerPace {
  #mode: PaceMode;
  /** Times of unanswered pings, oldest first, by number. */
  readonly #unanswered = new Map<number, number>();
  #pings = 0;
  #lastPing = -Infinity;
  #lastPong: number;
  #promptPongs = 0;
  #minRtt = Infinity;
  #minRttAt: number;
  /** Number of the last ping that went out with nothing before it. */
  #bare = 0;

  constructor(
    private readonly times: PaceTimes,
    now: number,
    mode: PaceMode = 'paced',
  ) {
    this.#mode = mode;
    this.#lastPong = now;
    this.#minRttAt = now;
  }

  get mode(): PaceMode {
    return this.#mode;
  }

  /** Smallest round trip, ms; 0 before the first pong. */
  get minRtt(): number {
    return this.#minRtt === Infinity ? 0 : this.#minRtt;
  }

  /** Whether a paced viewer may be sent a frame: all that was sent before has arrived. */
  get ready(): boolean {
    return this.#mode === 'paced' && this.#unanswered.size === 0;
  }

  /** Promotes a viewer whose frames cannot be sent one by one: for one that is ready. */
  stream(): void {
    this.#mode = 'streaming';
  }

  /** Whether a ready viewer is to be sent a bare ping before its next frame. */
  probeDue(now: number): boolean {
    return this.ready && now - this.#minRttAt >= RTT_WINDOW_MS;
  }

  /**
   * A ping goes out; the number is its payload.
   * @param behindFrame whether a frame was sent just before it
   */
  pinged(now: number, behindFrame: boolean): number {
    this.#lastPing = now;
    if (!behindFrame && this.ready) this.#bare = this.#pings + 1;
    this.#unanswered.set(++this.#pings, now);
    return this.#pings;
  }

  /**
   * A pong came.
   * @returns its lag in ms over the smallest round trip, or `null` for one that answers no ping of ours
   */
  ponged(number: number, now: number): number | null {
    const sent = this.#unanswered.get(number);
    if (sent === undefined) return null;
    // Pongs come in order, and a client may answer only the newest of several pings (RFC 6455, 5.5.3).
    for (const earlier of this.#unanswered.keys()) if (earlier <= number) this.#unanswered.delete(earlier);
    this.#lastPong = now;
    const rtt = now - sent;
    this.#learnRtt(rtt, now, number === this.#bare);
    const lag = rtt - this.minRtt;
    this.#promptPongs = lag <= PROMPT_MS ? this.#promptPongs + 1 : 0;
    if (this.#mode === 'paced' && this.#promptPongs >= PROMOTE_AFTER_PONGS) this.#mode = 'streaming';
    return lag;
  }

  /**
   * Looks at the viewer at a beat.
   * @param bufferedFrames unsent bytes of the socket, in frames
   */
  beat(now: number, bufferedFrames: number): { ping: boolean; expired: boolean } {
    const [oldest] = this.#unanswered.values();
    if (oldest !== undefined && now - Math.max(oldest, this.#lastPong) >= this.times.slowTimeoutMs)
      return { ping: false, expired: true };
    if (this.#mode === 'streaming') {
      const late = oldest !== undefined && now - oldest > this.times.maxLagMs + this.minRtt;
      if (!late && bufferedFrames <= MAX_BUFFERED_FRAMES) return { ping: true, expired: false };
      this.#mode = 'paced';
      this.#promptPongs = 0;
    }
    // Paced frames bring their own pings; without frames the viewer is asked now and then.
    return { ping: this.#unanswered.size === 0 && now - this.#lastPing >= IDLE_PING_MS, expired: false };
  }

  #learnRtt(rtt: number, now: number, bare: boolean): void {
    if (rtt > this.#minRtt && !(bare && now - this.#minRttAt >= RTT_WINDOW_MS)) return;
    this.#minRtt = rtt;
    this.#minRttAt = now;
  }
}
