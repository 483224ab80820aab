/** Lets a bounded number of cameras connect at the same time; the others wait in order. */
export class ConnectGate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param slots most holders at a time, at least 1 */
  constructor(slots: number) {
    this.#free = slots;
  }

  /**
   * Waits for a slot.
   * @returns the function that gives it back (calling it again does nothing); `null` when `signal` was aborted first
   */
  async enter(signal: AbortSignal): Promise<(() => void) | null> {
    if (signal.aborted) return null;
    if (this.#free > 0) this.#free--;
    else {
      const granted = await new Promise<boolean>((resolve) => {
        const grant = (): void => {
          signal.removeEventListener('abort', leave);
          resolve(true);
        };
        const leave = (): void => {
          this.#waiting.splice(this.#waiting.indexOf(grant), 1);
          resolve(false);
        };
        this.#waiting.push(grant);
        signal.addEventListener('abort', leave, { once: true });
      });
      if (!granted) return null;
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
  }
}
