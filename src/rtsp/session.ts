import { CameraError, type CameraErrorCode } from '../shared/errors.js';
import type { RtpTrack } from '../rtp/track.js';
import type { AccessUnit } from '../video/access-unit.js';
import { Attempt, Halted, type SessionStatistics } from './attempt.js';
import { withoutSecrets } from './camera-faults.js';
import type { DialogueOptions } from './dialogue.js';
import type { DialogueStep } from './dialogue-step.js';
import type { TransportKind } from './media-link.js';

export interface SessionOptions extends DialogueOptions {
  /** Tried first; the other one when the camera does not support it (461). */
  readonly transport: TransportKind;
  /** From `openSession` to the first access unit, ms. */
  readonly openTimeoutMs: number;
  /** Longest silence of RTP after the first access unit, ms; Infinity leaves that to the caller. */
  readonly stallTimeoutMs: number;
  /** How long a track may stay silent after PLAY before the next video track is tried, ms; 3000 unless given. */
  readonly trackSilenceMs?: number;
}

/** Called synchronously, one after the other, and not after `ended`. They must not throw. */
export interface SessionEvents {
  unit(unit: AccessUnit): void;
  /** The camera is asked to play this track: its packets are about to come. Called again when another track is tried. */
  playing?(track: RtpTrack): void;
  /** A step of the dialogue, for people. */
  step?(step: DialogueStep): void;
}

/** How a session ended. `detail` is for people: printable, without user, password and secrets of URLs. */
export type SessionEnd =
  { readonly code: 'stopped' } | { readonly code: CameraErrorCode; readonly detail: string };

export interface RtspSession {
  /** Settles when the camera's session is torn down (which waits a second for it at most) and the connection is closed. */
  readonly ended: Promise<SessionEnd>;
  stop(): void;
  /** null before the track is set up. */
  readonly statistics: SessionStatistics | null;
  /** The camera's wall clock at this media time (Unix epoch, ms) by its sender reports; null without one. */
  senderTime(mediaTimeMs: number): number | null;
}

const TRACK_SILENCE_MS = 3000;

/**
 * Opens a camera and plays its first video track that can be decoded. There is one connection at a time, to `address` and
 * nowhere else, and memory is bounded whatever the camera sends. When a track stays silent and the camera has another one,
 * the session is ended and the other track is tried.
 */
export const openSession = (options: SessionOptions, events: SessionEvents): RtspSession =>
  new Session(options, events);

class Session implements RtspSession {
  readonly ended: Promise<SessionEnd>;
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  #attempt: Attempt | null = null;
  #isStopped = false;

  constructor(options: SessionOptions, events: SessionEvents) {
    this.#options = options;
    this.#events = events;
    this.ended = this.#run(performance.now() + options.openTimeoutMs);
  }

  get statistics(): SessionStatistics | null {
    return this.#attempt?.statistics ?? null;
  }

  senderTime(mediaTimeMs: number): number | null {
    return this.#attempt?.senderTime(mediaTimeMs) ?? null;
  }

  stop(): void {
    this.#isStopped = true;
    this.#attempt?.halt(new Halted('stopped'));
  }

  async #run(openUntil: number): Promise<SessionEnd> {
    const { trackSilenceMs = TRACK_SILENCE_MS } = this.#options;
    for (let trackIndex = 0; ; trackIndex++) {
      const options = { ...this.#options, openUntil, trackSilenceMs, trackIndex };
      this.#attempt = new Attempt(options, {
        unit: (unit) => this.#events.unit(unit),
        playing: (track) => this.#events.playing?.(track),
        step: (step) => this.#events.step?.(step),
      });
      const end = await this.#attempt.run();
      if (this.#isStopped) return { code: 'stopped' };
      if (end instanceof CameraError)
        return { code: end.code, detail: withoutSecrets(end.detail, this.#options.credentials) };
      this.#events.step?.({
        kind: 'note',
        text: `video track ${trackIndex + 1} is silent: trying the next one`,
      });
    }
  }
}
