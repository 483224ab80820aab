import { type Clock, systemClock } from '../src/shared/clock.js';
import type { Demand, FrameMessage, PixelFormat, RunCounters } from '../src/shared/worker-protocol.js';
import type { RenditionKey } from '../src/shared/rendition.js';
import { FrameRateLimit } from '../src/shared/frame-rate-limit.js';
import { TokenBucket } from '../src/shared/token-bucket.js';
import type { FrameMemory } from './frame-memory.js';
import { createEncoder, type JpegEncoder } from './jpeg-encoder.js';
import { longEncodings } from './long-encodings.js';
import type { SourceColours } from './source-colours.js';

/** How soon a frame that waits for room on the way to the main thread tries again, ms. */
const RETRY_MS = 5;

/**
 * Share of an encoding's time that must pass before the next one. While this thread encodes nothing is read, so FFmpeg stands
 * still as well: an encoder slower than its source would let the delay grow unseen in the camera's connection. Decoding a frame
 * takes about as long as encoding it, so a third of the time lets FFmpeg catch up whenever encoding alone is what is too slow.
 */
const REST_SHARE = 1 / 3;
/** Shorter rests are left out: timers count in ms, and an encoder that is this quick is no bottleneck. */
const MIN_REST_MS = 2;

/**
 * A busy machine's hiccup lets two or three frames become whole at once. So many of them are encoded all the same, and so many a
 * second after that: viewers keep their rate, and an encoder that is too slow for good still drops nearly all that waits.
 */
const CATCH_UPS = 3;
const CATCH_UPS_PER_SECOND = 4;

/** The decoder output that is encoded. */
export interface EncoderSource {
  readonly size: { readonly width: number; readonly height: number };
  /** Where its frames lie; `null` for packed RGB, which needs no conversion. */
  readonly memory: Pick<FrameMemory, 'toJpegColours'> | null;
}

/** What is known of the picture that a frame shows. */
export interface EncodedPicture {
  /** When its last packet came from the camera: Unix epoch, ms with fraction. */
  readonly arrivedAt: number;
  /** How the samples are meant. */
  readonly colours: SourceColours;
}

export interface FrameSender {
  /** Whether one more JPEG may be put on the way. */
  hasRoom(): boolean;
  send(frame: FrameMessage): void;
}

/**
 * Encodes the frames of one decoder output for each demanded quality. At most one frame waits here: it is encoded in the
 * turn after it became whole, so that a newer one that was already in the pipe replaces it first. After a hiccup a few such
 * frames are encoded nevertheless.
 */
export class OutputEncoder {
  readonly #encoder: JpegEncoder;
  readonly #pacers = new Map<RenditionKey, FrameRateLimit>();
  #waiting: { readonly frame: Uint8Array; readonly picture: EncodedPicture } | null = null;
  #turn: NodeJS.Immediate | null = null;
  /** Cancels the next try of a frame that waits for room. */
  #retry: (() => void) | null = null;
  /** Cancels the end of the rest after a slow encoding. */
  #rest: (() => void) | null = null;
  readonly #catchUps = new TokenBucket(CATCH_UPS, CATCH_UPS_PER_SECOND);

  constructor(
    private readonly source: EncoderSource,
    pixels: PixelFormat,
    private demands: readonly Demand[],
    private readonly counters: RunCounters,
    private readonly sender: FrameSender,
    private readonly clock: Clock = systemClock,
    private readonly long = longEncodings,
  ) {
    this.#encoder = createEncoder(pixels, source.size.width, source.size.height);
  }

  get demandCount(): number {
    return this.demands.length;
  }

  setDemands(demands: readonly Demand[]): void {
    this.demands = demands;
    // Without demands later frames do not replace the one that waits, but they are written over it.
    if (demands.length === 0) this.#waiting = null;
    for (const key of this.#pacers.keys()) if (!demands.some((d) => d.key === key)) this.#pacers.delete(key);
  }

  /** Takes a whole frame; it replaces one that still waits. */
  frame(frame: Uint8Array, picture: EncodedPicture): void {
    if (this.demands.length === 0) return;
    if (this.#waiting && this.#mayCatchUp()) this.#encodeNewest();
    if (this.#waiting) this.#countDropped();
    this.#waiting = { frame, picture };
    if (!this.#retry && !this.#rest) this.#turn ??= setImmediate(this.#encodeWaiting);
  }

  /**
   * The output's next frame is whole and will not come here, or later: the one that waits is about to be written over. It is encoded now,
   * or never.
   */
  flush(): void {
    if (!this.#waiting) return;
    if (!this.#rest && this.sender.hasRoom()) this.#encodeNewest();
    else {
      this.#countDropped();
      this.#waiting = null;
    }
  }

  close(): void {
    if (this.#turn) clearImmediate(this.#turn);
    this.#retry?.();
    this.#rest?.();
    this.#waiting = null;
    this.#encoder.close();
  }

  readonly #encodeWaiting = (): void => {
    this.#turn = null;
    this.#retry = null;
    this.#rest = null;
    this.#encodeNewest();
  };

  /** Whether the frame that waits for its turn may go at once, because a newer one is whole: its buffer is still as it was. */
  #mayCatchUp(): boolean {
    return this.#turn !== null && this.sender.hasRoom() && this.#catchUps.take(this.clock.now());
  }

  #encodeNewest(): void {
    if (!this.#waiting) return;
    if (!this.sender.hasRoom()) {
      this.#retry = this.clock.after(RETRY_MS, this.#encodeWaiting);
      return;
    }
    const { frame, picture } = this.#waiting;
    this.#waiting = null;
    const start = this.clock.now();
    const due = this.demands.filter((demand) => this.#pacer(demand.key).takes(demand.fps, picture.arrivedAt));
    if (due.length > 0) this.source.memory?.toJpegColours(frame, picture.colours);
    for (const demand of due) this.#encode(frame, picture.arrivedAt, demand);
    const end = this.clock.now();
    const { width, height } = this.source.size;
    const restMs = Math.max(
      (end - start) * REST_SHARE,
      this.long.restAfter(width * height, end - start, end),
    );
    if (restMs >= MIN_REST_MS) this.#rest = this.clock.after(restMs, this.#encodeWaiting);
  }

  #countDropped(): void {
    if (this.#retry) this.counters.droppedInFlight++;
    else this.counters.droppedBeforeEncode++;
  }

  #encode(frame: Uint8Array, capturedAt: number, demand: Demand): void {
    const start = this.clock.now();
    try {
      const jpeg = this.#encoder.encode(frame, demand.quality);
      this.counters.encoded++;
      this.sender.send({
        type: 'frame',
        key: demand.key,
        jpeg,
        capturedAt,
        encodeMs: this.clock.now() - start,
      });
    } catch {
      // One bad frame is skipped and counted; the next one is tried as ever.
      this.counters.encodeErrors++;
    }
  }

  #pacer(key: RenditionKey): FrameRateLimit {
    let pacer = this.#pacers.get(key);
    if (!pacer) this.#pacers.set(key, (pacer = new FrameRateLimit()));
    return pacer;
  }
}
