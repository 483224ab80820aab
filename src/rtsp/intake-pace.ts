/**
 * Most bytes that are taken from a connection in one turn of the event loop: a large key frame takes some turns. A camera that sends
 * without end would keep the others of its thread waiting, as the loop reads a socket up to 32 times in a row.
 */
export const TURN_BYTES = 32 * 1024;

/** What a camera may send for long whatever others of its thread do: 48 Mbit/s. Most cameras have less. */
const OWN: BudgetBounds = { bytesPerSecond: 6_000_000, burstBytes: 4_000_000 };
/**
 * What the cameras of a thread may send for long beyond that, together. One alone so has 256 Mbit/s: cameras have 100 Mbit/s as a rule;
 * those with more send JPEG of 4K, at some 30 MB a second. What came faster could not be decoded, and its copies would wait for the
 * collector by the hundred megabytes. At once after a rest: a relay that begins with the last seconds, some key frames of 8K.
 */
const SHARED: BudgetBounds = { bytesPerSecond: 26_000_000, burstBytes: 12_000_000 };

/**
 * What a packet counts at least: its way through here takes as long as the copy of some more bytes would. No camera whose pictures are
 * large fills its packets with less, and 32,000 of them a second leave the thread's other cameras their time.
 */
const LEAST_PACKET_BYTES = 1000;

interface BudgetBounds {
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
}

/** Bytes that may be taken: they come back with time. */
class Budget {
  #left: number;
  #at = 0;

  constructor(private readonly bounds: BudgetBounds) {
    this.#left = bounds.burstBytes;
  }

  /** Below 0: too many were taken. @param now monotonic, ms */
  left(now: number): number {
    const { bytesPerSecond, burstBytes } = this.bounds;
    this.#left = Math.min(burstBytes, this.#left + ((now - this.#at) * bytesPerSecond) / 1000);
    this.#at = now;
    return this.#left;
  }

  take(bytes: number): void {
    this.#left -= bytes;
  }

  /** Until it is no longer below 0, ms. */
  get waitMs(): number {
    return Math.max(0, (-this.#left * 1000) / this.bounds.bytesPerSecond);
  }
}

/** What the cameras of one thread have in common. */
export class SharedIntake {
  readonly budget = new Budget(SHARED);
}

/** Each thread has its own copy of this module. */
const OF_THIS_THREAD = new SharedIntake();

/** Tells how long to leave off reading from a camera. Pure: the caller brings the time. */
export class IntakePace {
  readonly #own = new Budget(OWN);

  constructor(private readonly shared = OF_THIS_THREAD) {}

  /**
   * @param bytes that were read
   * @param packets in them, and messages
   * @param now monotonic, ms
   * @returns ms until the next ones may be; 0: at once
   */
  take(bytes: number, packets: number, now: number): number {
    const { budget } = this.shared;
    const cost = Math.max(bytes, packets * LEAST_PACKET_BYTES);
    const isBeyond = this.#own.left(now) < cost;
    const payer = isBeyond && budget.left(now) >= cost ? budget : this.#own;
    payer.take(cost);
    return this.#own.waitMs;
  }
}
