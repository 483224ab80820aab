/**
 * Whether a step to more or less video was right: by the pictures that the wall draws before and after it. Pure; times in ms.
 *
 * Late pictures tell that there is too much to do, and not what of it is to go. A browser that has its machine for itself draws more
 * with JPEG, whose pictures are small. One that shares it with the service, or with programs that take most of it, draws fewer: each
 * JPEG has to be made, which costs more than to decode the video.
 */

export type Direction = 'less' | 'more';

/** Beats that a rate is the mean of. */
const RATE_BEATS = 4;
/** A step shows its effect after this; then its rate is counted. JPEG comes a moment after it was asked for. */
const SETTLE_MS = 2_000;
const TRIAL_MS = SETTLE_MS + RATE_BEATS * 1_000;
/** Steps are kept that bring at least this much. Of two that are alike the one with less to decode is taken. */
const GAIN = { less: 1, more: 1.05 } as const;
/** A direction that was wrong is not tried for so long; doubled each time. */
const FIRST_HOLD_MS = 30_000;
const LONGEST_HOLD_MS = 600_000;

interface Trial {
  readonly direction: Direction;
  readonly at: number;
  /** Pictures a second before it. */
  readonly before: number;
  /** To go back to. */
  readonly budget: number;
}

export class StepTrial {
  #rates: number[] = [];
  #trial: Trial | null = null;
  readonly #holds = {
    less: { until: -Infinity, ms: FIRST_HOLD_MS },
    more: { until: -Infinity, ms: FIRST_HOLD_MS },
  };

  get running(): boolean {
    return this.#trial !== null;
  }

  /** Once a beat. @param drawn pictures of all tiles since the last one */
  note(drawn: number): void {
    this.#rates = [...this.#rates, drawn].slice(-RATE_BEATS);
  }

  mayTry(direction: Direction, now: number): boolean {
    return this.#rates.length === RATE_BEATS && now >= this.#holds[direction].until;
  }

  begin(direction: Direction, budget: number, now: number): void {
    this.#trial = { direction, at: now, before: this.#rate, budget };
  }

  /** @returns null while it lasts; after it the budget to go back to, if the step was wrong */
  verdict(now: number): { readonly back: number | null } | null {
    const trial = this.#trial;
    if (!trial || now - trial.at < TRIAL_MS) return null;
    this.#trial = null;
    const hold = this.#holds[trial.direction];
    if (this.#rate >= trial.before * GAIN[trial.direction]) {
      hold.ms = FIRST_HOLD_MS;
      return { back: null };
    }
    hold.until = now + hold.ms;
    hold.ms = Math.min(LONGEST_HOLD_MS, hold.ms * 2);
    return { back: trial.budget };
  }

  /** Other tiles than before: what was drawn until now says nothing any more. */
  forget(): void {
    this.#rates = [];
    this.#trial = null;
  }

  get #rate(): number {
    return this.#rates.reduce((sum, drawn) => sum + drawn, 0) / Math.max(1, this.#rates.length);
  }
}
