import { RetryHold } from './retry-hold.js';

/**
 * Whether a wall was right to change its form: by the pictures that it draws before and after it. Pure; times in ms.
 *
 * Late pictures tell that there is too much to do, and not what of it is to go. A browser that has its machine for itself draws more
 * with JPEG. One that shares it with the service may draw fewer: each JPEG has to be made, which costs more than to decode the video.
 */

/** What a wall shows: video in all tiles that may have it, or in none. */
export type WallForm = 'video' | 'jpeg';

/** Beats that a rate is the mean of. */
const RATE_BEATS = 4;
/** Of the last so many beats the rate is counted: before, the other form has yet to come, and catches up. */
const TRIAL_MS = 2_000 + RATE_BEATS * 1_000;
/** What is plainly too much shows after this, in the newest beats. */
const EARLIEST_MS = 3_000;
/** Clearly fewer pictures than before. Between that and as many, the new form stays: it was tried because of the lateness of the other. */
const CLEARLY_FEWER = { jpeg: 0.9, video: 0.98 } as const;
/** So few in the newest two beats: video that was only tried ends early. */
const FAR_FEWER = 0.9;

interface Trial {
  readonly form: WallForm;
  readonly at: number;
  /** Pictures a second before it. */
  readonly before: number;
}

export class FormTrial {
  /** Pictures of the last beats, newest last. */
  #drawn: number[] = [];
  #trial: Trial | null = null;
  /** A form that was wrong is left alone for a while. */
  readonly #holds = { jpeg: new RetryHold(), video: new RetryHold() };

  get running(): boolean {
    return this.#trial !== null;
  }

  /** Pictures a second, of RATE_BEATS; null before so many have passed. */
  get rate(): number | null {
    return this.#drawn.length < RATE_BEATS ? null : meanOf(this.#drawn);
  }

  /** Once a beat. @param drawn pictures of all tiles since the last one */
  note(drawn: number): void {
    this.#drawn = [...this.#drawn, drawn].slice(-RATE_BEATS);
  }

  mayTry(form: WallForm, now: number): boolean {
    return this.rate !== null && !this.#holds[form].holds(now);
  }

  begin(form: WallForm, now: number): void {
    this.#trial = { form, at: now, before: this.rate ?? 0 };
  }

  /** @returns null while it lasts; at its end whether the form is kept */
  verdict(now: number, isOverloaded: boolean): 'kept' | 'taken_back' | null {
    const trial = this.#trial;
    if (!trial || now - trial.at < EARLIEST_MS) return null;
    const isTooMuch =
      trial.form === 'video' && (isOverloaded || meanOf(this.#drawn.slice(-2)) < trial.before * FAR_FEWER);
    if (!isTooMuch && now - trial.at < TRIAL_MS) return null;
    this.#trial = null;
    const isKept = !isTooMuch && meanOf(this.#drawn) >= trial.before * CLEARLY_FEWER[trial.form];
    // Not JPEG if video was only tried and kept: JPEG is to be at hand when that turns out to be too much.
    if ((trial.form === 'jpeg') === isKept) this.#holds.video.failed(now);
    else if (trial.form === 'jpeg') this.#holds.jpeg.failed(now);
    return isKept ? 'kept' : 'taken_back';
  }

  /** Other tiles than before: what was drawn until now says nothing any more. */
  forget(): void {
    this.#drawn = [];
    this.#trial = null;
  }
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
