/**
 * Which decoder of a run is shown, and which one is to take its place. Another set of sizes, or another kind of picture, takes
 * another decoder. It is started beside the present one on the units since the last key frame, and takes its place with the first
 * picture that is newer than what was shown, or once it has caught up: a decoder of larger pictures may be the later one for ever. No
 * picture is missing, none comes twice, none goes back. No I/O.
 */

/** What the exchange needs of a decoder. */
export interface Exchangeable {
  /** Two decoders with the same key decode the same. */
  readonly key: string;
  /** It takes no more units: another one begins in its place. */
  readonly isSealed: boolean;
  /** Ends it; none of its frames is wanted any more. */
  retire(): void;
}

type State<D> =
  /** Nothing can be decoded yet. */
  | { readonly kind: 'waiting' }
  /** The same, but `prepared` has been started for what is expected. It is given nothing yet. */
  | { readonly kind: 'prepared'; readonly prepared: D }
  | { readonly kind: 'running'; readonly current: D }
  /** `next` decodes, and is not shown yet. */
  | { readonly kind: 'replacing'; readonly current: D; readonly next: D }
  | { readonly kind: 'ended' };

export class DecoderExchange<D extends Exchangeable> {
  #state: State<D> = { kind: 'waiting' };
  /** Time of the newest picture that was shown, ticks. */
  #shown = -Infinity;

  get kind(): State<D>['kind'] {
    return this.#state.kind;
  }

  /** Those that are to be given units: the one that is shown first. */
  get decoders(): readonly D[] {
    switch (this.#state.kind) {
      case 'running':
        return [this.#state.current];
      case 'replacing':
        return [this.#state.current, this.#state.next];
      case 'waiting':
      case 'prepared':
      case 'ended':
        return [];
    }
  }

  /** Nothing decodes yet. */
  get isEmpty(): boolean {
    return this.#state.kind === 'waiting' || this.#state.kind === 'prepared';
  }

  /** What decodes takes no more units. */
  get isSealed(): boolean {
    const { decoders } = this;
    return decoders.length > 0 && decoders.every(({ isSealed }) => isSealed);
  }

  /** Whether `want` would start one. */
  startsFor(key: string): boolean {
    const state = this.#state;
    switch (state.kind) {
      case 'waiting':
        return true;
      case 'prepared':
        return state.prepared.key !== key;
      case 'running':
        return state.current.key !== key;
      case 'replacing':
        return state.next.key !== key && !goesBack(state, key);
      case 'ended':
        return false;
    }
  }

  /** Starts a decoder for what is expected, as long as nothing can be decoded. One with another key that was started so is retired. */
  prepare(key: string, start: () => D): void {
    const state = this.#state;
    if (state.kind === 'prepared' && state.prepared.key !== key) this.giveUpPrepared();
    if (this.#state.kind === 'waiting') this.#state = { kind: 'prepared', prepared: start() };
  }

  /** What was expected does not come. */
  giveUpPrepared(): void {
    if (this.#state.kind !== 'prepared') return;
    const { prepared } = this.#state;
    this.#state = { kind: 'waiting' };
    prepared.retire();
  }

  /** Makes sure that a decoder with this key runs or is on its way, and none with another key. */
  want(key: string, start: () => D): void {
    const state = this.#state;
    switch (state.kind) {
      case 'waiting':
        this.#state = { kind: 'running', current: start() };
        break;
      case 'prepared':
        if (state.prepared.key === key) this.#state = { kind: 'running', current: state.prepared };
        else {
          this.giveUpPrepared();
          this.want(key, start);
        }
        break;
      case 'running':
        if (state.current.key !== key) this.#state = { ...state, kind: 'replacing', next: start() };
        break;
      case 'replacing':
        if (state.next.key === key) break;
        state.next.retire();
        this.#state = goesBack(state, key)
          ? { kind: 'running', current: state.current }
          : { ...state, next: start() };
        break;
      case 'ended':
        break;
    }
  }

  /** What comes does not follow what the present decoders were given: another one of the same kind begins with it. */
  renew(start: () => D): void {
    const state = this.#state;
    if (state.kind === 'replacing') state.next.retire();
    if (state.kind === 'running' || state.kind === 'replacing')
      this.#state = { kind: 'replacing', current: state.current, next: start() };
  }

  /** Pictures older than this are not to be shown: they are decoded for the sake of a newer one. */
  hideBefore(ticks: number): void {
    this.#shown = Math.max(this.#shown, ticks - 1);
  }

  /**
   * A decoder gave a picture.
   * @param hasCaughtUp it is about as far as it was given units
   * @returns whether to show it
   */
  picture(from: D, ticks: number, hasCaughtUp: boolean): boolean {
    const state = this.#state;
    if (state.kind !== 'running' && state.kind !== 'replacing') return false;
    const isNext = state.kind === 'replacing' && from === state.next;
    const isNewer = ticks > this.#shown;
    if (from !== state.current && !isNext) return false;
    if (isNext && (isNewer || hasCaughtUp)) {
      state.current.retire();
      this.#state = { kind: 'running', current: from };
    }
    if (isNewer) this.#shown = ticks;
    return isNewer;
  }

  /**
   * A decoder ended by itself. The other one goes on, if there is one.
   * @returns whether none is left that decodes what is wanted
   */
  lost(decoder: D): boolean {
    const state = this.#state;
    if (state.kind === 'running' && decoder === state.current) {
      this.#state = { kind: 'waiting' };
      return true;
    }
    // The start for what comes tells whether that is a fault.
    if (state.kind === 'prepared' && decoder === state.prepared) this.#state = { kind: 'waiting' };
    if (state.kind !== 'replacing') return false;
    if (decoder === state.current) {
      this.#state = { kind: 'running', current: state.next };
      return false;
    }
    if (decoder !== state.next) return false;
    this.#state = { kind: 'running', current: state.current };
    return true;
  }

  /** Retires all, for good. */
  end(): void {
    this.giveUpPrepared();
    const { decoders } = this;
    this.#state = { kind: 'ended' };
    for (const decoder of decoders) decoder.retire();
  }
}

/** The present decoder is what is wanted after all. */
const goesBack = ({ current }: { readonly current: Exchangeable }, key: string): boolean =>
  current.key === key && !current.isSealed;
