import { Announcements } from '../../page/announcements.js';
import type { Strings } from '../../page/strings.js';
import type { Verdict } from '../../page/verdict.js';
import { make } from '../dom.js';

/**
 * Tells a screen reader which cameras changed. Changes are gathered, so that a switch that takes 40 cameras with it is
 * one sentence; a camera that is back as it was by then is not mentioned.
 */
const GATHER_MS = 4000;

export class Announcer {
  readonly element = make('div', { className: 'announcer' });
  readonly #changes = new Announcements();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly strings: Strings) {
    this.element.setAttribute('aria-live', 'polite');
  }

  note(name: string, verdict: Verdict): void {
    this.#changes.note(name, verdict);
    this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS);
  }

  forget(name: string): void {
    this.#changes.forget(name);
  }

  #tell(): void {
    this.#timer = undefined;
    const { wordOf, changed } = this.strings;
    const said = [...this.#changes.take()].map(([word, names]) => changed(names, wordOf(word, names.length)));
    if (said.length > 0) this.element.textContent = said.join(' ');
  }
}
