/** After a step down nothing is stepped up for so many looks; doubled each time it follows soon on a step up. */
export const FIRST_HOLD_LOOKS = 30;
const LONGEST_HOLD_LOOKS = 960;

/** When the next step up may be tried. Counts in looks. Pure. */
export class StepHold {
  #until = -Infinity;
  #looks = FIRST_HOLD_LOOKS;
  #steppedUpAt = -Infinity;

  isOver(look: number): boolean {
    return look >= this.#until;
  }

  steppedUp(look: number): void {
    this.#steppedUpAt = look;
  }

  steppedDown(look: number): void {
    // Within a hold, this is more of the same overload.
    if (this.isOver(look)) {
      const tooSoon = look - this.#steppedUpAt < FIRST_HOLD_LOOKS;
      this.#looks = tooSoon ? Math.min(LONGEST_HOLD_LOOKS, this.#looks * 2) : FIRST_HOLD_LOOKS;
    }
    this.#until = look + this.#looks;
  }
}
