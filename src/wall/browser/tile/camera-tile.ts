import { type Strings, stringsFor } from '../../page/strings.js';
import { validRendition } from '../../page/tile-rendition.js';
import { tileTexts } from '../../page/tile-texts.js';
import { isHeld, type Verdict } from '../../page/verdict.js';
import { jpegReasonText } from '../../page/video/jpeg-reasons.js';
import type { TileRendition } from '../../protocol.js';
import { TileView } from './tile-view.js';
import { WallClient } from './wall-client.js';
import type { WallTile } from './wall-tile.js';

/** A tile is seen from this part of it on. Not 0: a tile that touches an edge would then have passed it already. */
const SEEN_PART = 0.001;

const RENDITION = ['width', 'height', 'quality', 'fps'] as const;

/**
 * `<camera-tile camera="gate">`: one live camera that always says whether its picture is of the present.
 * Attributes: `camera`, `label`, `codecs` (`jpeg`: no video), and `width` `height` `quality` `fps` of the rendition. Properties: `rtsp` (never an
 * attribute: it may hold a password), `main`, `wall`, `info`, `suspended`. Dispatches `verdictchange`.
 */
export class CameraTile extends HTMLElement {
  static readonly observedAttributes = ['camera', 'label', 'width', 'height', 'quality', 'fps', 'lang'];
  /** Wall of all tiles that were given none: one socket for each document. */
  static #common: WallClient | null = null;

