import { sequenceDelta } from './rtp-packet.js';

/** A report block's content (RFC 3550, 6.4.1), without the sender report's part. */
export interface ReceptionReport {
  /** 0 to 255: the share of 256 that was lost since the report before. */
  readonly fractionLost: number;
  /** Signed: duplicates make it negative. */
  readonly cumulativeLost: number;
  readonly highestSequence: number;
  /** In ticks of the RTP clock. */
  readonly jitter: number;
}

/** What RFC 3550, A.3 and A.8, count of one source's packets as they arrive. */
export class Reception {
  #base = -1;
  #highest = 0;
  #cycles = 0;
  #received = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #jitter = 0;
  #transit = NaN;

  constructor(private readonly clockRate: number) {}

  /** A new source, or new numbers of the same. */
  reset(): void {
    this.#base = -1;
    this.#cycles = 0;
    this.#received = 0;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
    this.#jitter = 0;
    this.#transit = NaN;
  }

  /** Each packet as it arrives. */
  count(sequence: number, timestamp: number, arrivedAt: number): void {
    if (this.#base < 0) {
      this.#base = sequence;
      this.#highest = sequence;
    } else if (sequenceDelta(this.#highest, sequence) > 0) {
      if (sequence < this.#highest) this.#cycles += 0x10000;
      this.#highest = sequence;
    }
    this.#received += 1;
    const transit = (arrivedAt / 1000) * this.clockRate - timestamp;
    const deviation = Math.abs(transit - this.#transit);
    // A jump of the camera's clock is no jitter; neither is the wrap.
    if (deviation < this.clockRate * 60) this.#jitter += (deviation - this.#jitter) / 16;
    this.#transit = transit;
  }

  /** The report since the one before; `null` if nothing came yet. */
  report(): ReceptionReport | null {
    if (this.#base < 0) return null;
    const highestSequence = this.#cycles + this.#highest;
    const expected = highestSequence - this.#base + 1;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    return {
      fractionLost:
        expectedNow <= 0 || lostNow <= 0 ? 0 : Math.min(255, Math.floor((lostNow * 256) / expectedNow)),
      cumulativeLost: expected - this.#received,
      highestSequence,
      jitter: Math.floor(this.#jitter),
    };
  }
}
