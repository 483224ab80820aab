import { type FrameHeader, MAX_ACKS, MAX_HANDLE, MAX_HANDLES, type TileRendition } from '../../protocol.js';
import { afterPaint } from './after-paint.js';
import { Link } from './link.js';
import { Painter } from './painter.js';
import { type FromWorker, STATS_MS, type TileRequest, type ToWorker } from './worker-messages.js';

/** The worker of a wall: socket, decoding and drawing happen here, so that the page's thread has nothing to do. */

/** The part of a worker's global scope that is used; the DOM library only knows a window's. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
  close(): void;
}
const scope = globalThis as unknown as WorkerScope;

interface Tile {
  readonly id: number;
  readonly painter: Painter;
  request: TileRequest;
  paused: boolean;
  /** The tile's camera is given up for now: it has no handle, also on a new connection. */
  away: boolean;
  /** What the server knows of that. */
  sentPaused: boolean;
  /** Handle on the present connection; 0 without one. */
  handle: number;
  /** Frames drawn as the page knows it. */
  reported: number;
  /**
   * Whether the page waits for a frame of the present (the first of all, or since the tile resumed): it is told of each as soon as
   * it is on the screen, and of nothing before. `steady`: it is told every STATS_MS.
   */
  reporting: 'awaited' | 'painting' | 'steady';
  /** Since when it waits: Unix epoch, ms, by the server's clock. The first frame after a pause may be older. */
  awaitedSince: number;
}

/** Acknowledgements are batched for this long: one message for each display frame instead of one for each frame drawn. */
const ACK_MS = 15;

/** So are pauses and resumes: a wall of 200 that is hidden, shown and hidden again would else be a flood of messages. */
const PAUSE_MS = 15;
/** Shortest time between two such batches: the server's budget of handles allows ten whole walls a second. */
const PAUSE_INTERVAL_MS = 120;

/** A frame that is this much older than the resume shows the past. */
const PRESENT_MS = 1000;

const tiles = new Map<number, Tile>();
const byHandle = new Map<number, Tile>();
const acks = new Map<number, number>();
let ackTimer: ReturnType<typeof setTimeout> | undefined;
let pauseTimer: ReturnType<typeof setTimeout> | undefined;
let pausesSentAt = -Infinity;
let lastHandle = 0;
let link: Link | null = null;

/** Never one that was in use a moment ago: its last frames may still be on the way. */
function freshHandle(): number {
  do lastHandle = (lastHandle % MAX_HANDLE) + 1;
  while (byHandle.has(lastHandle));
  return lastHandle;
}

function subscribe(tile: Tile): void {
  tile.handle = freshHandle();
  byHandle.set(tile.handle, tile);
  tile.sentPaused = false;
  link?.send({ type: 'subscribe', handle: tile.handle, ...tile.request });
}

/** Tells the server which tiles were paused and which resumed; nothing about one that did both. */
function flushPauses(): void {
  clearTimeout(pauseTimer);
  pauseTimer = undefined;
  pausesSentAt = performance.now();
  const turned = [...byHandle.values()].filter((tile) => tile.paused !== tile.sentPaused);
  for (const type of ['pause', 'resume'] as const) {
    const handles = turned.filter(({ paused }) => paused === (type === 'pause')).map((tile) => tile.handle);
    for (let at = 0; at < handles.length; at += MAX_HANDLES)
      link?.send({ type, handles: handles.slice(at, at + MAX_HANDLES) });
  }
  for (const tile of turned) tile.sentPaused = tile.paused;
}

function forget(tile: Tile): void {
  byHandle.delete(tile.handle);
  tile.handle = 0;
}

function flushAcks(): void {
  ackTimer = undefined;
  const frames = [...acks];
  acks.clear();
  for (let at = 0; at < frames.length; at += MAX_ACKS) {
    link?.send({ type: 'ack', frames: frames.slice(at, at + MAX_ACKS) });
  }
}

function acknowledge({ handle, sequence }: FrameHeader): void {
  acks.set(handle, sequence);
  ackTimer ??= setTimeout(flushAcks, ACK_MS);
}

function reportStats(): void {
  const changed = [...tiles.values()].filter(
    ({ reporting, painter, reported }) => reporting === 'steady' && painter.drawn !== reported,
  );
  for (const tile of changed) tile.reported = tile.painter.drawn;
  const stats = changed.map(({ id, painter: { drawn, capturedAt, latency, width, height } }) => ({
    tile: id,
    drawn,
    capturedAt,
    latency,
    width,
    height,
  }));
  if (stats.length > 0) scope.postMessage({ type: 'stats', offset: link?.offset.ms ?? 0, tiles: stats });
}