  /** URL of a camera that is not configured. Set it before the element is connected. */
  rtsp: string | undefined;
  #wall: WallClient | null = null;
  #tile: WallTile | null = null;
  #verdict: Verdict | null = null;
  #main = false;
  #info = false;
  #suspended = false;
  #away = false;
  #seen = true;
  readonly #view = new TileView(this.attachShadow({ mode: 'open' }), () => this.tryAgain());
  readonly #observer = new IntersectionObserver(
    (entries) => {
      // Not `isIntersecting`: that is true of a tile that only touches an edge, and in Chromium of one that was scrolled under
      // something if it lies behind the window's first pixel.
      this.#seen = (entries.at(-1)?.intersectionRatio ?? 1) > 0;
      this.#pause();
    },
    { threshold: SEEN_PART },
  );
  readonly #pause = (): void => this.#tile?.setPaused(!this.#seen || this.#suspended || document.hidden);
  readonly #changed = (): void => this.#render();

  get camera(): string {
    return this.getAttribute('camera') ?? '';
  }

  /** The wall whose socket this tile uses; set it before the element is connected. */
  get wall(): WallClient {
    this.#wall ??= CameraTile.#common ??= new WallClient();
    return this.#wall;
  }
  set wall(wall: WallClient) {
    this.#wall = wall;
  }

  /** Whether the camera's main stream is shown. */
  get main(): boolean {
    return this.#main;
  }

  /** Rate, age and size of the pictures in a corner. */
  get info(): boolean {
    return this.#info;
  }
  set info(info: boolean) {
    this.#info = info;
    this.#render();
  }

  /** True: nobody can see the tile, whatever the browser believes (something lies over it). */
  get suspended(): boolean {
    return this.#suspended;
  }
  set suspended(suspended: boolean) {
    this.#suspended = suspended;
    this.#pause();
  }

  /** True: the camera is given up, and costs nothing at all; the tile keeps its last picture. */
  get away(): boolean {
    return this.#away;
  }
  set away(away: boolean) {
    this.#away = away;
    this.#tile?.setAway(away);
  }

  /** What the tile says now; null while it is not connected. */
  get verdict(): Verdict | null {
    return this.#verdict;
  }

  /** The same in words. Without the age, which grows while nobody reads it. */
  get said(): string {
    if (!this.#verdict) return '';
    const { todo } = tileTexts(this.#verdict, this.#strings, this.#closedCode);
    const word = this.#strings.words[this.#verdict.word];
    return todo === '' ? word : `${word}. ${todo}`;
  }

  /** What the picture came as: `h264`, `h265` or `jpeg`; null before the first. */
  get form(): WallTile['form'] {
    return this.#tile?.form ?? null;
  }

  /** Changes size, quality, rate or stream in one step. The old pictures go on until the first of the new. */
  setRendition(rendition: TileRendition): void {
    this.#main = rendition.main ?? false;
    for (const name of RENDITION) {
      const value = rendition[name];
      if (value === undefined) this.removeAttribute(name);
      else this.setAttribute(name, String(value));
    }
    this.#tile?.setRendition(this.#rendition);
  }

  /** Asks again for a camera that was refused. */
  retry(): void {
    this.#tile?.retry();
  }

  /** Has a camera tried now that refused its credentials, and is left alone for that; for a person's click. */
  tryAgain(): void {
    this.#tile?.tryAgain();
  }

  connectedCallback(): void {
    // Moved within the document: nothing was given up.
    if (this.#tile) return;
    const { canvas } = this.#view;
    if (typeof canvas.transferControlToOffscreen !== 'function') {
      this.#view.fail(this.#strings.browserTooOld);
      return;
    }
    this.#tile = this.wall.add(canvas, {
      camera: this.camera,
      rtsp: this.rtsp,
      ...this.#rendition,
      codecs: this.getAttribute('codecs') === 'jpeg' ? 'jpeg' : 'auto',
    });
    if (this.#away) this.#tile.setAway(true);
    this.#tile.addEventListener('change', this.#changed);
    this.#observer.observe(this);
    document.addEventListener('visibilitychange', this.#pause);
    // The page may be hidden from the start; the observer says nothing before it is shown.
    this.#pause();
    this.#render();
  }

  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (!this.isConnected) this.#giveUp();
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (!this.isConnected || before === after) return;
    if (name === 'camera') {
      this.#giveUp();
      this.connectedCallback();
    } else {
      this.#render();
    }
  }

  get #strings(): Strings {
    return stringsFor(this.lang || navigator.language);
  }

  get #closedCode(): number {
    return this.#wall?.closed.code ?? 0;
  }

  get #rendition(): TileRendition {
    const [width, height, quality, fps] = RENDITION.map((name) => this.getAttribute(name));
    return validRendition({ width, height, quality, fps, main: this.#main });
  }

  #giveUp(): void {
    this.#observer.disconnect();
    document.removeEventListener('visibilitychange', this.#pause);
    this.#tile?.removeEventListener('change', this.#changed);
    this.#tile?.remove();
    this.#tile = null;
    this.#verdict = null;
    this.#view.replaceCanvas();
  }

  #render(): void {
    const tile = this.#tile;
    if (!tile) return;
    const verdict = tile.verdict;
    const before = this.#verdict;
    this.#verdict = verdict;
    this.#view.show({
      name: this.getAttribute('label') ?? this.camera,
      verdict,
      texts: tileTexts(verdict, this.#strings, this.#closedCode, tile.retryDenied),
      info: this.#info ? infoOf(tile, this.#strings.lang) : '',
      drawn: tile.size.width > 0,
      tryAgain: isHeld(verdict) ? this.#strings.tryAgain : '',
    });
    if (before?.word === verdict.word && before.reason === verdict.reason) return;
    this.setAttribute('state', verdict.word);
    this.dispatchEvent(new CustomEvent('verdictchange', { detail: verdict }));
  }
}

function infoOf(tile: WallTile, lang: string): string {
  const { width, height } = tile.size;
  if (width === 0) return '';
  const latency = tile.latency === null ? '' : ` · ${Math.round(tile.latency)} ms`;
  const why = jpegReasonText(tile.jpegReason, lang);
  const line = `${tile.fps.toFixed(1)} fps${latency} · ${width}×${height} · ${tile.form ?? ''}`;
  return why === '' ? line : `${line}\n${why}`;
}
