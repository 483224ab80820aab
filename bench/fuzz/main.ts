import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandLine } from '../lib/command-line.js';
import { interruption, INTERRUPTED_STATUS } from '../lib/interruption.js';
import { faultsOf, honestLine, openHonestViewer } from '../lib/honest-viewer.js';
import { isAlive } from '../lib/proc.js';
import type { ServerProcess } from '../lib/server-process.js';
import { startService } from '../lib/service.js';
import { growth, row, type UsageSample, usageSample } from '../lib/usage-sample.js';
import type { Viewer } from '../lib/ws-viewer.js';
import { spawnCameras } from '../virtual-camera/index.js';
import { attack } from './attack.js';
import { SeededRandom } from './input.js';

/**
 * Throws mutated requests, frames and messages of walls and players at a service of its own, beside one honest viewer of one virtual
 * camera. Fails (exit 1) when the service ends, when the honest viewer is closed or waits too long, or when memory, descriptors,
 * threads or children grow. Interrupted, it tells what it found by then (exit 1, or 130 when that is nothing).
 */

const HOST = '127.0.0.1';
const MAX_CONNECTIONS = 2_000_000;
const SAMPLES = 20;
/** Close code of a service that ends. */
const GOING_AWAY = 1001;
/** How long the service may take to let go of what the last connections left. */
const SETTLE_MS = 15_000;

const { minutes, seed, clients } = commandLine({
  name: 'fuzz',
  about: 'Throws mutated requests, frames and messages at a service of its own, beside one honest viewer.',
  options: {
    minutes: { default: 10, min: 0.1, max: 240, fractions: true, help: 'how long' },
    seed: { default: Date.now() % 1_000_000, min: 0, max: 1_000_000, help: 'the same gives the same input' },
    clients: { default: 16, min: 1, max: 200, help: 'attackers at a time' },
  },
});

const interrupted = interruption();

/** What the attackers got: answers by status, 0 for none. */
interface Answers {
  connections: number;
  readonly statuses: Map<number, number>;
}

/** Attacks until the time is over or something has broken, with a sample of the service now and then. */
async function attackAll(service: ServerProcess, honest: Viewer, answers: Answers): Promise<UsageSample[]> {
  const began = performance.now();
  const end = began + minutes * 60_000;
  const isOver = (): boolean =>
    interrupted.aborted ||
    performance.now() >= end ||
    answers.connections >= MAX_CONNECTIONS ||
    !isAlive(service.pid) ||
    honest.stats.closed !== undefined;
  const client = async (number: number): Promise<void> => {
    const random = new SeededRandom(seed * 1000 + number);
    while (!isOver()) {
      answers.connections++;
      const status = await attack(service.port, random);
      answers.statuses.set(status, (answers.statuses.get(status) ?? 0) + 1);
    }
  };
  const rows = [usageSample(service.pid, began)];
  const running = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  const ended = once(interrupted, 'abort');
  console.log(row(['minute', 'connections', 'RSS MiB', 'fds', 'threads', 'frames']));
  for (let i = 1; i <= SAMPLES && !isOver(); i++) {
    await Promise.race([
      running,
      ended,
      sleep(Math.max(0, began + (i / SAMPLES) * (end - began) - performance.now())),
    ]);
    const sample = usageSample(service.pid, began);
    rows.push(sample);
    const { minute, rss, fds, threads } = sample;
    const mebibytes = (rss / 2 ** 20).toFixed(1);
    console.log(row([minute.toFixed(1), answers.connections, mebibytes, fds, threads, honest.stats.frames]));
  }
  await running;
  return rows;
}

function showAnswers({ statuses }: Answers, honest: Viewer): void {
  const counts = [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status === 0 ? 'none' : status} ${count}`);
  console.log('answers:', counts.join(', '));
  console.log(honestLine(honest));
}

async function main(): Promise<void> {
  console.log(`fuzz: ${minutes} minutes, seed ${seed}, ${clients} clients`);
  const cameras = await spawnCameras({ width: 320, height: 180, fps: 10 });
  // Only `localhost` may be dialled, so no mutated host is ever looked up or reached.
  const service = await startService({
    env: { RTSP_ALLOW: 'localhost', LINGER_MS: '200', MAX_CAMERAS: '6', RETRY_MIN_MS: '200' },
  });
  try {
    const honest = await openHonestViewer(service.port, cameras.url(0).replace(HOST, 'localhost'));
    const answers: Answers = { connections: 0, statuses: new Map() };
    const rows = await attackAll(service, honest, answers);
    // A terminal sends its interrupt to the service as well.
    const isLeaving = !isAlive(service.pid) || honest.stats.closed?.code === GOING_AWAY;
    if (isLeaving && interrupted.aborted) {
      process.exitCode = INTERRUPTED_STATUS;
      return;
    }
    if (!isAlive(service.pid))
      throw new Error(`the service ended; the end of its log:\n${service.log().slice(-3000)}`);
    await sleep(SETTLE_MS);
    showAnswers(answers, honest);
    const errors = service
      .log()
      .split('\n')
      .filter((line) => line.includes('"level":50') || line.includes('"level":60'));
    for (const line of errors.slice(0, 5)) console.log(`logged as an error: ${line.slice(0, 400)}`);
    const wrong = [...growth(rows, usageSample(service.pid, 0)), ...faultsOf(honest)];
    if (errors.length > 0) wrong.push(`${errors.length} errors were logged`);
    console.log(wrong.length === 0 ? 'ok' : `FAILED: ${wrong.join('; ')}`);
    process.exitCode = wrong.length > 0 ? 1 : interrupted.aborted ? INTERRUPTED_STATUS : 0;
    honest.destroy();
  } finally {
    await Promise.all([service.stop(), cameras.stop()]);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
