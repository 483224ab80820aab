import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { childrenOf, isAlive } from '../../bench/lib/proc.js';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { startService } from '../../bench/lib/service.js';
import { HandshakeError } from '../../bench/lib/ws-handshake.js';
import { connectViewer, type Viewer } from '../../bench/lib/ws-viewer.js';
import type { Closed } from '../../bench/lib/viewer-stats.js';
import { until } from '../support/until.js';
import { spawnCameras, type SpawnedCameras } from '../../bench/virtual-camera/index.js';

export const HOST = '127.0.0.1';
/** The machine may be busy with other tests. */
export const PATIENCE_MS = 15_000;

type Headers = Readonly<Record<string, string>>;

/** A running service with a virtual camera `honest`, and a viewer of it that must notice nothing of an attack. */
export interface Target {
  readonly service: ServerProcess;
  readonly cameras: SpawnedCameras;
  readonly honest: Viewer;
  /** Path of the honest viewer, with its query. */
  readonly honestPath: string;
  close(): Promise<void>;
}

export async function startTarget(env: Headers = {}, headers: Headers = {}): Promise<Target> {
  const undo: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(undo.splice(0).map((step) => step()));
  };
  try {
    const cameras = await spawnCameras({ width: 160, height: 90, fps: 10 });
    undo.push(() => cameras.stop());
    const service = await startService({ env });
    undo.push(() => service.stop());
    const honestPath = wsPath({ camera_index: 'honest', rtsp: cameras.url(0) });
    const honest = connectViewer({
      host: HOST,
      port: service.port,
      path: honestPath,
      headers,
      mode: 'count',
    });
    undo.push(() => {
      honest.destroy();
    });
    await framesMore(honest, 2);
    return { service, cameras, honest, honestPath, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The honest viewer still gets whole frames over its first connection, and nothing but its camera's FFmpeg runs. */
export async function assertUnharmed({ service, honest }: Target): Promise<void> {
  await framesMore(honest, 3);
  assert.equal(honest.stats.closed, undefined, 'the honest viewer was closed');
  assert.equal(honest.stats.torn, 0, 'a torn JPEG');
  assert.ok(isAlive(service.pid), 'the service is gone');
  // Two for a moment, while its plan changes.
  const children = (): string[] => childrenOf(service.pid).map(({ name }) => name);
  await until(
    'one FFmpeg, for the one camera',
    () => children().length === 1 && children()[0] === 'ffmpeg',
    PATIENCE_MS,
  );
}

/** Resolves when the viewer has got `count` more frames; fails when it is closed or waits too long. */
export async function framesMore(viewer: Viewer, count: number): Promise<void> {
  const wanted = viewer.stats.frames + count;
  const deadline = performance.now() + PATIENCE_MS;
  while (viewer.stats.frames < wanted) {
    const { closed } = viewer.stats;
    assert.ok(!closed, `closed with ${closed?.code} ${closed?.reason} while ${count} frames were waited for`);
    assert.ok(performance.now() < deadline, `no ${count} frames in ${PATIENCE_MS} ms`);
    await pause(20);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** `/ws?...`, every value encoded. */
export const wsPath = (query: Headers): string =>
  `/ws?${new URLSearchParams(query).toString().replaceAll('+', '%20')}`;

/** How the service ends a WebSocket: its close frame, or `status` when it did not even upgrade. */
export async function refusal(
  port: number,
  path: string,
  headers: Headers = {},
): Promise<Closed & { readonly status: number }> {
  const viewer = connectViewer({ host: HOST, port, path, headers, mode: 'count' });
  const timer = setTimeout(() => viewer.destroy(), PATIENCE_MS);
  const status = await viewer.opened.then(
    () => 101,
    (error: unknown) => (error instanceof HandshakeError ? error.status : 0),
  );
  const closed = await viewer.ended;
  clearTimeout(timer);
  assert.equal(viewer.stats.frames, 0, `${path} was shown a picture`);
  return { ...closed, status };
}

/** What came back for raw bytes, and whether the service then closed the connection by itself. */
export interface RawAnswer {
  readonly text: string;
  /** 0: no HTTP answer. */
  readonly status: number;
  readonly closed: boolean;
}

/** Sends bytes as they are, chunk by chunk, and waits for the end of the connection. */
export async function sendRaw(
  port: number,
  chunks: string | Uint8Array | readonly (string | Uint8Array)[],
  waitMs = PATIENCE_MS,
): Promise<RawAnswer> {
  const socket = connect({ port, host: HOST, noDelay: true });
  let text = '';
  socket.setEncoding('latin1').on('data', (data: string) => (text += data));
  // A reset is an end too.
  socket.on('error', () => undefined);
  const ended = new Promise<boolean>((resolve) => {
    socket.once('close', () => resolve(true));
    setTimeout(() => resolve(false), waitMs).unref();
  });
  await Promise.race([once(socket, 'connect'), ended]);
  for (const chunk of typeof chunks === 'string' || chunks instanceof Uint8Array ? [chunks] : chunks) {
    if (socket.destroyed) break;
    await new Promise((resolve) => socket.write(chunk, resolve));
  }
  const closed = await ended;
  socket.destroy();
  return { text, status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), closed };
}

/** A host that must not be reached: counts who comes, and keeps what they say. */
export interface Decoy {
  readonly port: number;
  readonly contacts: string[];
  close(): Promise<void>;
}

/** @param answer what it says to each request, if anything */
export async function openDecoy(answer?: (request: string) => string, host = HOST): Promise<Decoy> {
  const contacts: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const index = contacts.push('') - 1;
    socket.setEncoding('latin1').on('data', (data: string) => {
      contacts[index] = (contacts[index] ?? '') + data;
      if (answer) socket.write(answer(data));
    });
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    contacts,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export const fetchText = async (
  service: ServerProcess,
  path: string,
  headers: Headers = {},
): Promise<string> => (await fetch(`${service.url}${path}`, { headers })).text();

/** Value of one metric line, `name{labels}` as it is written; 0 without it. */
export async function metric(service: ServerProcess, line: string, headers: Headers = {}): Promise<number> {
  const text = await fetchText(service, '/metrics', headers);
  const found = text.split('\n').find((entry) => entry.startsWith(`${line} `));
  return found === undefined ? 0 : Number(found.slice(line.length + 1));
}

/** Cameras for which an FFmpeg was ever started, as the metrics know them. */
export async function openedCameras(service: ServerProcess, headers: Headers = {}): Promise<string[]> {
  const text = await fetchText(service, '/metrics', headers);
  return [...text.matchAll(/^rtsp_ws_ffmpeg_starts_total\{camera="([^"]*)"\} /gm)].map(
    ([, name = '']) => name,
  );
}
