/**
 * Lets units of one decoder of a camera pass at a time: units that depend on others are worth nothing after a change of whoever sends
 * them, until its first key unit. Pure.
 */
export class UnitSource {
  #source: unknown = null;

  /** @param source the run on this node, or the node that sends them: the same value as long as nothing is missing in between */
  takes(source: unknown, kind: 'key' | 'delta'): boolean {
    if (kind === 'key') this.#source = source;
    return source === this.#source;
  }

  /** Some were left out. */
  broken(): void {
    this.#source = null;
  }
}
