import type { Strings } from '../../page/strings.js';
import { make, makeButton } from '../dom.js';

export interface HintActions {
  add(): void;
  showHidden(): void;
}

/** Why there are no tiles: no camera is known, all that are known are hidden on this wall, or the view is not known. */
export type EmptyReason = 'none' | 'hidden' | 'noView';

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
    const [title, text] = this.strings.empty[reason];
    this.#title.textContent = title;
    this.#text.textContent = text;
    this.#buttons.replaceChildren(...this.#buttonsFor(reason));
  }

  #buttonsFor(reason: EmptyReason): HTMLButtonElement[] {
    const { strings, actions } = this;
    if (!actions || reason === 'noView') return [];
    const add = makeButton(strings.add, 'primary', () => actions.add());
    return reason === 'none' ? [add] : [makeButton(strings.show, 'primary', () => actions.showHidden()), add];
  }
}
