import type { VideoUnit } from './video-channel.js';

/** Beyond any of these it is let go: those who join wait for the next key unit. */
const BOUNDS = { bytes: 8 * 1024 * 1024, units: 600, ms: 20_000 };

const LEAST_MEMORY = 16 * 1024;
/** Memory of so many times what the last group of pictures took is given back. */
const MUCH_TOO_LARGE = 4;

/**
 * The units since the last key unit, copied into one memory that is used again for each group of pictures. Kept as they come, each
 * unit's own buffer would outlive V8's young generation and wait for a full collection: one every 1.4 s with 64 cameras, and each of
 * them stopped all viewers' frames for 15 to 30 ms.
 */
export class VideoBacklog {
  #memory = new Uint8Array(0);
  #bytes = 0;
  #format: VideoUnit['format'] | null = null;
  // Numbers side by side: an object for each unit would grow old in the same way.
  #ends: number[] = [];
  #times: number[] = [];
  #leading: boolean[] = [];

  /** Takes the next unit in decoding order. Units without a key unit in front of them are left out. */
  push({ kind, data, capturedAt, isLeading, format }: VideoUnit): void {
    if (kind === 'key') this.#restart(format);
    else if (this.#ends.length === 0) return;
    const bytes = this.#bytes + data.byteLength;
    const ms = capturedAt - (this.#times[0] ?? capturedAt);
    if (bytes > BOUNDS.bytes || this.#ends.length >= BOUNDS.units || ms > BOUNDS.ms) {
      this.clear();
      return;
    }
    this.#reserve(bytes);
    this.#memory.set(new Uint8Array(data), this.#bytes);
    this.#bytes = bytes;
    this.#ends.push(bytes);
    this.#times.push(capturedAt);
    this.#leading.push(isLeading);
  }

  /** What somebody who joins now is given first, without leading units: those need units in front of the key unit. */
  units(): VideoUnit[] {
    const format = this.#format;
    if (!format) return [];
    const units: VideoUnit[] = [];
    this.#ends.forEach((end, at) => {
      if (this.#leading[at] === true) return;
      const { buffer: data } = this.#memory.slice(this.#ends[at - 1] ?? 0, end);
      const capturedAt = this.#times[at] ?? 0;
      units.push({
        kind: at === 0 ? 'key' : 'delta',
        data,
        capturedAt,
        isLeading: false,
        followsGap: false,
        format,
      });
    });
    return units;
  }

  /** Lets everything go, and the memory with it. */
  clear(): void {
    this.#forget();
    this.#memory = new Uint8Array(0);
  }

  #restart(format: VideoUnit['format']): void {
    if (this.#memory.length > Math.max(LEAST_MEMORY, MUCH_TOO_LARGE * this.#bytes)) this.clear();
    else this.#forget();
    this.#format = format;
  }

  #forget(): void {
    this.#format = null;
    this.#bytes = 0;
    this.#ends = [];
    this.#times = [];
    this.#leading = [];
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#memory.length) return;
    const grown = new Uint8Array(Math.max(bytes, LEAST_MEMORY, Math.ceil(this.#memory.length * 1.5)));
    grown.set(this.#memory.subarray(0, this.#bytes));
    this.#memory = grown;
  }
}
