import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer, type WebSocket } from 'ws';
import { REFUSALS } from '../../src/shared/errors.js';
import { WallSession } from '../../src/wall/session/session.js';
import type {
  TileRefusal,
  WallFrame,
  WallRequest,
  WallSink,
  WallState,
} from '../../src/wall/tile/tile-stream.js';
import { PAGE_POLICY } from '../../src/http/answer.js';
import { createEncoder, type JpegEncoder } from '../../workers/jpeg-encoder.js';
import { NO_SESSION_COUNTS } from '../support/session-counts.js';

/** The built page and real `/wall` sessions over invented cameras: no FFmpeg, no RTSP, states at a test's word. */

const BUILT = fileURLToPath(new URL('../../wall/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};
/** Pictures in a loop of each camera. */
const LOOP = 12;

const even = (value: number): number => value - (value % 2);

/** A scene with a block that moves: two frames of a loop are never alike. */
function picture(width: number, height: number, seed: number, step: number): Uint8Array {
  const frame = new Uint8Array((width * height * 3) / 2);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const moving =
        Math.abs(x - ((step + 0.5) / LOOP) * width) < width / 14 && y > height * 0.45 && y < height * 0.8;
      const ground = y / height > 0.55 ? 96 - ((x * seed) % 23) : 150 + (40 * y) / height;
      frame[y * width + x] = moving ? 232 : ground;
    }
  }
  const luma = width * height;
  frame.fill(108 + ((seed * 37) % 40), luma, luma + luma / 4);
  frame.fill(112 + ((seed * 53) % 34), luma + luma / 4);
  return frame;
}

interface Viewer {
  readonly sink: WallSink;
  readonly size: string;
  active: boolean;
}

export class FakeCamera {
  readonly viewers = new Set<Viewer>();
  state: WallState = { state: 'live', reason: null, text: '', since: Date.now() };
  refusal: TileRefusal | null = null;
  running = true;
  hasMain = false;
  readonly #loops = new Map<string, ArrayBuffer[]>();

  constructor(
    readonly camera: string,
    public title: string,
    private readonly seed: number,
    private readonly encoder: (width: number, height: number) => JpegEncoder,
  ) {}

  say(state: WallState['state'], reason: string | null = null, text = ''): void {
    this.state = { state, reason, text, since: Date.now() };
    this.running = state === 'live' || state === 'frozen';
    for (const { sink } of this.viewers) sink.state(this.state);
  }

  /** A person has the camera tried again: the answer is the test's. */
  retry: () => boolean = () => false;

  tick(step: number): void {
    if (!this.running) return;
    for (const viewer of this.viewers) if (viewer.active) viewer.sink.frame(this.frame(viewer.size, step));
  }

  frame(size: string, step: number): WallFrame {
    let loop = this.#loops.get(size);
    if (!loop) {
      const [width = 640, height = 360] = size.split('x').map(Number);
      const encoder = this.encoder(width, height);
      loop = Array.from({ length: LOOP }, (_, at) =>
        encoder.encode(picture(width, height, this.seed, at), 60),
      );
      this.#loops.set(size, loop);
    }
    const jpeg = loop[(step + this.seed) % LOOP];
    if (!jpeg) throw new Error('no picture');
    return { jpeg, capturedAt: Date.now() };
  }
}

