import type { Strings } from '../../page/strings.js';
import { closedText } from '../../page/tile-texts.js';
import type { Word } from '../../page/verdict.js';
import { MAX_COLUMNS } from '../../page/wall-address.js';
import type { View } from '../../page/view.js';
import { make, makeButton } from '../dom.js';

export interface ToolbarActions {
  add(): void;
  /** Shows the cameras of the configuration, to change them. */
  manage(): void;
  help(): void;
  back(): void;
  /** Takes the large camera off the wall. */
  remove(): void;
  showHidden(): void;
  columns(columns: number | null): void;
  fullScreen(): void;
  /** Goes to a view, or with null to the wall of all cameras. */
  open(view: string | null): void;
}

export interface Summary {
  readonly linked: boolean;
  /** Close code of the lost connection. */
  readonly closedCode: number;
  readonly count: number;
  readonly words: ReadonlyMap<Word, number>;
  readonly hidden: number;
  readonly columns: number | null;
  readonly large: boolean;
}

const ORDER: readonly Word[] = [
  'live',
  'waiting',
  'connecting',
  'stale',
  'frozen',
  'offline',
  'refused',
  'removed',
];

/** The line above the tiles: what the wall is at, and its few controls. Not there in full screen. */
export class Toolbar {
  readonly element = make('header', { className: 'bar' });
  readonly #text = make('span', { className: 'summary' });
  readonly #back: HTMLButtonElement;
  readonly #remove: HTMLButtonElement;
  readonly #hidden: HTMLButtonElement;
  readonly #columns = make('select');
  readonly #manage: HTMLButtonElement;
  readonly #views = make('select', { className: 'views' });
  /** Of the menu's entries. */
  #viewNames: readonly (string | null)[] = [null];
  #warning = '';

  constructor(
    private readonly strings: Strings,
    actions: ToolbarActions,
  ) {
    this.#back = makeButton(`← ${strings.back}`, 'back', () => actions.back());
    this.#remove = makeButton(strings.takeOff, 'remove', () => actions.remove());
    this.#hidden = makeButton('', 'hidden', () => actions.showHidden());
    this.#columns.append(make('option', { text: strings.auto }));
    for (let count = 1; count <= MAX_COLUMNS; count += 1)
      this.#columns.append(make('option', { text: String(count) }));
    this.#columns.addEventListener('change', () => actions.columns(this.#columns.selectedIndex || null));
    this.#manage = makeButton(strings.manage.open, 'manage', () => actions.manage());
    this.#manage.hidden = true;
    this.#views.setAttribute('aria-label', strings.views);
    this.#views.hidden = true;
    this.#views.addEventListener('change', () =>
      actions.open(this.#viewNames[this.#views.selectedIndex] ?? null),
    );
    const columns = make('label', { className: 'columns', text: `${strings.columns} ` }, this.#columns);
    this.element.append(
      make('h1', { text: strings.wall }),
      this.#views,
      this.#back,
      this.#text,
      this.#hidden,
      this.#remove,
      columns,
      makeButton(strings.add, 'add', () => actions.add()),
      this.#manage,
      makeButton(strings.fullScreen, 'full', () => actions.fullScreen()),
      makeButton(strings.help, 'help', () => actions.help()),
    );
    // The large tile begins where the bar ends.
    new ResizeObserver(() => {
      document.documentElement.style.setProperty('--bar-height', `${this.element.offsetHeight}px`);
    }).observe(this.element);
  }

  /** A problem that the summary names; empty for none. */
  warn(text: string): void {
    this.#warning = text;
  }

  /** Whether the cameras of the configuration can be changed. */
  offerManaging(offered: boolean): void {
    this.#manage.hidden = !offered;
  }

  /** Offers these views in the menu; without any there is no menu. `current` is the view that is shown, or null. */
  offer(views: readonly View[], current: string | null): void {
    const names = [null, ...views.map(({ view }) => view)];
    const titles = [this.strings.allCameras, ...views.map(({ title }) => title)];
    this.#views.hidden = views.length === 0;
    if (titles.join('\n') !== [...this.#views.options].map(({ text }) => text).join('\n'))
      this.#views.replaceChildren(...titles.map((text) => make('option', { text })));
    this.#viewNames = names;
    this.#views.selectedIndex = names.indexOf(current);
  }

  show(summary: Summary): void {
    const { strings } = this;
    this.#back.hidden = !summary.large;
    this.#remove.hidden = !summary.large;
    this.#hidden.hidden = summary.hidden === 0;
    this.#hidden.textContent = `${strings.hidden(summary.hidden)} · ${strings.show}`;
    this.#columns.selectedIndex = summary.columns ?? 0;
    const text = summary.linked
      ? [numbers(summary, strings), this.#warning].filter((part) => part !== '').join(' · ')
      : this.#warning || `${strings.linkTitle}. ${closedText(summary.closedCode, strings)}`;
    if (this.#text.textContent !== text) this.#text.textContent = text;
  }
}

function numbers({ count, words }: Summary, strings: Strings): string {
  if (count === 0) return '';
  const parts = ORDER.flatMap((word) => {
    const number = words.get(word) ?? 0;
    if (number === 0) return [];
    return [`${number} ${strings.wordOf(word, number).toLowerCase()}`];
  });
  return [strings.cameras(count), ...parts].join(' · ');
}
