import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type WebSocket, WebSocketServer } from 'ws';
import { PAGE_POLICY } from '../../src/http/answer.js';
import {
  type ClientMessage,
  encodeFrameHeader,
  type FrameKind,
  type JpegReason,
  type RenditionMessage,
  type SubscribeMessage,
} from '../../src/wall/protocol.js';
import type { VideoClip } from './video-clip.js';
import { WORKER_PROBE } from './worker-probe.js';

/**
 * The built page, and a server of version 2 of the wall's protocol that sends what a test tells it: video or JPEG, whole or with
 * gaps, in this size or that. It has no credits for video: what the page asks for is what the tests look at.
 */

const BUILT = fileURLToPath(new URL('../../wall/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

interface SentTile {
  readonly handle: number;
  readonly socket: WebSocket;
  codecs: readonly string[];
  form: 'none' | 'h264' | 'jpeg';
  paused: boolean;
  sequence: number;
  acknowledged: number;
}

export class VideoCamera {
  readonly tiles = new Set<SentTile>();
  /** What the page said of this camera's tiles. */
  readonly asked: (SubscribeMessage | RenditionMessage)[] = [];
  /** False: nothing is sent. */
  running = true;
  /** The next units are left out, so many. */
  skip = 0;
  /** Size that is announced, if not the clip's. */
  claim: { readonly width: number; readonly height: number } | null = null;
  #denied: JpegReason | null = null;
  #at = 0;

  constructor(
    readonly name: string,
    private clip: VideoClip,
  ) {}

  /** Number of the newest picture. */
  get number(): number {
    return this.#at % this.clip.jpegs.length;
  }

  /** Sends something else from now on, from its begin. */
  change(clip: VideoClip): void {
    this.clip = clip;
    this.#at = -1;
    for (const tile of this.tiles) if (tile.form === 'h264') tile.form = 'none';
  }

  /** JPEG from now on, or with null video again. */
  deny(why: JpegReason | null): void {
    this.#denied = why;
    for (const tile of this.tiles) this.choose(tile);
  }

  /** A unit that no decoder takes. */
  sendRubbish(): void {
    const rubbish = Buffer.concat([Buffer.of(0, 0, 0, 1, 0x65), Buffer.alloc(200, 0xff)]);
    for (const tile of this.tiles) if (tile.form === 'h264') this.#send(tile, 'key', rubbish, Date.now());
  }

  tick(): void {
    if (!this.running) return;
    this.#at += 1;
    const { units, jpegs } = this.clip;
    const unit = units[this.#at % units.length];
    const jpeg = jpegs[this.#at % jpegs.length];
    if (!unit || !jpeg) throw new Error('an empty clip');
    if (this.skip > 0) this.skip -= 1;
    for (const tile of this.tiles) {
      if (tile.paused) continue;
      if (tile.form === 'none') this.choose(tile);
      else if (tile.form === 'h264' && this.skip > 0) tile.sequence += 1;
      else if (tile.form === 'h264') this.#send(tile, unit.isKey ? 'key' : 'delta', unit.data, Date.now());
      else if (tile.sequence - tile.acknowledged < 2) this.#send(tile, 'jpeg', jpeg, Date.now());
    }
  }

  /** Decides what a tile is sent, and begins with it. */
  choose(tile: SentTile): void {
    const form = tile.codecs.includes('h264') && this.#denied === null ? 'h264' : 'jpeg';
    if (form === tile.form || tile.paused) return;
    tile.form = form;
    const { codec, width, height } = this.clip;
    const why = this.#denied ?? 'not_asked';
    const said = form === 'jpeg' ? { form, why } : { form, codec, width, height, ...this.claim };
    tile.socket.send(JSON.stringify({ type: 'video', handle: tile.handle, ...said }));
    if (form === 'h264') this.#join(tile);
    else this.#sendStaleJpeg(tile);
  }

  /** As of a camera that everybody watches as video: its newest JPEG is seconds old. */
  #sendStaleJpeg(tile: SentTile): void {
    const { jpegs, fps } = this.clip;
    const before = Math.min(this.#at, 2 * fps);
    const jpeg = jpegs[(this.#at - before) % jpegs.length];
    if (jpeg && before > 0) this.#send(tile, 'jpeg', jpeg, Date.now() - (before * 1000) / fps);
    tile.acknowledged = tile.sequence;
  }

  /** The units since the last key unit at once, with the times at which they were sent to others. */
  #join(tile: SentTile): void {
    const { units, fps } = this.clip;
    const at = Math.max(0, this.#at) % units.length;
    const from = units.findLastIndex(({ isKey }, index) => isKey && index <= at);
    units.slice(from, at + 1).forEach(({ data, isKey }, index) => {
      const capturedAt = Date.now() - ((at - from - index) * 1000) / fps;
      this.#send(tile, isKey ? 'key' : 'delta', data, capturedAt);
    });
  }

  #send(tile: SentTile, kind: FrameKind, data: Uint8Array, capturedAt: number): void {
    tile.sequence += 1;
    const { handle, sequence } = tile;
    tile.socket.send(Buffer.concat([encodeFrameHeader({ kind, handle, sequence, capturedAt }, 2), data]));
  }
}

export class VideoWallServer {
  readonly cameras = new Map<string, VideoCamera>();
  /** Versions that the page's sockets asked for. */
  readonly protocols: (string | null)[] = [];
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #timer: NodeJS.Timeout;

  private constructor(fps: number, workerPrefix: string) {
    this.#http = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://test').pathname;
      if (path.startsWith('/api/')) {
        const cameras = [...this.cameras.keys()].map((camera) => ({ camera, title: camera, hasMain: false }));
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify(path === '/api/cameras' ? { cameras } : { views: [] }));
        return;
      }
      const name = path === '/' ? 'index.html' : path.slice(1);
      if (!readdirSync(BUILT).includes(name)) {
        response.writeHead(404).end();
        return;
      }
      response.setHeader('Content-Type', TYPES[extname(name)] ?? 'text/plain');
      response.setHeader('Content-Security-Policy', PAGE_POLICY);
      const text = readFileSync(BUILT + name, 'utf8');
      response.end(name === 'wall-worker.js' ? WORKER_PROBE + workerPrefix + text : text);
    });
    this.#sockets = new WebSocketServer({ server: this.#http });
    this.#sockets.on('connection', (socket, request) => {
      this.protocols.push(new URL(request.url ?? '/', 'http://test').searchParams.get('protocol'));
      this.#connected(socket);
    });
    this.#timer = setInterval(() => {
      for (const camera of this.cameras.values()) camera.tick();
    }, 1000 / fps);
  }

  /** @param workerPrefix script that runs in the page's worker before its own */
  static async start(
    t: Pick<TestContext, 'after'>,
    cameras: Readonly<Record<string, VideoClip>>,
    workerPrefix = '',
  ): Promise<VideoWallServer> {
    const server = new VideoWallServer(Object.values(cameras)[0]?.fps ?? 10, workerPrefix);
    for (const [name, clip] of Object.entries(cameras)) server.cameras.set(name, new VideoCamera(name, clip));
    await new Promise<void>((resolve) => server.#http.listen(0, '127.0.0.1', resolve));
    t.after(() => server.#close());
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #connected(socket: WebSocket): void {
    const tiles = new Map<number, { readonly tile: SentTile; readonly camera: VideoCamera }>();
    const say = (message: object): void => socket.send(JSON.stringify(message));
    say({ type: 'hello', protocol: 2, time: Date.now(), credits: 2, maxHandles: 400 });
    const subscribe = (message: SubscribeMessage): void => {
      const { handle, codecs = [] } = message;
      const camera = this.cameras.get(message.camera);
      if (!camera) return;
      camera.asked.push(message);
      const tile = {
        handle,
        socket,
        codecs,
        form: 'none',
        paused: false,
        sequence: 0,
        acknowledged: 0,
      } as const;
      const entry = { tile: { ...tile } as SentTile, camera };
      tiles.set(handle, entry);
      camera.tiles.add(entry.tile);
      const state = { state: 'live', reason: null, text: '', since: Date.now() };
      say({ type: 'state', handle, camera: camera.name, ...state });
      camera.choose(entry.tile);
    };
    const received = (message: ClientMessage): void => {
      if (message.type === 'subscribe') subscribe(message);
      else if (message.type === 'ping') say({ type: 'pong', sent: message.sent, time: Date.now() });
      else if (message.type === 'ack') {
        for (const [handle, sequence] of message.frames) {
          const found = tiles.get(handle);
          if (found) found.tile.acknowledged = sequence;
        }
      } else if ('handles' in message) {
        for (const { tile } of message.handles.flatMap((handle) => tiles.get(handle) ?? [])) {
          tile.paused = message.type === 'pause';
          tile.form = 'none';
        }
      } else if (message.type !== 'retry') {
        const found = tiles.get(message.handle);
        if (!found) return;
        if (message.type === 'unsubscribe') {
          found.camera.tiles.delete(found.tile);
          tiles.delete(message.handle);
          return;
        }
        found.camera.asked.push(message);
        found.tile.codecs = message.codecs ?? [];
        found.camera.choose(found.tile);
      }
    };
    socket.on('message', (data: Buffer) => received(JSON.parse(data.toString()) as ClientMessage));
    socket.on('close', () => {
      for (const { tile, camera } of tiles.values()) camera.tiles.delete(tile);
    });
  }
}
