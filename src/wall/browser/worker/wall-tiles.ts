import { type ChoosingTile, type VideoAbility, VideoChoice } from '../../page/video/video-choice.js';
import {
  CLIENT_VIDEO_REASONS,
  type ClientVideoReason,
  MAX_HANDLE,
  type TileRendition,
  WALL_VIDEO_PROTOCOL_VERSION,
} from '../../protocol.js';
import { AckBatch } from './ack-batch.js';
import { Link, type LinkMessage } from './link.js';
import { PauseBatch } from './pause-batch.js';
import { QueueWait } from './queue-wait.js';
import { Tile, type TileWall } from './tile.js';
import { VideoBitmaps } from './video-bitmap.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

/** What the page asks of one tile. */
type TileOrder = Exclude<Extract<ToWorker, { readonly tile: number }>, { type: 'add' }>;

/** All tiles of a wall in its worker, and the one socket that they share. */
export class WallTiles {
  readonly #tiles = new Map<number, Tile>();
  readonly #byHandle = new Map<number, Tile>();
  readonly #choice: VideoChoice;
  readonly #wall: TileWall;
  #lastHandle = 0;
  #link: Link | null = null;
  readonly #queueWait = new QueueWait();
  readonly #acks = new AckBatch((message) => this.#link?.send(message));
  readonly #pauses = new PauseBatch({
    tiles: () => this.#byHandle.values(),
    resuming: (tile) => this.#offerCodecs(tile),
    send: (message) => this.#link?.send(message),
  });

  constructor(
    ability: VideoAbility & { readonly graphics: boolean },
    private readonly post: (news: FromWorker) => void,
  ) {
    this.#choice = new VideoChoice(ability);
    this.#wall = {
      hardware: ability.hardware,
      bitmaps: new VideoBitmaps(ability.graphics),
      serverNow: () => Date.now() + this.#offset,
      acknowledge: (frame) => this.#acks.add(frame),
      drawn: () => this.reportStats(),
      decoderFailed: (tile, why) => {
        this.#choice.failed(tile.id, why, performance.now());
        this.#offerCodecs(tile);
      },
    };
  }

  handle(message: ToWorker): void {
    if (message.type === 'open') this.#open(message.url);
    else if (message.type === 'now') this.#link?.now();
    else if (message.type === 'close') this.#link?.close();
    else if (message.type === 'add') {
      const { canvas, request, codecs } = message;
      const tile = new Tile(message.tile, canvas, request, codecs, this.#wall);
      this.#tiles.set(tile.id, tile);
      this.#subscribe(tile);
    } else {
      const tile = this.#tiles.get(message.tile);
      if (tile) this.#order(tile, message);
    }
  }

  /** Call every STATS_MS. */
  reportStats(): void {
    const stats = [...this.#tiles.values()].flatMap((tile) => tile.takeStats() ?? []);
    if (stats.length > 0) this.post({ type: 'stats', offset: this.#offset, tiles: stats });
  }

  /** Call once a second: judges whether the wall may have video, and tells the server what changed. */
  judge(): void {
    const beats = [...this.#tiles.values()].map((tile) => tile.beat());
    const all = this.#choosing();
    const delays = {
      video: beats.flatMap(({ video }) => video),
      jpeg: beats.flatMap(({ jpeg }) => jpeg),
      queue: this.#queueWait.take(),
    };
    this.#choice.beat(all, delays, performance.now());
    for (const tile of this.#tiles.values()) if (!tile.paused) this.#offerCodecs(tile, all);
  }

  get #offset(): number {
    return this.#link?.offset.ms ?? 0;
  }

  #choosing(): ChoosingTile[] {
    return [...this.#tiles.values()].map(({ choosing }) => choosing);
  }

  /** Never one that was in use a moment ago: its last frames may still be on the way. */
  #freshHandle(): number {
    do this.#lastHandle = (this.#lastHandle % MAX_HANDLE) + 1;
    while (this.#byHandle.has(this.#lastHandle));
    return this.#lastHandle;
  }

  /** The codecs that a tile takes now, as part of a message; a server without video knows no such field. */
  #codecsOf(tile: Tile, all = this.#choosing()): { readonly codecs?: readonly string[] } {
    tile.codecs = this.#choice.codecsOf(tile.choosing, all, performance.now());
    return this.#link?.video === true ? { codecs: tile.codecs.codecs } : {};
  }

  /** Tells the server if a tile takes other codecs than it was told. */
  #offerCodecs(tile: Tile, all = this.#choosing()): void {
    const before = tile.codecs;
    const { codecs } = this.#codecsOf(tile, all);
    if (!tile.handle || !codecs || codecs.join() === before.codecs.join()) return;
    const { width, height, quality, fps, main } = tile.request;
    const { why } = tile.codecs;
    this.#link?.send({
      type: 'rendition',
      handle: tile.handle,
      ...{ width, height, quality, fps, main, codecs },
      ...(isClientReason(why) ? { why } : {}),
    });
  }

  #subscribe(tile: Tile): void {
    const handle = this.#freshHandle();
    this.#byHandle.set(handle, tile);
    tile.subscribed(handle);
    this.#link?.send({ type: 'subscribe', handle, ...tile.request, ...this.#codecsOf(tile) });
  }

  #forget(tile: Tile): void {
    this.#byHandle.delete(tile.handle);
    tile.disconnected();
  }

  #unsubscribe(tile: Tile): void {
    if (tile.handle) this.#link?.send({ type: 'unsubscribe', handle: tile.handle });
    this.#forget(tile);
  }

  #subscribeAgain(tile: Tile): void {
    if (tile.handle === 0 && !tile.away) this.#subscribe(tile);
    this.#pauses.flush();
  }

  #open(url: string): void {
    const address = new URL(url);
    address.searchParams.set('protocol', String(WALL_VIDEO_PROTOCOL_VERSION));
    this.#link = new Link(address.href, {
      up: (page) => {
        this.#byHandle.clear();
        this.#acks.clear();
        this.post({ type: 'link', up: true, code: 0, reason: '', page });
        for (const tile of this.#tiles.values()) if (!tile.away) this.#subscribe(tile);
        this.#pauses.flush();
      },
      down: (code, reason) => {
        this.#byHandle.clear();
        for (const tile of this.#tiles.values()) tile.disconnected();
        this.post({ type: 'link', up: false, code, reason, page: null });
      },
      frame: (header, message) => this.#byHandle.get(header.handle)?.frame(header, message),
      message: (message) => this.#said(message),
    });
  }

  #said(message: LinkMessage): void {
    if (message.type === 'retried') {
      const { camera, accepted } = message;
      for (const { id, request } of this.#tiles.values())
        if (request.camera === camera) this.post({ type: 'retried', tile: id, accepted });
      return;
    }
    const tile = this.#byHandle.get(message.handle);
    if (!tile) return;
    if (message.type === 'video') {
      tile.announced(message);
      return;
    }
    if (message.type === 'refused' && message.what === 'subscribe') this.#forget(tile);
    this.post({ ...message, tile: tile.id });
  }

  #order(tile: Tile, message: TileOrder): void {
    if (message.type === 'rendition') this.#change(tile, message.rendition);
    else if (message.type === 'remove') {
      this.#unsubscribe(tile);
      tile.remove();
      this.#tiles.delete(tile.id);
    } else if (message.type === 'again') this.#subscribeAgain(tile);
    else if (message.type === 'retry') {
      const { camera, rtsp, main } = tile.request;
      this.#link?.send({ type: 'retry', camera, rtsp, main });
      this.#subscribeAgain(tile);
    } else if (message.type === 'leave') {
      tile.away = true;
      this.#unsubscribe(tile);
    } else if (message.type === 'return') {
      tile.away = false;
      this.#subscribeAgain(tile);
    } else {
      tile.setPaused(message.type === 'pause');
      this.#pauses.later();
    }
  }

  #change(tile: Tile, rendition: TileRendition): void {
    tile.change(rendition);
    const { handle } = tile;
    if (handle) this.#link?.send({ type: 'rendition', handle, ...rendition, ...this.#codecsOf(tile) });
  }
}

const isClientReason = (why: string | null): why is ClientVideoReason =>
  CLIENT_VIDEO_REASONS.some((reason) => reason === why);