const serverNow = (): number => Date.now() + (link?.offset.ms ?? 0);

function add(id: number, canvas: OffscreenCanvas, request: TileRequest): void {
  const painter = new Painter(canvas, serverNow, (header) => {
    acknowledge(header);
    if (tile.reporting !== 'awaited' || tile.painter.drawn === tile.reported) return;
    tile.reporting = 'painting';
    afterPaint(() => {
      if (tile.reporting !== 'painting') return;
      tile.reporting = 'steady';
      reportStats();
      if (tile.painter.capturedAt < tile.awaitedSince - PRESENT_MS) tile.reporting = 'awaited';
    });
  });
  const tile: Tile = {
    id,
    painter,
    request,
    paused: false,
    away: false,
    sentPaused: false,
    handle: 0,
    reported: 0,
    reporting: 'awaited',
    awaitedSince: serverNow(),
  };
  tiles.set(id, tile);
  subscribe(tile);
}

function open(url: string): void {
  link = new Link(url, {
    up: (page) => {
      byHandle.clear();
      acks.clear();
      scope.postMessage({ type: 'link', up: true, code: 0, reason: '', page });
      for (const tile of tiles.values()) if (!tile.away) subscribe(tile);
      flushPauses();
    },
    down: (code, reason) => {
      byHandle.clear();
      for (const tile of tiles.values()) tile.handle = 0;
      scope.postMessage({ type: 'link', up: false, code, reason, page: null });
    },
    frame: (header, message) => byHandle.get(header.handle)?.painter.frame(header, message),
    message: (message) => {
      const tile = byHandle.get(message.handle);
      if (!tile) return;
      if (message.type === 'refused' && message.what === 'subscribe') forget(tile);
      scope.postMessage({ ...message, tile: tile.id });
    },
    retried: ({ camera, accepted }) => {
      for (const { id, request } of tiles.values())
        if (request.camera === camera) scope.postMessage({ type: 'retried', tile: id, accepted });
    },
  });
}

function change(tile: Tile, rendition: TileRendition): void {
  const { camera, rtsp } = tile.request;
  tile.request = { camera, rtsp, ...rendition };
  if (tile.handle) link?.send({ type: 'rendition', handle: tile.handle, ...rendition });
}

function subscribeAgain(tile: Tile): void {
  if (tile.handle === 0 && !tile.away) subscribe(tile);
  flushPauses();
}

function setPaused(tile: Tile, paused: boolean): void {
  tile.paused = paused;
  tile.reporting = 'awaited';
  tile.awaitedSince = serverNow();
  const wait = Math.max(PAUSE_MS, pausesSentAt + PAUSE_INTERVAL_MS - performance.now());
  pauseTimer ??= setTimeout(flushPauses, wait);
}

function unsubscribe(tile: Tile): void {
  if (tile.handle) link?.send({ type: 'unsubscribe', handle: tile.handle });
  forget(tile);
}

function remove(tile: Tile): void {
  unsubscribe(tile);
  tiles.delete(tile.id);
}

function setAway(tile: Tile, away: boolean): void {
  tile.away = away;
  if (away) unsubscribe(tile);
  else subscribeAgain(tile);
}

function handle(message: ToWorker): void {
  if (message.type === 'open') open(message.url);
  else if (message.type === 'now') link?.now();
  else if (message.type === 'close') {
    link?.close();
    scope.close();
  } else if (message.type === 'add') add(message.tile, message.canvas, message.request);
  else {
    const tile = tiles.get(message.tile);
    if (!tile) return;
    if (message.type === 'rendition') change(tile, message.rendition);
    else if (message.type === 'remove') remove(tile);
    else if (message.type === 'again') subscribeAgain(tile);
    else if (message.type === 'retry') {
      const { camera, rtsp, main } = tile.request;
      link?.send({ type: 'retry', camera, rtsp, main });
      subscribeAgain(tile);
    } else if (message.type === 'leave' || message.type === 'return') setAway(tile, message.type === 'leave');
    else setPaused(tile, message.type === 'pause');
  }
}

scope.onmessage = ({ data }) => handle(data);
setInterval(() => reportStats(), STATS_MS);
