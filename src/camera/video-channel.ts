import { isDeepStrictEqual } from 'node:util';
import type { PassedFormat, UnitMessage, VideoCodec } from '../shared/worker-protocol.js';
import { VideoBacklog } from './video-backlog.js';

/** An access unit as viewers get it. The buffer is never written to again. */
export interface VideoUnit {
  /** `key`: it needs no other, and its parameter sets are in front. */
  readonly kind: 'key' | 'delta';
  /** Annex B. */
  readonly data: ArrayBuffer;
  /** When its last packet came from the camera: Unix epoch, ms with fraction. */
  readonly capturedAt: number;
  /** It needs units before the key unit that it follows. */
  readonly isLeading: boolean;
  /** A key unit of which the one before it is not the one that the camera sent before it. */
  readonly followsGap: boolean;
  /** The same object while nothing changed. */
  readonly format: PassedFormat;
}

/** Why a camera's video cannot be had: it sends a codec that is not passed through. */
export type VideoGap = Exclude<VideoCodec, PassedFormat['codec']>;

export interface VideoSink {
  unit(unit: VideoUnit): void;
  unavailable(gap: VideoGap): void;
}

/** The video of one camera as it sends it, and everyone who is told of it. */
export class VideoChannel {
  readonly sinks = new Set<VideoSink>();
  readonly #backlog = new VideoBacklog();
  #format: PassedFormat | null = null;
  #gap: VideoGap | null = null;
  /** Viewers who want units now. */
  #wanted = 0;

  get gap(): VideoGap | null {
    return this.#gap;
  }

  /** What somebody who joins now is given first: copies of the units since the last key unit. None: that waits for the next one. */
  backlog(): readonly VideoUnit[] {
    return this.#backlog.units();
  }

  /** One viewer more wants units, or one less. */
  wanted(isWanted: boolean): void {
    this.#wanted += isWanted ? 1 : -1;
    // No more come: those that are kept get old.
    if (this.#wanted === 0) this.#backlog.clear();
  }

  deliver(message: UnitMessage): void {
    // Each message brings an object of its own.
    if (message.kind === 'key' && !isDeepStrictEqual(message.format, this.#format))
      this.#format = message.format;
    const format = this.#format;
    if (!format || this.#wanted === 0) return;
    this.#gap = null;
    const { kind, data, capturedAt, isLeading } = message;
    const followsGap = kind === 'key' && message.followsGap;
    const unit = { kind, data, capturedAt, isLeading, followsGap, format };
    this.#backlog.push(unit);
    for (const sink of this.sinks) sink.unit(unit);
  }

  /** What the camera sends; `null`: not known. */
  source(codec: VideoCodec | null): void {
    this.#setGap(codec === 'h264' || codec === 'h265' ? null : codec);
  }

  #setGap(gap: VideoGap | null): void {
    const before = this.#gap;
    this.#gap = gap;
    if (!gap || gap === before) return;
    this.#backlog.clear();
    for (const sink of [...this.sinks]) sink.unavailable(gap);
  }
}
