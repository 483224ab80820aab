import type { RandomAccess } from '../video/access-unit.js';

/** What a codec reads of a picture that is at its end. */
export interface PictureFacts {
  readonly randomAccess: RandomAccess;
  readonly recoveryFrames: number;
  readonly disposable: boolean;
  /** Needs pictures from before the random access unit that it follows. */
  readonly leading: boolean;
  /** Its numbers prove that no picture which others need is missing before it. */
  readonly followsOn: boolean;
}

/**
 * What becomes of a picture: `whole` is handed over; `unsettled` too, but is not to be shown; `damaged` lacks packets;
 * `dependent` needs something that is missing.
 */
export type Verdict = 'whole' | 'unsettled' | 'damaged' | 'dependent';

type State =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'refreshing'; readonly left: number }
  | { readonly kind: 'intact' };

const WAITING: State = { kind: 'waiting' };
const INTACT: State = { kind: 'intact' };

/** Whether the pictures that the next one may refer to are all there. */
export class ReferenceChain {
  #state: State = WAITING;
  /** Decoding began at a unit that leading pictures may follow. */
  #skipLeading = false;
  #beganAnew = false;
  /** Media time of the picture with which the last refresh was through, ms. */
  #rightFromMs = -Infinity;

  /** Something that others need is missing. */
  break(): void {
    this.#state = WAITING;
  }

  /** With the picture judged last, decoding begins, for the first time or after something was missing. */
  get beganAnew(): boolean {
    return this.#beganAnew;
  }

  /**
   * @param damaged the picture lacks packets
   * @param gap whole pictures may be missing before it
   * @param mediaTimeMs when it is to be shown
   */
  judge(facts: PictureFacts, damaged: boolean, gap: boolean, mediaTimeMs: number): Verdict {
    this.#beganAnew = false;
    if (gap && !facts.followsOn) this.break();
    if (damaged) {
      if (!facts.disposable) this.break();
      return 'damaged';
    }
    if (facts.randomAccess === 'key') {
      this.#restart(facts, INTACT);
      this.#rightFromMs = -Infinity;
    } else if (facts.randomAccess === 'recovery' && this.#state.kind === 'waiting') {
      this.#restart(
        facts,
        facts.recoveryFrames === 0 ? INTACT : { kind: 'refreshing', left: facts.recoveryFrames },
      );
      return this.#verdict(mediaTimeMs);
    }
    if (this.#skipLeading && facts.leading) return 'dependent';
    if (facts.randomAccess === 'none' && !facts.disposable) this.#skipLeading = false;
    this.#refresh(facts, mediaTimeMs);
    return this.#verdict(mediaTimeMs);
  }

  #restart(facts: PictureFacts, state: State): void {
    // With all that came before at hand, the leading pictures of a key unit can be decoded, too.
    this.#beganAnew = this.#state.kind !== 'intact';
    this.#skipLeading = this.#beganAnew && facts.recoveryFrames === 0;
    this.#state = state;
  }

  #refresh(facts: PictureFacts, mediaTimeMs: number): void {
    if (this.#state.kind !== 'refreshing' || facts.disposable) return;
    const left = this.#state.left - 1;
    this.#state = left <= 0 ? INTACT : { kind: 'refreshing', left };
    if (left <= 0) this.#rightFromMs = mediaTimeMs;
  }

  #verdict(mediaTimeMs: number): Verdict {
    switch (this.#state.kind) {
      case 'waiting':
        return 'dependent';
      case 'refreshing':
        return 'unsettled';
      case 'intact':
        // Pictures are right from the recovery point on in the order of display (H.264 D.2.8): B-pictures come behind it.
        return mediaTimeMs < this.#rightFromMs ? 'unsettled' : 'whole';
    }
  }
}
