import type { Strings } from '../page/strings.js';
import { make, makeButton } from './dom.js';

export interface HintActions {
  add(): void;
  showHidden(): void;
}

/** Why there are no tiles: no camera is known, or all that are known are hidden on this wall. */
export type EmptyReason = 'none' | 'hidden';

/** What a wall without tiles shows instead. */
export class EmptyHint {
  readonly element = make('section', { className: 'empty' });
  readonly #title = make('h2');
  readonly #text = make('p');
  readonly #buttons = make('div', { className: 'row' });
  readonly #show: HTMLButtonElement;
  readonly #add: HTMLButtonElement;

  constructor(
    private readonly strings: Strings,
    actions: HintActions,
  ) {
    this.#show = makeButton(strings.show, 'primary', () => actions.showHidden());
    this.#add = makeButton(strings.add, 'primary', () => actions.add());
    this.element.append(this.#title, this.#text, this.#buttons);
    this.element.hidden = true;
  }

  /** @param reason null while there are tiles, or while it is not known yet whether there are cameras */
  show(reason: EmptyReason | null): void {
    this.element.hidden = reason === null;
    if (reason === null) return;
    const { strings } = this;
    this.#title.textContent = reason === 'none' ? strings.emptyTitle : strings.allHiddenTitle;
    this.#text.textContent = reason === 'none' ? strings.emptyText : strings.allHiddenText;
    this.#buttons.replaceChildren(...(reason === 'none' ? [this.#add] : [this.#show, this.#add]));
  }
}
