import type { Strings } from '../../page/strings.js';
import type { Word } from '../../page/verdict.js';
import { make } from '../dom.js';

/**
 * Tells a screen reader which cameras changed. Changes are gathered, so that a switch that takes 40 cameras with it is
 * one sentence; a camera that is back as it was by then is not mentioned.
 */
const GATHER_MS = 4000;

export class Announcer {
  readonly element = make('div', { className: 'announcer' });
  readonly #announced = new Map<string, Word>();
  readonly #now = new Map<string, Word>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly strings: Strings) {
    this.element.setAttribute('aria-live', 'polite');
  }

  note(name: string, word: Word): void {
    this.#now.set(name, word);
    this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS);
  }

  forget(name: string): void {
    this.#announced.delete(name);
    this.#now.delete(name);
  }

  #tell(): void {
    this.#timer = undefined;
    const groups = new Map<Word, string[]>();
    for (const [name, word] of this.#now) {
      const before = this.#announced.get(name);
      if (before === word || word === 'connecting' || word === 'waiting') continue;
      this.#announced.set(name, word);
      // The first time that a camera is live is what everyone expects.
      if (before === undefined && word === 'live') continue;
      groups.set(word, [...(groups.get(word) ?? []), name]);
    }
    if (groups.size === 0) return;
    this.element.textContent = [...groups]
      .map(([word, names]) => this.strings.changed(names, this.strings.words[word]))
      .join(' ');
  }
}
