import type { TileTexts } from '../../page/tile-texts.js';
import type { Verdict } from '../../page/verdict.js';
import { tileSheet } from './tile-style.js';

/** What a tile shows besides its picture. */
export interface TileFace {
  readonly name: string;
  readonly verdict: Verdict;
  readonly texts: TileTexts;
  /** Rate, age and size of the pictures; empty when they are not wanted. */
  readonly info: string;
  /** Whether a picture has been drawn. */
  readonly drawn: boolean;
  /** Text of the button that has the camera tried again; empty for none. */
  readonly tryAgain: string;
}

/** The inside of a `<camera-tile>`: its canvas and the texts over it, in the element's shadow root. */
export class TileView {
  static #sheet: CSSStyleSheet | null = null;

  canvas = document.createElement('canvas');
  readonly #box = document.createElement('div');
  readonly #name = part('span', 'name');
  readonly #badge = part('span', 'badge');
  readonly #what = part('div', 'what');
  readonly #todo = part('div', 'todo');
  readonly #again = part('button', 'again');
  readonly #corner = part('div', 'info');

  /** @param tryAgain the button for it was pressed */
  constructor(root: ShadowRoot, tryAgain: () => void) {
    TileView.#sheet ??= tileSheet();
    root.adoptedStyleSheets = [TileView.#sheet];
    const why = part('div', 'why');
    this.#again.type = 'button';
    // A page with buttons of its own hides this one: camera-tile::part(again).
    this.#again.part.add('again');
    this.#again.addEventListener('click', tryAgain);
    why.append(this.#what, this.#todo, this.#again);
    const bar = part('div', 'bar');
    bar.append(part('span', 'dot'), this.#name, this.#badge);
    this.#box.append(this.canvas, why, bar, this.#corner);
    root.append(this.#box);
  }

  /** A new canvas in place of the old one, which belongs to the worker for good. */
  replaceCanvas(): void {
    const canvas = document.createElement('canvas');
    this.canvas.replaceWith(canvas);
    this.canvas = canvas;
  }

  /** Shows nothing but this text: the browser cannot show pictures. */
  fail(text: string): void {
    this.#box.className = 'not-live explained blank';
    this.#what.textContent = text;
  }

  show({ name, verdict, texts, info, drawn, tryAgain }: TileFace): void {
    // Over an old picture its age says enough.
    const explained = !verdict.live && (!drawn || (verdict.word !== 'stale' && verdict.word !== 'live'));
    setText(this.#name, name);
    setText(this.#badge, texts.badge);
    setText(this.#what, explained ? texts.what : '');
    setText(this.#todo, explained ? texts.todo : '');
    setText(this.#again, tryAgain);
    setText(this.#corner, verdict.live ? info : '');
    const notLive = verdict.word === 'live' ? '' : 'not-live';
    const old = verdict.live ? '' : 'old';
    const classes = [notLive, old, explained ? 'explained' : '', drawn ? '' : 'blank']
      .filter((part) => part !== '')
      .join(' ');
    if (this.#box.className !== classes) this.#box.className = classes;
    if (this.#box.dataset['word'] !== verdict.word) this.#box.dataset['word'] = verdict.word;
  }
}

function part<K extends keyof HTMLElementTagNameMap>(tag: K, className: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  return element;
}

/** Text only, never markup: names come from people. Untouched when it is the same, so that nothing is laid out anew. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
