/**
 * Most bytes that are taken from a connection in one turn of the event loop: a large key frame takes some turns. A camera that sends
 * without end would keep the others of its thread waiting, as the loop reads a socket up to 32 times in a row.
 */
export const TURN_BYTES = 32 * 1024;

/**
 * How much a camera may send for long: 256 Mbit/s. Cameras have 100 Mbit/s as a rule; those with more send JPEG of 4K, at some 30 MB a
 * second. What came faster could not be decoded, and its copies would wait for the collector by the hundred megabytes.
 */
const BYTES_PER_SECOND = 32 * 1000 * 1000;
/**
 * What a packet counts at least: its way through here takes as long as the copy of some more bytes would. No camera whose pictures are
 * large fills its packets with less, and 32,000 of them a second leave the thread's other cameras their time.
 */
const LEAST_PACKET_BYTES = 1000;
/** At once after a rest: a relay that begins with the last seconds, some key frames of 8K. */
const BURST_BYTES = 16 * 1000 * 1000;

/** Tells how long to leave off reading from a camera. Pure: the caller brings the time. */
export class IntakePace {
  #left = BURST_BYTES;
  #at = 0;

  /**
   * @param bytes that were read
   * @param packets in them, and messages
   * @param now monotonic, ms
   * @returns ms until the next ones may be; 0: at once
   */
  take(bytes: number, packets: number, now: number): number {
    this.#left = Math.min(BURST_BYTES, this.#left + ((now - this.#at) * BYTES_PER_SECOND) / 1000);
    this.#at = now;
    this.#left -= Math.max(bytes, packets * LEAST_PACKET_BYTES);
    return this.#left >= 0 ? 0 : (-this.#left * 1000) / BYTES_PER_SECOND;
  }
}
