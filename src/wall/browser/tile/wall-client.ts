import { validRendition } from '../../page/tile-rendition.js';
import { WallTile } from './wall-tile.js';
import type { CodecChoice, FromWorker, LinkNews, TileRequest, ToWorker } from '../worker/worker-messages.js';

/** The page's side of a wall: one worker with one socket, and the tiles that share them. */

export interface WallOptions {
  /** Base URL of the service, with its BASE_PATH; by default the one that this module was loaded from. */
  readonly server?: string | URL | undefined;
  /** Access token, for a page that has no cookie of the service. */
  readonly token?: string | undefined;
  /** `jpeg`: no tile is given video; `auto`, the default: video where browser, camera and line allow it. */
  readonly codecs?: CodecChoice | undefined;
}

/** What a tile shows. */
export interface WallTileRequest extends TileRequest {
  /** `jpeg`: this tile is not given video. */
  readonly codecs?: CodecChoice | undefined;
}

const TICK_MS = 1000;

/** Dispatches `link` when the connection to the service comes or goes. */
export class WallClient extends EventTarget {
  readonly #worker: Worker;
  readonly #tiles = new Map<number, WallTile>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #retryNow = (): void => {
    if (!document.hidden) this.#post({ type: 'now' });
  };
  #lastId = 0;
  #offset = 0;
  #lostAt: number | null = Date.now();
  #pageVersion: string | null = null;
  #close: { readonly code: number; readonly reason: string } = { code: 0, reason: '' };

  constructor(private readonly options: WallOptions = {}) {
    super();
    const server = serviceUrl(options.server);
    this.#worker = startWorker();
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#received(data);
    const url = new URL('wall', server);
    url.protocol = server.protocol === 'https:' ? 'wss:' : 'ws:';
    if (options.token !== undefined) url.searchParams.set('token', options.token);
    this.#post({ type: 'open', url: url.href });
    this.#timer = setInterval(() => {
      for (const tile of this.#tiles.values()) tile.tick();
    }, TICK_MS);
    addEventListener('online', this.#retryNow);
    document.addEventListener('visibilitychange', this.#retryNow);
  }

  /** Whether the connection to the service stands. */
  get connected(): boolean {
    return this.#lostAt === null;
  }

  /** Since when it does not: Unix epoch, ms, by the server's clock. */
  get lostAt(): number | null {
    return this.#lostAt === null ? null : this.#lostAt + this.#offset;
  }

  /** Why the service closed the connection last: close code (0: it did not say) and reason. */
  get closed(): { readonly code: number; readonly reason: string } {
    return this.#close;
  }

  /** Version of the wall page that the server gives out, once it has said so. */
  get pageVersion(): string | null {
    return this.#pageVersion;
  }

  /** Now, by the server's clock: Unix epoch, ms. */
  now(): number {
    return Date.now() + this.#offset;
  }

  /** Shows a camera on `canvas`, which must be new: its control goes to the worker for good. */
  add(canvas: HTMLCanvasElement, { camera, rtsp, codecs = 'auto', ...wanted }: WallTileRequest): WallTile {
    const request = { camera, rtsp, ...validRendition(wanted) };
    const id = (this.#lastId += 1);
    const tile = new WallTile(id, this, request, (message) => {
      if (message.type === 'remove') this.#tiles.delete(id);
      this.#post(message);
    });
    this.#tiles.set(id, tile);
    const offscreen = canvas.transferControlToOffscreen();
    const choice = this.options.codecs === 'jpeg' ? 'jpeg' : codecs;
    this.#post({ type: 'add', tile: id, canvas: offscreen, request, codecs: choice }, [offscreen]);
    return tile;
  }

  /** Ends connection and worker; its tiles keep their last picture and say that there is no server. */
  close(): void {
    clearInterval(this.#timer);
    removeEventListener('online', this.#retryNow);
    document.removeEventListener('visibilitychange', this.#retryNow);
    this.#post({ type: 'close' });
    this.#link({ type: 'link', up: false, code: 0, reason: '', page: null });
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #received(news: FromWorker): void {
    if (news.type === 'link') {
      this.#link(news);
    } else if (news.type === 'stats') {
      this.#offset = news.offset;
      for (const stats of news.tiles) this.#tiles.get(stats.tile)?.drew(stats);
    } else {
      this.#tiles.get(news.tile)?.received(news);
    }
  }

  #link({ up, code, reason, page }: LinkNews): void {
    this.#close = { code, reason };
    this.#pageVersion = page ?? this.#pageVersion;
    if (up) this.#lostAt = null;
    else this.#lostAt ??= Date.now();
    for (const tile of this.#tiles.values()) tile.linked(up);
    this.dispatchEvent(new Event('link'));
  }
}

/** Ends in a slash, without which its last part would be taken for a file. */
function serviceUrl(given: string | URL | undefined): URL {
  if (given === undefined) return new URL('.', import.meta.url);
  const url = new URL(given, document.baseURI);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** Browsers start workers only from the page's own origin: for another's page, a worker that imports the real one. */
function startWorker(): Worker {
  const script = new URL('./wall-worker.js', import.meta.url);
  if (script.origin === location.origin) return new Worker(script, { type: 'module' });
  const source = URL.createObjectURL(
    new Blob([`import ${JSON.stringify(script.href)};`], { type: 'text/javascript' }),
  );
  return new Worker(source, { type: 'module' });
}
