/** Two times behind within this time, ms, are no accident. */
const SKIP_MEMORY_MS = 30_000;
/** Video is tried again after the first, doubled each time up to the second, ms. */
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 600_000;
/** Video that went well for so long, ms, has made good what was before. */
const PROVEN_MS = 300_000;

type State =
  /** Video flows, or may be tried. */
  | { readonly kind: 'video'; readonly since: number; readonly skippedAt: number }
  /** It was given up, and is not tried before `until`. */
  | { readonly kind: 'given_up'; readonly until: number };

/** When a tile gives video up, and when it tries again. Pure; times are monotonic, ms. */
export class VideoFallback {
  #state: State = { kind: 'video', since: -Infinity, skippedAt: -Infinity };
  #pauseMs = FIRST_PAUSE_MS;

  /** Whether video may be tried now. */
  mayTry(now: number): boolean {
    return this.#state.kind === 'video' || now >= this.#state.until;
  }

  /** Whether it was given up before. */
  get isRetry(): boolean {
    return this.#state.kind === 'given_up';
  }

  /** The first unit was sent. */
  began(now: number): void {
    this.#state = { kind: 'video', since: now, skippedAt: -Infinity };
  }

  /** The tile was behind. @returns whether video is to be given up */
  skipped(now: number): boolean {
    const { kind } = this.#state;
    if (kind === 'given_up') return true;
    const isSecond = now - this.#state.skippedAt <= SKIP_MEMORY_MS;
    this.#state = { ...this.#state, skippedAt: now };
    return isSecond;
  }

  gaveUp(now: number): void {
    if (this.#state.kind === 'video' && now - this.#state.since > PROVEN_MS && this.#state.since > -Infinity)
      this.#pauseMs = FIRST_PAUSE_MS;
    this.#state = { kind: 'given_up', until: now + this.#pauseMs };
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }
}
