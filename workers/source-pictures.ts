import { FrameRateLimit } from '../src/shared/frame-rate-limit.js';
import { isSourceSize, type RenditionKey } from '../src/shared/rendition.js';
import type { DecodeOutput, Demand, FrameMessage, RunCounters } from '../src/shared/worker-protocol.js';
import type { AccessUnit } from '../src/video/access-unit.js';
import { stripJpegMetadata } from '../src/video/jpeg-strip.js';

/** Where they go. */
export interface FrameSender {
  /** Whether one more JPEG may be put on the way. */
  hasRoom(): boolean;
  send(frame: FrameMessage): void;
}

/** The pictures of a camera that sends JPEG, for renditions in its own size: as they came, without EXIF and other metadata. */
export class SourcePictures {
  #demands: readonly Demand[] = [];
  readonly #pacers = new Map<RenditionKey, FrameRateLimit>();

  constructor(
    private readonly counters: RunCounters,
    private readonly sender: FrameSender,
  ) {}

  get demandCount(): number {
    return this.#demands.length;
  }

  setOutputs(outputs: readonly DecodeOutput[]): void {
    this.#demands = outputs.filter(isSourceSize).flatMap(({ demands }) => demands);
    const wanted = new Set(this.#demands.map(({ key }) => key));
    for (const key of this.#pacers.keys()) if (!wanted.has(key)) this.#pacers.delete(key);
  }

  unit({ data, arrivedAt }: AccessUnit): void {
    if (this.#demands.length === 0) return;
    if (!this.sender.hasRoom()) {
      this.counters.droppedInFlight++;
      return;
    }
    const file = stripJpegMetadata(data);
    if (!file) return;
    for (const { key, fps } of this.#demands) {
      let pacer = this.#pacers.get(key);
      if (!pacer) this.#pacers.set(key, (pacer = new FrameRateLimit()));
      if (!pacer.takes(fps, arrivedAt)) continue;
      // A copy: decoders may need the bytes later, and each rendition has a buffer of its own.
      const jpeg = file.slice().buffer;
      this.sender.send({ type: 'frame', key, jpeg, capturedAt: arrivedAt, encodeMs: 0 });
    }
  }
}
