import type { Verdict, Word } from './verdict.js';

/** What is told of a camera; `removed`: it was there, and the service has none of this name any more. */
export type Announced = Word | 'removed';

/** Which cameras have changed since a screen reader was told last. Pure. */
export class Announcements {
  readonly #told = new Map<string, Announced>();
  readonly #now = new Map<string, Announced>();
  /** Those that the service has had. */
  readonly #known = new Set<string>();

  note(name: string, { word, reason }: Pick<Verdict, 'word' | 'reason'>): void {
    if (word !== 'refused' && word !== 'connecting' && word !== 'link') this.#known.add(name);
    const isGone = word === 'refused' && reason === 'no_such_camera' && this.#known.has(name);
    this.#now.set(name, isGone ? 'removed' : word);
  }

  forget(name: string): void {
    this.#told.delete(name);
    this.#now.delete(name);
    this.#known.delete(name);
  }

  /** The names of those that have changed, by what they are now. A camera that is back as it was is not among them. */
  take(): ReadonlyMap<Announced, readonly string[]> {
    const groups = new Map<Announced, string[]>();
    for (const [name, word] of this.#now) {
      const before = this.#told.get(name);
      if (before === word || word === 'connecting' || word === 'waiting') continue;
      this.#told.set(name, word);
      // The first time that a camera is live is what everyone expects.
      if (before === undefined && word === 'live') continue;
      groups.set(word, [...(groups.get(word) ?? []), name]);
    }
    return groups;
  }
}
