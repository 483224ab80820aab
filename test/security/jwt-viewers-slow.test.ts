import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { WebSocket } from 'ws';
import { connectViewer } from '../../bench/lib/ws-viewer.js';
import { decodeFrameHeader } from '../../src/wall/protocol.js';
import { openGo2rtcPlayer } from '../go2rtc/player.js';
import { assertUnharmed, HOST, startTarget, type Target } from './target.js';

/**
 * A JWT is verified in a promise, so its upgrade comes later than the handshake: whoever comes so stays, and gets every
 * frame of a camera that already runs.
 */

const timeout = 60_000;
const SECRET = 'a secret of more than thirty-two bytes';
const VIEWERS = 10;
const FPS = 10;
const WATCH_MS = 3000;
/** Of the frames that the camera sends in that time, on a busy machine. */
const LEAST_FRAMES = (WATCH_MS / 1000) * FPS * 0.7;

let target: Target;
let headers: Record<string, string>;

before(
  async () => {
    const soon = Math.floor(Date.now() / 1000) + 3600;
    const token = new SignJWT({ exp: soon }).setProtectedHeader({ alg: 'HS256' });
    headers = { Authorization: `Bearer ${await token.sign(Buffer.from(SECRET))}` };
    const honest = { Authorization: 'Bearer static' };
    target = await startTarget({ AUTH_JWT_SECRET: SECRET, AUTH_TOKENS: 'static' }, honest);
  },
  { timeout },
);
after(() => target.close(), { timeout });

const each = async <T>(make: () => T | Promise<T>): Promise<T[]> => {
  const made: T[] = [];
  for (let i = 0; i < VIEWERS; i++) made.push(await make());
  return made;
};

test('viewers of /ws with a JWT stay and get every frame', { timeout }, async (t) => {
  const viewers = await each(() =>
    connectViewer({ host: HOST, port: target.service.port, path: target.honestPath, headers, mode: 'count' }),
  );
  t.after(() => {
    for (const viewer of viewers) viewer.destroy();
  });
  await Promise.all(viewers.map(({ opened }) => opened));
  for (const { stats } of viewers) stats.beginWindow();
  await sleep(WATCH_MS);
  for (const { stats } of viewers) {
    assert.equal(stats.closed, undefined, `closed with ${stats.closed?.code ?? 0}`);
    assert.ok(stats.frames >= LEAST_FRAMES, `${stats.frames} frames in ${WATCH_MS} ms`);
    assert.equal(stats.torn, 0);
  }
});

test('walls with a JWT stay and get every frame', { timeout }, async (t) => {
  const walls = await each(() => openWall(target.service.port));
  t.after(() => {
    for (const wall of walls) wall.socket.terminate();
  });
  for (const wall of walls) wall.frames = 0;
  await sleep(WATCH_MS);
  for (const wall of walls) {
    assert.equal(wall.closed, null, `closed with ${wall.closed ?? 0}`);
    assert.ok(wall.frames >= LEAST_FRAMES, `${wall.frames} frames in ${WATCH_MS} ms`);
  }
});

test("players of go2rtc's /api/ws with a JWT stay and get every frame", { timeout }, async (t) => {
  const players = await each(async () => {
    const player = await openGo2rtcPlayer(target.service, 'src=honest', headers);
    let closed: number | null = null;
    void player.closed.then(({ code }) => (closed = code));
    player.send('mjpeg');
    return { player, closed: () => closed };
  });
  t.after(() => {
    for (const { player } of players) player.close();
  });
  const before = players.map(({ player }) => player.pictures.length);
  await sleep(WATCH_MS);
  players.forEach(({ player, closed }, i) => {
    assert.equal(closed(), null, `closed with ${closed() ?? 0}`);
    const frames = player.pictures.length - (before[i] ?? 0);
    assert.ok(frames >= LEAST_FRAMES, `${frames} frames in ${WATCH_MS} ms`);
  });
});

test('nobody else noticed', { timeout }, () => assertUnharmed(target));

interface Wall {
  readonly socket: WebSocket;
  frames: number;
  closed: number | null;
}

/** A wall with one tile that acknowledges each frame as it comes. */
function openWall(port: number): Wall {
  const socket = new WebSocket(`ws://${HOST}:${port}/wall`, { headers });
  const wall: Wall = { socket, frames: 0, closed: null };
  socket.on('open', () => {
    socket.send(JSON.stringify({ type: 'subscribe', handle: 1, camera: 'honest' }));
  });
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (!isBinary) return;
    const bytes = new Uint8Array(data);
    const header = decodeFrameHeader(bytes.buffer);
    assert.ok(header);
    wall.frames++;
    socket.send(JSON.stringify({ type: 'ack', frames: [[1, header.sequence]] }));
  });
  socket.on('close', (code) => (wall.closed = code));
  socket.on('error', () => undefined);
  return wall;
}
