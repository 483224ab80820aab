import type { FfmpegProcess } from './process.js';
import { InputQueue, type DecoderUnit, type TimedUnit } from './input-queue.js';
import { ivfUnitHeader } from './ivf.js';
import { unreadBytes } from './pipe.js';

/** While one unit is decoded, the next may wait in the pipe; what waits there cannot be let go any more. */
const MOST_UNREAD_UNITS = 2;
/** How soon to look again whether FFmpeg has read, ms. */
const LOOK_AGAIN_MS = 4;
/** The same while it starts, where it counts for the first picture. */
const LOOK_AT_START_MS = 1;

/**
 * Hands access units to FFmpeg as it takes them. It gets the container's header first; what comes from the camera waits until it has
 * read that, so that whoever starts it can limit what it may do before.
 */
export class DecoderInput {
  readonly queue = new InputQueue();
  #isOpen = false;
  #written = 0;
  /** Where in all that was written the units end that may still be unread. */
  #ends: number[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  /**
   * @param started called once FFmpeg has read the header and nothing else
   * @param given called for each unit that is on its way into FFmpeg
   */
  constructor(
    private readonly ffmpeg: Pick<FfmpegProcess, 'input' | 'inputFd'>,
    header: Uint8Array,
    private readonly started: () => void,
    private readonly given: (unit: DecoderUnit) => void,
  ) {
    this.#write(header);
    ffmpeg.input.on('drain', this.#pump);
    this.#look(LOOK_AT_START_MS);
  }

  /** Whether all that was pushed has been read. */
  get isEmpty(): boolean {
    return this.#isOpen && this.queue.isEmpty && this.#unread() === 0;
  }

  push(timed: TimedUnit): void {
    this.queue.push(timed, performance.now());
    this.#pump();
  }

  /** To be called when FFmpeg gave something out: it will read on. */
  progress(): void {
    if (!this.queue.isEmpty) this.#pump();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  readonly #pump = (): void => {
    if (this.#isClosed) return;
    if (!this.#isOpen && !this.#open()) return;
    while (!this.queue.isEmpty && this.#mayWrite()) {
      const next = this.queue.shift(performance.now());
      if (!next) break;
      const { data } = next.unit;
      this.given(next);
      this.#write(ivfUnitHeader(data.length, next.ticks), data);
    }
    if (!this.queue.isEmpty) this.#look(LOOK_AGAIN_MS);
  };

  #open(): boolean {
    if (this.#unread() > 0) {
      this.#look(LOOK_AT_START_MS);
      return false;
    }
    this.#isOpen = true;
    this.started();
    return true;
  }

  #mayWrite(): boolean {
    if (this.ffmpeg.input.writableLength > 0) return false;
    const read = this.#written - this.#unread();
    while ((this.#ends[0] ?? Infinity) <= read) this.#ends.shift();
    return this.#ends.length < MOST_UNREAD_UNITS;
  }

  #unread(): number {
    const { inputFd, input } = this.ffmpeg;
    return input.writableLength + (inputFd === null ? 0 : unreadBytes(inputFd));
  }

  /** In one system call, and without a copy: units may have megabytes. */
  #write(...parts: readonly Uint8Array[]): void {
    const { input } = this.ffmpeg;
    input.cork();
    for (const part of parts) {
      this.#written += part.length;
      input.write(part);
    }
    input.uncork();
    this.#ends.push(this.#written);
  }

  #look(afterMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#pump();
    }, afterMs);
  }
}
