import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import type { Scope } from '../support/suite-scope.js';
import { until, untilSeen } from '../support/until.js';
import {
  ALICE,
  BASE_PATH,
  basicAuth,
  BOB,
  type Client,
  closeOf,
  FPS,
  framesIn,
  get,
  HOST,
  openSocket,
  readSlowly,
  watchMjpeg,
} from './rig.js';

/** What must hold behind any proxy. `port` is the proxy's. */

const ANN: Client = { headers: { Authorization: basicAuth('ann') } };
const JOE: Client = { headers: { Authorization: basicAuth('joe') } };
const WATCH_MS = 2500;
/** Of what the camera sends in that time, on a busy machine. */
const LEAST = 0.6 * FPS * (WATCH_MS / 1000);

const timeout = 60_000;

export interface BehindProxy {
  readonly service: ServerProcess;
  /** The proxy's; one for each of its configurations. */
  readonly ports: readonly [number, ...number[]];
  /** Whether its sample bounds what it holds for one reader; what else there is has no setting for it. */
  readonly hasSmallBuffers: boolean;
}

/**
 * Registers the tests that every proxy has to pass.
 * @param started known when the proxy runs
 */
export function testBehindProxy(started: () => BehindProxy): void {
  const first = (): number => started().ports[0];

  test('a person whom the proxy names sees what the groups of that person may', { timeout }, (t) =>
    limitsByGroups(t, first()),
  );

  test('pictures come at once and at the camera’s rate', { timeout }, async (t) => {
    for (const port of started().ports) await showsPictures(t, port);
  });

  test('a reader on a slow line is behind by a bounded time, and others lose nothing', { timeout }, (t) =>
    watchesSlowly(t, first(), started().hasSmallBuffers),
  );

  test('limits and log know the client, not the proxy', { timeout }, (t) =>
    countsClients(t, first(), started().service),
  );

  test('forged names and addresses get nobody in', { timeout }, () =>
    refusesForgeries(first(), started().service),
  );
}

/** The page, and all that it needs, below the path. */
export async function serves(port: number): Promise<void> {
  const page = await get(port, `${BASE_PATH}/`, ANN);
  assert.equal(page.status, 200);
  const links = [...page.text.matchAll(/ (?:href|src)="(\/[^"]*)"/g)].map(([, link = '']) => link);
  assert.deepEqual(links, [`${BASE_PATH}/wall.css`, `${BASE_PATH}/wall.js`]);
  for (const path of [
    ...links,
    `${BASE_PATH}/client.js`,
    `${BASE_PATH}/metrics`,
    `${BASE_PATH}/readyz`,
    `${BASE_PATH}/api/streams`,
    `${BASE_PATH}/view/hall`,
  ])
    assert.equal((await get(port, path, ANN)).status, 200, path);
  const { text } = await get(port, `${BASE_PATH}/api/views`, ANN);
  assert.deepEqual(
    (JSON.parse(text) as { views: { view: string }[] }).views.map(({ view }) => view),
    ['hall'],
  );
  assert.equal((await get(port, `${BASE_PATH}/nothing`, ANN)).status, 404);
}

/** The same, and the page also where its address has no slash at the end; behind a proxy that asks for names itself. */
export async function servesWithoutSlash(port: number): Promise<void> {
  await serves(port);
  const bare = await get(port, `${BASE_PATH}?kiosk=1`, ANN);
  assert.equal(bare.status, 200);
  assert.match(bare.text, /src="\/cameras\/wall\.js"/);
  assert.equal((await get(port, `${BASE_PATH}/`)).status, 401, 'nobody comes in without a name');
}

async function limitsByGroups(scope: Scope, port: number): Promise<void> {
  assert.equal((await get(port, `${BASE_PATH}/view/all`, ANN)).status, 403);
  assert.equal((await get(port, `${BASE_PATH}/snapshot?camera_index=vault`, ANN)).status, 403);
  assert.equal((await get(port, `${BASE_PATH}/snapshot?camera_index=gate`, JOE)).status, 403);
  const refused = openSocket(scope, port, `${BASE_PATH}/ws?camera_index=vault`, ANN);
  assert.equal((await closeOf(refused)).code, 4403);
}

/** First pictures and rates, over a WebSocket and as MJPEG. */
async function showsPictures(scope: Scope, port: number): Promise<void> {
  const headers = { ...ANN.headers, Origin: `http://${HOST}:${port}` };
  const socket = openSocket(scope, port, `${BASE_PATH}/ws?camera_index=gate`, { headers });
  const frames = await framesIn(socket, WATCH_MS);
  assert.ok(frames >= LEAST, `${frames} frames over the WebSocket`);
  const { firstMs, ages } = await watchMjpeg(
    port,
    `${BASE_PATH}/stream.mjpeg?camera_index=gate`,
    ANN,
    WATCH_MS,
  );
  // The camera runs, so the first picture is one that is there already, and is not held until more have come.
  assert.ok(firstMs < 1500, `first picture after ${firstMs} ms`);
  assert.ok(ages.length >= LEAST, `${ages.length} pictures as MJPEG`);
  const median = [...ages].sort((a, b) => a - b)[Math.floor(ages.length / 2)] ?? Infinity;
  assert.ok(median < 400, `pictures are ${median} ms old`);
  socket.socket.close();
  await closeOf(socket);
  const foreign = { headers: { ...ANN.headers, Origin: 'https://evil.example' } };
  const page = openSocket(scope, port, `${BASE_PATH}/ws?camera_index=gate`, foreign);
  assert.equal((await closeOf(page)).code, 4403);
}

