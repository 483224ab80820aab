import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { chunked, Dice, requestBytes, sessionBytes, SOCKET_PATHS } from './input.js';
import { fdCountOf, isAlive, memoryOf, statOf } from '../lib/proc.js';
import { startService } from '../lib/service.js';
import { connectViewer, type Viewer } from '../lib/ws-viewer.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * Throws mutated requests, frames and messages of walls and players at a service of its own, beside one honest viewer of one virtual camera:
 * `node dist/bench/fuzz/main.js [--minutes 10] [--seed N] [--clients 16]`. Fails (exit 1) when the service ends, when the honest
 * viewer is closed or waits too long, or when memory, descriptors or threads grow.
 */

const HOST = '127.0.0.1';
const MAX_CONNECTIONS = 2_000_000;
/** The slowest honest viewer of a machine that does other work as well. */
const MAX_GAP_MS = 10_000;
const SAMPLES = 20;
/** How long the service may take to let go of what the last connections left. */
const SETTLE_MS = 15_000;
/** What a collection not yet due may hold, over the median of the first third of the run. */
const RSS_SLACK_BYTES = 32 * 1024 * 1024;
const HANDSHAKE = (path: string): string =>
  `GET ${path}?${path === '/api/ws' ? 'src' : 'camera_index'}=honest HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

interface Sample {
  readonly minute: number;
  readonly connections: number;
  readonly rss: number;
  readonly fds: number;
  readonly threads: number;
  readonly frames: number;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One connection: sends, waits a little for what comes, and drops it. Gives the answer's status, 0 without one. */
function attack(port: number, dice: Dice): Promise<number> {
  const path = dice.pick(SOCKET_PATHS);
  const chunks =
    dice.next() < 0.5
      ? chunked(dice, requestBytes(dice))
      : [Buffer.from(HANDSHAKE(path)), ...chunked(dice, sessionBytes(dice, path))];
  const waitMs = 5 + dice.below(60);
  const politely = dice.next() < 0.2;
  return new Promise((resolve) => {
    let status = 0;
    // Other addresses of this machine: a limit for each address would otherwise only see one.
    const socket = connect({
      port,
      host: HOST,
      localAddress: `127.0.0.${1 + dice.below(200)}`,
      noDelay: true,
    });
    socket.on('error', () => undefined);
    socket.on(
      'data',
      (data) => (status ||= Number(/^HTTP\/1\.1 (\d{3})/.exec(data.toString('latin1', 0, 16))?.[1] ?? 0)),
    );
    socket.once('close', () => resolve(status));
    socket.once('connect', () => {
      for (const chunk of chunks) socket.write(chunk);
      // Mostly a reset, which also leaves no port in TIME_WAIT.
      setTimeout(() => (politely ? socket.end().destroySoon() : socket.resetAndDestroy()), waitMs);
    });
  });
}

function sample(pid: number, started: number, connections: number, honest: Viewer): Sample {
  return {
    minute: (performance.now() - started) / 60_000,
    connections,
    rss: memoryOf(pid)?.rssBytes ?? 0,
    fds: fdCountOf(pid) ?? 0,
    threads: statOf(pid)?.threads ?? 0,
    frames: honest.stats.frames,
  };
}

function show(row: Sample): void {
  const cells = [
    row.minute.toFixed(1),
    row.connections,
    (row.rss / 2 ** 20).toFixed(1),
    row.fds,
    row.threads,
    row.frames,
  ];
  console.log(cells.map((cell) => String(cell).padStart(12)).join(''));
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** What is wrong with the run, in words; empty when nothing is. */
function verdict(rows: readonly Sample[], settled: Sample, honest: Viewer): string[] {
  const third = Math.ceil(rows.length / 3);
  const early = rows.slice(1, 1 + third);
  const rssEarly = median(early.map(({ rss }) => rss));
  const rssLate = median(rows.slice(-third).map(({ rss }) => rss));
  const [first] = rows;
  const wrong: string[] = [];
  if (rssLate > rssEarly * 1.1 + RSS_SLACK_BYTES) wrong.push(`RSS grew from ${rssEarly} to ${rssLate} bytes`);
  if (first && settled.fds > first.fds + 8)
    wrong.push(`descriptors grew from ${first.fds} to ${settled.fds}`);
  if (first && settled.threads > first.threads + 4)
    wrong.push(`threads grew from ${first.threads} to ${settled.threads}`);
  const { closed, torn } = honest.stats;
  if (closed) wrong.push(`the honest viewer was closed: ${closed.code} ${closed.reason}`);
  if (torn > 0) wrong.push(`the honest viewer got ${torn} torn JPEGs`);
  const gap = Math.max(honest.stats.gaps.max, honest.stats.openGapMs(performance.now()));
  if (gap > MAX_GAP_MS) wrong.push(`the honest viewer waited ${Math.round(gap)} ms`);
  return wrong;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, clients: { type: 'string' } },
  });
  const minutes = Number(values.minutes ?? 10);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const clients = Number(values.clients ?? 16);
  if (!(minutes > 0 && minutes <= 240 && Number.isInteger(seed) && clients >= 1 && clients <= 200))
    throw new Error('--minutes is 0-240, --seed a whole number, --clients 1-200');
  console.log(`fuzz: ${minutes} minutes, seed ${seed}, ${clients} clients`);

  const cameras = await spawnCameras({ width: 320, height: 180, fps: 10 });
  // Only `localhost` may be dialled, so no mutated host is ever looked up or reached.
  const service = await startService({
    env: {
      RTSP_ALLOW: 'localhost',
      LINGER_MS: '200',
      MAX_CAMERAS: '6',
      RETRY_MIN_MS: '200',
    },
  });
  try {
    const rtsp = encodeURIComponent(cameras.url(0).replace(HOST, 'localhost'));
    const honest = connectViewer({
      host: HOST,
      port: service.port,
      path: `/ws?camera_index=honest&rtsp=${rtsp}`,
      mode: 'count',
    });
    await honest.opened;
    while (honest.stats.frames < 10 && !honest.stats.closed) await sleep(50);
    honest.stats.beginWindow();

    const started = performance.now();
    const end = started + minutes * 60_000;
    const statuses = new Map<number, number>();
    let connections = 0;
    const over = (): boolean =>
      performance.now() >= end ||
      connections >= MAX_CONNECTIONS ||
      !isAlive(service.pid) ||
      honest.stats.closed !== undefined;
    const client = async (number: number): Promise<void> => {
      const dice = new Dice(seed * 1000 + number);
      while (!over()) {
        connections++;
        const status = await attack(service.port, dice);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    console.log(
      ['minute', 'connections', 'RSS MiB', 'fds', 'threads', 'frames']
        .map((name) => name.padStart(12))
        .join(''),
    );
    const rows = [sample(service.pid, started, 0, honest)];
    rows.forEach(show);
    const running = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
    for (let i = 1; i <= SAMPLES && !over(); i++) {
      await Promise.race([
        running,
        sleep(Math.max(0, started + (i / SAMPLES) * (end - started) - performance.now())),
      ]);
      const row = sample(service.pid, started, connections, honest);
      rows.push(row);
      show(row);
    }
    await running;
    if (!isAlive(service.pid))
      throw new Error(`the service ended; its last words:\n${service.log().slice(-3000)}`);
    await sleep(SETTLE_MS);
    const settled = sample(service.pid, started, connections, honest);
    show(settled);
    console.log(
      'answers:',
      [...statuses]
        .sort(([a], [b]) => a - b)
        .map(([status, count]) => `${status === 0 ? 'none' : status} ${count}`)
        .join(', '),
    );
    console.log(
      `honest viewer: ${honest.stats.frames} frames, longest gap ${Math.round(honest.stats.gaps.max)} ms, ${honest.stats.torn} torn`,
    );
    const errors = service
      .log()
      .split('\n')
      .filter((line) => line.includes('"level":50') || line.includes('"level":60'));
    for (const line of errors.slice(0, 5)) console.log(`logged as an error: ${line.slice(0, 400)}`);
    const wrong = verdict(rows, settled, honest);
    if (errors.length > 0) wrong.push(`${errors.length} errors were logged`);
    console.log(wrong.length === 0 ? 'ok' : `FAILED: ${wrong.join('; ')}`);
    process.exitCode = wrong.length === 0 ? 0 : 1;
    honest.destroy();
  } finally {
    await Promise.all([service.stop(), cameras.stop()]);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
