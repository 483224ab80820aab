/**
 * Which of a decoder's pictures are shown while it catches up. A decoder begins at a key unit that may be many seconds old and is
 * given all units since then at once: only the newest picture is to be seen, not a film of the past. Pure; times in ms.
 */

/** A unit that was no older than this when it arrived shows the present. */
export const PRESENT_MS = 400;
/** Units queued for the decoder of which no more are waited for. */
const FEW_QUEUED = 1;
/** Pictures are shown from then on whatever their age: the line or the decoder is that slow. */
const LONGEST_MS = 1500;
/** Nothing more came for so long: the newest picture is the present, as of a camera with few pictures a second. */
export const IDLE_MS = 80;

export interface DecodedPicture {
  /** Age of its unit when that arrived, ms, by the server's clock. */
  readonly age: number;
  /** Units that the decoder has yet to take. */
  readonly queued: number;
  /** When its unit came from the camera: Unix epoch, ms. */
  readonly capturedAt: number;
}

export class CatchUp {
  /** When it began; null while the decoder is in the present. */
  #began: number | null = null;
  /** `capturedAt` of the newest picture that was shown. */
  #shown = -Infinity;

  get active(): boolean {
    return this.#began !== null;
  }

  /** The decoder begins at a key unit. */
  begin(now: number): void {
    this.#began = now;
  }

  /** Whether to show this picture. False: keep it as the newest, and show it when IDLE_MS pass without another. */
  shows({ age, queued, capturedAt }: DecodedPicture, now: number): boolean {
    if (this.#began !== null) {
      // After a short pause what is on the screen is of the present, too: time does not go back.
      const isPast = age > PRESENT_MS || capturedAt < this.#shown;
      if ((isPast || queued > FEW_QUEUED) && now - this.#began < LONGEST_MS) return false;
      this.#began = null;
      this.#shown = capturedAt;
    }
    // B-pictures are shown behind pictures that came before them.
    this.#shown = Math.max(this.#shown, capturedAt);
    return true;
  }

  /** IDLE_MS passed since the newest picture. */
  idle(): void {
    this.#began = null;
  }
}
