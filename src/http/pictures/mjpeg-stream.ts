import type { HttpResponse } from 'uWebSockets.js';
import { FrameRateLimit } from '../../shared/frame-rate-limit.js';
import { type Header, writeHead } from '../answer.js';
import type { Channel, Frame, FrameSink } from '../../camera/publisher.js';

const BOUNDARY = 'frame';
export const MJPEG_TYPE = `multipart/x-mixed-replace; boundary=${BOUNDARY}`;
export const MJPEG_HEADERS: readonly Header[] = [
  ['Cache-Control', 'no-store'],
  ['Connection', 'close'],
  // nginx would collect pictures until its buffers are full.
  ['X-Accel-Buffering', 'no'],
];

/** First line of every part, on its own: it can go out early, to push what waits in front of it. */
const PART_START = 'Content-Type: image/jpeg\r\n';

/**
 * Bytes that are given to uWebSockets.js at a time. It keeps what the kernel does not take, and hands that on only when
 * it is given more: so this is about what it can hold for one reader.
 */
const PIECE_BYTES = 32 * 1024;

export interface MjpegEvents {
  /** The first frame is about to be written: from now on an error can no longer be answered. */
  begun(): void;
  /** A frame was replaced by a newer one before its turn. */
  skipped(): void;
  /** Nothing could be written for `slowTimeoutMs`. */
  tooSlow(): void;
}

export interface MjpegOptions {
  readonly headers: readonly Header[];
  /** Most frames a second; `null` is all. */
  readonly fps: number | null;
  readonly slowTimeoutMs: number;
  /** Monotonic, ms. */
  readonly now: () => number;
}

/**
 * A camera as `multipart/x-mixed-replace`: what `<img>`, VLC and FFmpeg play. One frame at a time is on its way, and one waits:
 * the newest. Each part is followed by its closing boundary at once, since browsers show a picture only when they see that.
 */
export class MjpegStream implements FrameSink {
  readonly #gate = new FrameRateLimit();
  /** What is left of the frame on its way. */
  #rest: Uint8Array = EMPTY;
  #waiting: Frame | null = null;
  /** When the kernel took no more; `null` while it does. */
  #blockedSince: number | null = null;
  /**
   * `new`: nothing was written. `boundary`: the last thing written, or on its way, is a boundary. `part_start`: the first line of the next
   * part went out already.
   */
  #state: 'new' | 'boundary' | 'part_start' | 'ended' = 'new';

  constructor(
    private readonly res: HttpResponse,
    private readonly channel: Channel,
    private readonly options: MjpegOptions,
    private readonly events: MjpegEvents,
  ) {
    res.onWritable(() => {
      this.#blockedSince = null;
      if (!this.#pump()) this.#push();
      return true;
    });
    channel.sinks.add(this);
    if (channel.current) this.frame(channel.current);
  }

  frame(frame: Frame): void {
    if (this.#state === 'ended' || !this.#gate.takes(this.options.fps, frame.capturedAt)) return;
    const { slowTimeoutMs, now } = this.options;
    if (this.#blockedSince !== null && now() - this.#blockedSince >= slowTimeoutMs) {
      this.events.tooSlow();
      return;
    }
    if (this.#waiting) this.events.skipped();
    this.#waiting = frame;
    this.#pump();
  }

  /** Takes no more frames; the response is left as it is. */
  end(): void {
    this.#state = 'ended';
    this.channel.sinks.delete(this);
  }

  /** @returns whether anything was written */
  #pump(): boolean {
    let wrote = false;
    while (this.#state !== 'ended' && this.#blockedSince === null) {
      if (this.#rest.byteLength === 0) {
        if (!this.#waiting) break;
        this.#rest = this.#part(this.#waiting);
        this.#waiting = null;
      }
      const piece = this.#rest.subarray(0, PIECE_BYTES);
      this.#rest = this.#rest.subarray(piece.byteLength);
      this.#write(piece);
      wrote = true;
    }
    return wrote;
  }

  /** uWebSockets.js hands on what it kept only with another write. The last piece of a frame must not wait for the next frame. */
  #push(): void {
    if (this.#state !== 'boundary') return;
    this.#state = 'part_start';
    this.#write(PART_START);
  }

  #write(piece: Uint8Array | string): void {
    const { res } = this;
    const sent = { taken: true };
    res.cork(() => {
      if (this.#state === 'new') {
        this.#state = 'boundary';
        this.events.begun();
        writeHead(res, 200, MJPEG_TYPE, this.options.headers);
        res.write(`--${BOUNDARY}\r\n`);
      }
      sent.taken = res.write(piece);
    });
    // A small piece that fits the cork buffer always counts as taken; then the next write tells.
    if (!sent.taken) this.#blockedSince ??= this.options.now();
  }

  /** The frame as one part, up to and with the boundary behind it. Copied: the JPEG itself belongs to all viewers. */
  #part(frame: Frame): Uint8Array {
    const time = (frame.capturedAt / 1000).toFixed(3);
    const length = frame.jpeg.byteLength;
    const start = this.#state === 'part_start' ? '' : PART_START;
    if (this.#state === 'part_start') this.#state = 'boundary';
    return Buffer.concat([
      Buffer.from(`${start}Content-Length: ${length}\r\nX-Timestamp: ${time}\r\n\r\n`),
      new Uint8Array(frame.jpeg),
      Buffer.from(`\r\n--${BOUNDARY}\r\n`),
    ]);
  }
}

const EMPTY = new Uint8Array(0);
