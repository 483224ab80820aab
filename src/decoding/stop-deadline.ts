/**
 * When a thread that was told to stop and does not is terminated. Only one that has begun its task can hang in native code of ours.
 * One that still loads its modules, as on a busy machine, must not be: Node 20 then ends the whole process
 * (`v8::Module::IsGraphAsync must be used on an instantiated module`). It finds the word to stop when it has loaded them.
 */
export class StopDeadline {
  #hasBegun = false;
  #isStopping = false;
  #timer: NodeJS.Timeout | null = null;
  #isOver = false;

  constructor(
    private readonly afterMs: number,
    private readonly terminate: () => void,
  ) {}

  /** The thread has begun its task. */
  begun(): void {
    this.#hasBegun = true;
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
    if (this.#timer) clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#hasBegun && this.#isStopping && !this.#isOver)
      this.#timer ??= setTimeout(this.terminate, this.afterMs);
  }
}