const SLOW_LINE = { bytesPerSecond: 100_000, seconds: 12 };
/** Of a proxy that keeps its socket buffers as small as its sample says: its own, and what two kernels hold of both connections. */
const MAX_HELD_BYTES = 600_000;

/** A reader of MJPEG over a line that carries a third of what the camera gives, and one over a WebSocket beside it. */
async function watchesSlowly(scope: TestContext, port: number, isBounded: boolean): Promise<void> {
  const path = `${BASE_PATH}/stream.mjpeg?camera_index=gate&width=640&height=360&quality=95`;
  const fast = openSocket(scope, port, `${BASE_PATH}/ws?camera_index=gate&quality=95`, ANN);
  const [pictures, frames] = await Promise.all([
    readSlowly(scope, port, path, SLOW_LINE),
    framesIn(fast, WATCH_MS),
  ]);
  const late = pictures.filter(({ at }) => at > SLOW_LINE.seconds - 2).map(({ ageMs }) => Math.round(ageMs));
  const said = `${pictures.length} pictures, ages of the last in ms: ${late.join(' ')}`;
  scope.diagnostic(said);
  assert.ok(late.length >= 2, said);
  if (isBounded) assert.ok(Math.max(...late) < (MAX_HELD_BYTES / SLOW_LINE.bytesPerSecond) * 1000, said);
  assert.ok(frames >= LEAST, `${frames} frames over the WebSocket beside it`);
}

/** Two viewers from one address are the limit, and forged headers are no way around it. */
async function countsClients(scope: Scope, port: number, service: ServerProcess): Promise<void> {
  await untilSeen(
    () => viewersOf(service),
    (viewers) => viewers === 0,
  );
  const path = `${BASE_PATH}/ws?camera_index=gate`;
  const forged = { ...ANN.headers, 'X-Forwarded-For': '198.51.100.9', Forwarded: 'for=198.51.100.8' };
  const viewers = [openSocket(scope, port, path, ANN), openSocket(scope, port, path, { headers: forged })];
  for (const viewer of viewers) await until('frames', () => viewer.frames > 1);
  const third = await closeOf(openSocket(scope, port, path, { headers: forged }));
  assert.deepEqual([third.code, third.reason], [4429, 'your address has all of its 2 viewers']);
  const other = openSocket(scope, port, path, { ...ANN, from: BOB });
  await until('frames', () => other.frames > 1);
  await untilSeen(
    () => refusals(service),
    (lines) => lines.some(({ client, reason }) => client === ALICE && reason === 'too_many_viewers'),
  );
  for (const { socket } of [...viewers, other]) socket.close();
  await Promise.all([...viewers, other].map(closeOf));
}

/** Around the proxy, and through it with headers that only the proxy may set. */
async function refusesForgeries(port: number, service: ServerProcess): Promise<void> {
  const boss = { 'X-Forwarded-User': 'boss', 'X-Forwarded-Groups': 'hall' };
  const through = await get(port, `${BASE_PATH}/api/cameras`, { headers: { ...JOE.headers, ...boss } });
  assert.equal(through.status, 200);
  assert.deepEqual(JSON.parse(through.text), { cameras: [] }, 'joe is in no group, whatever he sends');
  const around = await get(service.port, '/api/cameras', { headers: boss });
  assert.equal(around.status, 401);
  assert.match(around.text, /x-forwarded-user counts only from an address in TRUSTED_PROXIES/);
  const address = { 'X-Forwarded-For': '198.51.100.7', Forwarded: 'for=198.51.100.7' };
  assert.equal((await get(service.port, '/api/cameras', { headers: address, from: BOB })).status, 401);
  await untilSeen(
    () => refusals(service),
    (lines) => lines.some(({ client, reason }) => client === BOB && reason === 'unauthenticated'),
  );
  assert.ok(!service.log().includes('198.51.100.'), 'no forged address is in the log');
}

async function viewersOf({ port }: ServerProcess): Promise<number> {
  const { text } = await get(port, '/metrics', { from: HOST, headers: { 'X-Forwarded-User': 'test' } });
  return [...text.matchAll(/^rtsp_ws_viewers\{.*\} (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
}

interface Refusal {
  readonly event?: string;
  readonly reason?: string;
  readonly client?: string;
}

const refusals = (service: ServerProcess): Refusal[] =>
  service
    .log()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Refusal)
    .filter(({ event }) => event === 'refused');
