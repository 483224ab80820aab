/** Steps that give back what was taken, for an end that may come from several sides at any moment. */
export class Undo {
  #steps: (() => void)[] = [];

  add(step: () => void): void {
    this.#steps.push(step);
  }

  /** Runs the steps that are left, newest first, each once however often this is called. */
  run(): void {
    const steps = this.#steps;
    this.#steps = [];
    for (const step of steps.reverse()) step();
  }
}
