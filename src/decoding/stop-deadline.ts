/** When a thread is given up, ms after a run of it was told to stop. */
export interface StopLimits {
  /** It has told nothing of the run for so long: it hangs in native code, and all its runs with it. */
  readonly silenceMs: number;
  /** The run has not ended in spite of that. */
  readonly mostMs: number;
}

/**
 * When a thread that was told to stop a run and does not is terminated: its other runs end with it. Only one that has begun the task
 * can hang in native code of ours. One that still loads its modules, as on a busy machine, must not be: Node 20 then ends the whole
 * process (`v8::Module::IsGraphAsync must be used on an instantiated module`). It finds the word to stop when it has loaded them.
 */
export class StopDeadline {
  #hasBegun = false;
  #isStopping = false;
  #isOver = false;
  #silence: NodeJS.Timeout | null = null;
  #most: NodeJS.Timeout | null = null;

  constructor(
    private readonly limits: StopLimits,
    private readonly terminate: () => void,
  ) {}

  /** The thread told something of the run: it has begun it, and does not hang. */
  heard(): void {
    this.#hasBegun = true;
    if (this.#silence) clearTimeout(this.#silence);
    this.#silence = null;
    this.#arm();
  }

  /** The thread was told to stop. */
  stopping(): void {
    this.#isStopping = true;
    this.#arm();
  }

  /** The task is over: nothing is terminated any more. */
  over(): void {
    this.#isOver = true;
    for (const timer of [this.#silence, this.#most]) if (timer) clearTimeout(timer);
  }

  #arm(): void {
    if (!this.#hasBegun || !this.#isStopping || this.#isOver) return;
    this.#silence ??= setTimeout(this.#giveUp, this.limits.silenceMs);
    this.#most ??= setTimeout(this.#giveUp, this.limits.mostMs);
  }

  readonly #giveUp = (): void => {
    this.over();
    this.terminate();
  };
}
