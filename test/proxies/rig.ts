import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { startService } from '../../bench/lib/service.js';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { spawnCameras } from '../../bench/virtual-camera/index.js';
import type { Scope } from '../support/suite-scope.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

/** The service with two cameras behind a real proxy, and clients with addresses of their own: all of 127/8 is this machine. */

export const HOST = '127.0.0.1';
/** The proxy asks from 127.0.0.1; these are no proxies. */
export const ALICE = '127.0.0.2';
export const BOB = '127.0.0.3';
/** People of both proxies' own sign-in; `ann` is in the group `hall`, `joe` in none. */
export const basicAuth = (name: string): string => `Basic ${Buffer.from(`${name}:pw`).toString('base64')}`;

export const FPS = 10;
export const BASE_PATH = '/cameras';
const MAX_PER_ADDRESS = 2;

export async function startBehindProxy(scope: Scope): Promise<ServerProcess> {
  const cameras = await spawnCameras({ width: 160, height: 90, fps: FPS, count: 2, portsEach: true });
  scope.after(() => cameras.stop());
  const file = join(tempFolder(scope), 'cameras.yaml');
  const [gate, vault] = cameras.urls;
  const config = {
    cameras: [
      { name: 'gate', url: gate, width: 160, height: 90 },
      { name: 'vault', url: vault, width: 160, height: 90 },
    ],
    views: [{ name: 'hall', cameras: ['gate'] }, { name: 'all' }],
    groups: [{ name: 'hall', views: ['hall'] }],
  };
  writeFileSync(file, JSON.stringify(config));
  const service = await startService({
    env: {
      CONFIG_FILE: file,
      BASE_PATH,
      TRUSTED_PROXIES: HOST,
      AUTH_PROXY_HEADER: 'X-Forwarded-User',
      AUTH_PROXY_GROUPS_HEADER: 'X-Forwarded-Groups',
      MAX_VIEWERS_PER_ADDRESS: String(MAX_PER_ADDRESS),
      LOG_LEVEL: 'info',
    },
  });
  scope.after(() => service.stop());
  return service;
}

/** Runs a proxy until the scope ends; resolves when it listens. */
export async function startProxy(
  scope: Scope,
  command: string,
  args: readonly string[],
  port: number,
): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += String(data)));
  scope.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  await until(
    () => `${command} listens: ${said}`,
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, HOST);
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
        socket.once('connect', () => socket.destroy());
      }),
    10_000,
  );
}

export interface Client {
  /** Address that it asks from. */
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export async function get(port: number, path: string, client: Client = {}): Promise<Answer> {
  const answer = await begin(port, path, client);
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode ?? 0, headers: answer.headers, text };
}

async function begin(
  port: number,
  path: string,
  { from = ALICE, headers = {} }: Client,
): Promise<IncomingMessage> {
  const asked = request({ host: HOST, port, path, localAddress: from, headers, agent: false });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer;
}

export interface Socket {
  readonly socket: WebSocket;
  frames: number;
  closed: { readonly code: number; readonly reason: string } | null;
}

export function openSocket(scope: Scope, port: number, path: string, client: Client = {}): Socket {
  const { from = ALICE, headers = {} } = client;
  const socket = new WebSocket(`ws://${HOST}:${port}${path}`, { localAddress: from, headers });
  const opened: Socket = { socket, frames: 0, closed: null };
  socket.on('message', (_, isBinary) => {
    if (isBinary) opened.frames++;
  });
  socket.on('close', (code, reason) => (opened.closed = { code, reason: reason.toString() }));
  socket.on('error', () => undefined);
  scope.after(() => socket.terminate());
  return opened;
}

export const closeOf = (socket: Socket): Promise<{ readonly code: number; readonly reason: string }> =>
  until('the socket is closed', () => socket.closed);

/** Watches for `ms`, and gives the frames that came in that time. */
export async function framesIn(socket: Socket, ms: number): Promise<number> {
  await until('the first frame', () => socket.frames > 0 || socket.closed !== null, 10_000);
  assert.equal(socket.closed, null);
  const before = socket.frames;
  await sleep(ms);
  assert.equal(socket.closed, null);
  return socket.frames - before;
}

export interface MjpegSeen {
  /** From the request to the end of the first picture, ms. */
  readonly firstMs: number;
  /** Ages of all pictures when they were whole, ms. */
  readonly ages: readonly number[];
}

/** Reads MJPEG for `ms` after the first picture. */
export async function watchMjpeg(port: number, path: string, client: Client, ms: number): Promise<MjpegSeen> {
  const began = performance.now();
  const answer = await begin(port, path, client);
  assert.equal(answer.statusCode, 200);
  let text = '';
  let firstMs = 0;
  const ages: number[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1');
    for (;;) {
      const end = text.indexOf('\r\n--frame\r\n', 12);
      if (end < 0) break;
      const captured = /X-Timestamp: ([\d.]+)/.exec(text.slice(0, end))?.[1];
      text = text.slice(end);
      if (captured === undefined) continue;
      if (firstMs === 0) firstMs = performance.now() - began;
      ages.push(Date.now() - Number(captured) * 1000);
    }
    if (firstMs > 0 && performance.now() - began > firstMs + ms) break;
  }
  answer.destroy();
  return { firstMs, ages };
}

/**
 * Reads MJPEG as over a slow line, for `seconds`; gives the pictures in their order.
 * @param bytesPerSecond what the line carries
 */
export async function readSlowly(
  scope: Scope,
  port: number,
  path: string,
  { bytesPerSecond, seconds }: { readonly bytesPerSecond: number; readonly seconds: number },
): Promise<readonly { readonly at: number; readonly ageMs: number }[]> {
  const script = fileURLToPath(new URL('../../../test/proxies/slow-reader.py', import.meta.url));
  const args = [HOST, String(port), path, basicAuth('ann'), String(bytesPerSecond), String(seconds)];
  const child = spawn('/usr/bin/python3', [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  scope.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (data) => (said += String(data)));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, 'the slow reader has read to its end');
  return (JSON.parse(said) as [number, number][]).map(([at, ageMs]) => ({ at, ageMs }));
}
