import type { Verdict, Word } from './verdict.js';

/** Which cameras have changed since a screen reader was told last. Pure. */
export class Announcements {
  readonly #told = new Map<string, Word>();
  readonly #now = new Map<string, Word>();

  note(name: string, { word }: Pick<Verdict, 'word'>): void {
    this.#now.set(name, word);
  }

  forget(name: string): void {
    this.#told.delete(name);
    this.#now.delete(name);
  }

  /** The names of those that have changed, by what they are now. A camera that is back as it was is not among them. */
  take(): ReadonlyMap<Word, readonly string[]> {
    const groups = new Map<Word, string[]>();
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