export class FakeWallServer {
  readonly cameras = new Map<string, FakeCamera>();
  readonly subscriptions: WallRequest[] = [];
  readonly #encoders = new Map<string, JpegEncoder>();
  readonly #sessions = new Map<WebSocket, WallSession>();
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #timer: NodeJS.Timeout;
  #step = 0;
  /** False: new sockets are refused, as by a server that is going away. */
  accepting = true;
  connections = 0;
  /** What the list of cameras is answered with, and how often it was asked for. */
  listStatus = 200;
  lists = 0;
  /** Views of `/api/views`. */
  views: unknown[] = [];
  /** As the built page says it; another one is a server with another page. */
  pageVersion =
    /name="version" content="([^"]+)"/.exec(readFileSync(`${BUILT}index.html`, 'utf8'))?.[1] ?? '';

  private constructor(fps: number) {
    this.#http = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://fake').pathname;
      if (path === '/api/cameras') {
        this.lists += 1;
        if (this.listStatus !== 200) {
          response.writeHead(this.listStatus).end('{}');
          return;
        }
        const cameras = [...this.cameras.values()].map(({ camera, title, hasMain }) => ({
          camera,
          title,
          hasMain,
        }));
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify({ cameras }));
        return;
      }
      if (path === '/api/views') {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify({ views: this.views }));
        return;
      }
      const name = path === '/' || path.startsWith('/view/') ? 'index.html' : path.slice(1);
      if (!readdirSync(BUILT).includes(name)) {
        response.writeHead(404).end();
        return;
      }
      response.setHeader('Content-Type', TYPES[extname(name)] ?? 'text/plain');
      response.setHeader('Content-Security-Policy', PAGE_POLICY);
      const ahead = /clock-ahead=(\d+)/.exec(request.headers.cookie ?? '')?.[1];
      // The page's thread and its worker, each once.
      if (ahead !== undefined && (name === 'client.js' || name === 'wall-worker.js'))
        response.write(`{ const now = Date.now.bind(Date); Date.now = () => now() + ${ahead}; }\n`);
      response.end(readFileSync(BUILT + name));
    });
    this.#sockets = new WebSocketServer({ server: this.#http, path: '/wall' });
    this.#sockets.on('connection', (socket) => this.#connected(socket));
    this.#timer = setInterval(() => {
      this.#step += 1;
      for (const camera of this.cameras.values()) camera.tick(this.#step);
    }, 1000 / fps);
  }

  static async start(fps = 10): Promise<FakeWallServer> {
    const server = new FakeWallServer(fps);
    await new Promise<void>((resolve) => server.#http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`;
  }

  get sessions(): readonly WallSession[] {
    return [...this.#sessions.values()];
  }

  /** A cookie for a browser whose clock is to be wrong. */
  clockAhead(ms: number): { readonly name: string; readonly value: string; readonly url: string } {
    return { name: 'clock-ahead', value: String(ms), url: this.url };
  }

  add(camera: string, title: string): FakeCamera {
    const fake = new FakeCamera(camera, title, this.cameras.size + 1, (width, height) =>
      this.#encoder(width, height),
    );
    this.cameras.set(camera, fake);
    return fake;
  }

  /** Cuts all walls off; with `back` false, for as long as `accepting` stays so. */
  cut(back: boolean): void {
    this.accepting = back;
    for (const socket of this.#sessions.keys()) socket.terminate();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
    for (const encoder of this.#encoders.values()) encoder.close();
  }

  #encoder(width: number, height: number): JpegEncoder {
    const key = `${width}x${height}`;
    const encoder = this.#encoders.get(key) ?? createEncoder('yuv420p', even(width), even(height));
    this.#encoders.set(key, encoder);
    return encoder;
  }

  #connected(socket: WebSocket): void {
    this.connections += 1;
    if (!this.accepting) {
      socket.close(1001, 'server going away');
      return;
    }
    const session = new WallSession(
      {
        sendText: (text) => socket.send(text),
        sendBinary: (header, jpeg) => {
          socket.send(Buffer.concat([header, jpeg instanceof Uint8Array ? jpeg : new Uint8Array(jpeg)]));
        },
        bufferedAmount: () => socket.bufferedAmount,
        close: (code, reason) => socket.close(REFUSALS[code].close, reason),
      },
      {
        join: (request, sink) => this.#join(request, sink),
        joinVideo: (_, sink) => {
          sink.unavailable('jpeg');
          return { backlog: () => [], setActive: () => undefined, leave: () => undefined };
        },
        retry: ({ camera }) => this.cameras.get(camera)?.retry() ?? false,
      },
      {
        now: () => performance.now(),
        epoch: () => Date.now(),
        protocol: 1,
        counts: NO_SESSION_COUNTS,
        pageVersion: this.pageVersion,
      },
    );
    this.#sessions.set(socket, session);
    socket.on('message', (data, isBinary) => session.message(data as Buffer, isBinary));
    socket.on('close', () => {
      this.#sessions.delete(socket);
      session.closed();
    });
    session.open();
  }

  #join(
    request: WallRequest,
    sink: WallSink,
  ): ReturnType<ConstructorParameters<typeof WallSession>[1]['join']> {
    this.subscriptions.push(request);
    const camera =
      this.cameras.get(request.camera) ?? (request.rtsp ? this.add(request.camera, request.camera) : null);
    if (!camera || camera.refusal) {
      sink.refused(camera?.refusal ?? { code: 4404, reason: 'no_such_camera', text: 'no such camera' });
      return { latest: () => null, setActive: () => undefined, leave: () => undefined };
    }
    const viewer: Viewer = { sink, size: `${request.width ?? 640}x${request.height ?? 360}`, active: true };
    camera.viewers.add(viewer);
    sink.state(camera.state);
    return {
      latest: () => (camera.running ? camera.frame(viewer.size, this.#step) : null),
      setActive: (active) => {
        viewer.active = active;
      },
      leave: () => camera.viewers.delete(viewer),
    };
  }
}
