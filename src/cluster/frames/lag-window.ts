/** The smallest round trip of this long counts, ms: routes change. */
const ROUND_TRIP_WINDOW_MS = 30_000;
/** Without any acknowledgement for this long, what is on the way is taken for lost, ms: core NATS delivers at most once. */
const LOST_AFTER_MS = 1000;
/** Messages on the way whose times are remembered; a power of two. 300 ms of 100 streams at 25 a second are 750. */
const REMEMBERED = 4096;

/**
 * Whether the next frame may be sent to an edge: what is unacknowledged for longer than the bound stops the sending, as with a paced
 * viewer. Nothing thus queues in the broker, which would hold 64 MiB for a slow reader and show it the past. Pure: times are given.
 */
export class LagWindow {
  readonly #sentAt = new Float64Array(REMEMBERED);
  #sent = 0;
  #acknowledged = 0;
  #lastSentAt = -Infinity;
  #lastAckAt = -Infinity;
  /** After a loss: one message at a time until the edge answers again. */
  #probing = false;
  readonly #roundTrip = new WindowedMinimum(ROUND_TRIP_WINDOW_MS);

  /** @param maxLagMs bound on top of the edge's own smallest round trip */
  constructor(private readonly maxLagMs: number) {}

  /** The edge's smallest round trip, ms; 0 while unknown. */
  get roundTripMs(): number {
    return this.#roundTrip.value ?? 0;
  }

  /** How long the oldest message on the way has been there, ms. */
  lagMs(now: number): number {
    return this.#acknowledged === this.#sent ? 0 : now - this.#time(this.#acknowledged + 1);
  }

  /** Whether a message may go now. */
  isOpen(now: number): boolean {
    if (this.#acknowledged === this.#sent) return true;
    if (now - Math.max(this.#lastSentAt, this.#lastAckAt) > LOST_AFTER_MS) {
      this.#acknowledged = this.#sent;
      this.#probing = true;
      return true;
    }
    if (this.#probing || this.#sent - this.#acknowledged >= REMEMBERED) return false;
    return this.lagMs(now) <= this.maxLagMs + this.roundTripMs;
  }

  /** Notes that a message goes. @returns its sequence, from 1 */
  send(now: number): number {
    this.#sent++;
    this.#sentAt[this.#sent % REMEMBERED] = now;
    this.#lastSentAt = now;
    return this.#sent;
  }

  /**
   * Everything up to `sequence` has arrived.
   * @param heldMs how long the edge waited between taking the last one and saying so
   */
  acknowledge(sequence: number, heldMs: number, now: number): void {
    if (sequence > this.#sent || sequence <= this.#acknowledged - REMEMBERED) return;
    this.#lastAckAt = now;
    this.#probing = false;
    this.#roundTrip.note(Math.max(0, now - this.#time(sequence) - heldMs), now);
    this.#acknowledged = Math.max(this.#acknowledged, sequence);
  }

  #time(sequence: number): number {
    return this.#sentAt[sequence % REMEMBERED] ?? 0;
  }
}

/** The minimum over one to two windows, in two numbers. */
class WindowedMinimum {
  #current: { readonly since: number; least: number } | null = null;
  #before: number | null = null;

  constructor(private readonly windowMs: number) {}

  get value(): number | null {
    if (!this.#current) return null;
    return Math.min(this.#current.least, this.#before ?? Infinity);
  }

  note(sample: number, now: number): void {
    if (!this.#current) this.#current = { since: now, least: sample };
    else if (now - this.#current.since > this.windowMs) {
      this.#before = this.#current.least;
      this.#current = { since: now, least: sample };
    } else this.#current.least = Math.min(this.#current.least, sample);
  }
}
