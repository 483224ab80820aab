/** So far back RTP time may go between packets: B-frames reorder less than that. */
const MAX_BACK_MS = 2_000;
/** So much faster than arrival RTP time may advance between two packets; a camera that catches up stays below it. */
const MAX_AHEAD_MS = 10_000;

/**
 * RTP timestamps as ms since the stream's first packet. They wrap every 13 hours, and some cameras set their clock while
 * they send: such a jump is bridged with the time that passed between the packets' arrivals. Delay alone is none: a
 * packet that comes late keeps its time.
 */
export class MediaClock {
  #timestamp = 0;
  #mediaTimeMs = 0;
  #arrivedAt = 0;
  #state: 'new' | 'running' | 'restarting' = 'new';

  constructor(private readonly clockRate: number) {}

  /** Calls `restarted` if RTP time jumped. */
  mediaTime(timestamp: number, arrivedAt: number, restarted: () => void): number {
    if (this.#state === 'running' && timestamp === this.#timestamp) return this.#mediaTimeMs;
    const passed = Math.max(0, arrivedAt - this.#arrivedAt);
    // The difference as a signed 32-bit number takes the wrap along.
    const step = (((timestamp - this.#timestamp) | 0) / this.clockRate) * 1000;
    if (this.#state === 'restarting') this.#mediaTimeMs += passed;
    else if (this.#state === 'running') {
      const jumped = step < -MAX_BACK_MS || step > passed + MAX_AHEAD_MS;
      if (jumped) restarted();
      this.#mediaTimeMs += jumped ? passed : step;
    }
    this.#state = 'running';
    this.#timestamp = timestamp;
    this.#arrivedAt = arrivedAt;
    return this.#mediaTimeMs;
  }

  /** The next timestamp is of another source: it continues where this one is. */
  restart(): void {
    if (this.#state === 'running') this.#state = 'restarting';
  }

  /** Media time of a timestamp near the last one, without changing anything; `null` before the first. */
  at(timestamp: number): number | null {
    if (this.#state !== 'running') return null;
    return this.#mediaTimeMs + (((timestamp - this.#timestamp) | 0) / this.clockRate) * 1000;
  }
}
