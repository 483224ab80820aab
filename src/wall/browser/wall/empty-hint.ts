import type { Strings } from '../../page/strings.js';
import { make, makeButton } from '../dom.js';

export interface HintActions {
  add(): void;
  showHidden(): void;
}

/** Why there are no tiles: no camera is known, all that are known are hidden on this wall, the view is not known, or the service is not there or wants a token. */
export type EmptyReason = 'none' | 'hidden' | 'noView' | 'noServer' | 'refused';

/** What a wall without tiles shows instead. */
export class EmptyHint {
  readonly element = make('section', { className: 'empty' });
  readonly #title = make('h2');
  readonly #text = make('p');
  readonly #buttons = make('div', { className: 'row' });

  constructor(
    private readonly strings: Strings,
    /** Null: nobody is there to press a button. */
    private readonly actions: HintActions | null,
  ) {
    this.element.append(this.#title, this.#text, this.#buttons);
    this.element.hidden = true;
  }

  /** @param reason null while there are tiles, or while it is not known yet whether there are cameras */
  show(reason: EmptyReason | null): void {
    this.element.hidden = reason === null;
    if (reason === null) return;
    const [title, text] = this.#words(reason);
    this.#title.textContent = title;
    this.#text.textContent = text;
    this.#buttons.replaceChildren(...this.#buttonsFor(reason));
  }

  #words(reason: EmptyReason): readonly [title: string, text: string] {
    const { empty, words, linkTitle, link, listRefused } = this.strings;
    if (reason === 'noServer') return [linkTitle, link];
    return reason === 'refused' ? [words.refused, listRefused] : empty[reason];
  }

  #buttonsFor(reason: EmptyReason): HTMLButtonElement[] {
    const { strings, actions } = this;
    if (!actions || (reason !== 'none' && reason !== 'hidden')) return [];
    const add = makeButton(strings.add, 'primary', () => actions.add());
    return reason === 'none' ? [add] : [makeButton(strings.show, 'primary', () => actions.showHidden()), add];
  }
}
