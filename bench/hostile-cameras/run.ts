import { setTimeout as sleep } from 'node:timers/promises';
import { faultsOf, honestLine, openHonestViewer } from '../lib/honest-viewer.js';
import { descendantsOf, isAlive, memoryOf } from '../lib/proc.js';
import type { ServerProcess } from '../lib/server-process.js';
import { startService } from '../lib/service.js';
import { growth, row, type UsageSample, usageSample } from '../lib/usage-sample.js';
import { connectViewer, type Viewer } from '../lib/ws-viewer.js';
import { spawnCameras } from '../virtual-camera/index.js';
import { FLOOD_KINDS } from './flood-kinds.js';
import { FOREIGN_KINDS } from './foreign-kinds.js';
import { H264_KINDS } from './h264-kinds.js';
import { type HostileCameras, startHostileCameras } from './hostile-server.js';
import { RTSP_KINDS } from './rtsp-kinds.js';
import { SDP_KINDS } from './sdp-kinds.js';

export const KINDS = [...RTSP_KINDS, ...SDP_KINDS, ...FOREIGN_KINDS, ...H264_KINDS, ...FLOOD_KINDS];

export interface HostileRun {
  readonly ffmpegPath: string;
  readonly transport: 'tcp' | 'udp';
  readonly seconds: number;
  /** Viewers of hostile cameras at a time. */
  readonly viewers: number;
  /** Ends the run early; what was found by then is told. */
  readonly interrupted?: AbortSignal;
  /** A line of the report as it comes. */
  say(line: string): void;
}

/** Short, so that each camera has failed and was tried again while somebody watched. */
const SETTINGS = {
  OPEN_TIMEOUT_MS: '2500',
  STALL_TIMEOUT_MS: '1500',
  RETRY_MIN_MS: '200',
  RETRY_MAX_MS: '1000',
  AUTH_HOLD_MS: '1000',
  LINGER_MS: '200',
  FROZEN_AFTER_MS: '2000',
};
/** How long a viewer watches, at most. */
const WATCH_MS = 5000;
/** One viewer in three leaves sooner, in so much time. */
const LEAVE_SHARE = 1 / 3;
const LEAVE_MS = 600;
/** How often all hostile cameras lose their power at once. */
const RESET_EVERY_MS = 4000;
/** A prime, so that those of a sort do not come one after the other: memory is compared between the run's begin and its end. */
const STRIDE = 37;
const SAMPLES = 20;
/** How long the service may take to let go of what the last cameras left. */
const SETTLE_MS = 20_000;
/** Two cameras that flood, or not, when memory is looked at; and threads grow to their size in the first minute. */
const RSS_SLACK_BYTES = 120e6;
const SETTLE_STEP_MS = 500;
/** Most that one FFmpeg may take, whatever size a stream claims to have. */
const MAX_CHILD_BYTES = 500 * 2 ** 20;
/** Close code of a service that ends. */
const GOING_AWAY = 1001;
/** Close code of an error of the service itself. */
const INTERNAL_ERROR = 1011;

/** What the viewers of hostile cameras saw: close codes by kind (0: still open when they left). */
type Outcomes = Map<string, Map<number, number>>;

interface Watched {
  readonly service: ServerProcess;
  readonly honest: Viewer;
  readonly outcomes: Outcomes;
  /** Resident bytes of the largest child that was seen. */
  largestChild: number;
}

/** Lets viewers watch one hostile camera after the other. Gives what is wrong, in words: empty when all went well. */
export async function runHostileCameras(run: HostileRun): Promise<string[]> {
  const honestCameras = await spawnCameras({ width: 320, height: 180, fps: 10 });
  const hostile = await startHostileCameras(KINDS);
  const service = await startService({
    env: { ...SETTINGS, FFMPEG_PATH: run.ffmpegPath, RTSP_TRANSPORT: run.transport },
  });
  try {
    const honest = await openHonestViewer(service.port, honestCameras.url(0));
    const watched: Watched = { service, honest, outcomes: new Map(), largestChild: 0 };
    const rows = await watchAll(run, watched, hostile);
    // A terminal sends its interrupt to the service as well.
    const isLeaving = !isAlive(service.pid) || honest.stats.closed?.code === GOING_AWAY;
    if (isLeaving && run.interrupted?.aborted) return [];
    if (!isAlive(service.pid))
      return [`the service ended; the end of its log:\n${service.log().slice(-3000)}`];
    const settled = await settle(service.pid, rows[0]);
    for (const [kind, codes] of watched.outcomes) run.say(`${kind.padEnd(28)} ${codesText(codes)}`);
    run.say(`${hostile.connections()} connections to hostile cameras; ${honestLine(honest)}`);
    const wrong = [...growth(rows, settled, RSS_SLACK_BYTES), ...faultsOf(honest), ...faultsOfKinds(watched)];
    if (hostile.trap.contacts.length > 0)
      wrong.push(`another host was contacted: ${hostile.trap.contacts.join(', ')}`);
    honest.destroy();
    return wrong;
  } finally {
    await Promise.all([service.stop(), hostile.stop(), honestCameras.stop()]);
  }
}

async function watchAll(run: HostileRun, watched: Watched, hostile: HostileCameras): Promise<UsageSample[]> {
  const { service, honest } = watched;
  const began = performance.now();
  const end = began + run.seconds * 1000;
  const isOver = (): boolean =>
    run.interrupted?.aborted === true ||
    performance.now() >= end ||
    !isAlive(service.pid) ||
    honest.stats.closed !== undefined;
  const resets = setInterval(() => {
    hostile.reset();
  }, RESET_EVERY_MS);
  let next = 0;
  const watchOneByOne = async (): Promise<void> => {
    while (!isOver()) {
      const kind = KINDS[(next++ * STRIDE) % KINDS.length];
      if (kind) await watchOne(watched, kind.name, hostile.url(kind.name), `${kind.name}-${next}`);
    }
  };
  const rows = [usageSample(service.pid, began)];
  const running = Promise.all(Array.from({ length: run.viewers }, watchOneByOne));
  run.say(row(['minute', 'watched', 'RSS MiB', 'fds', 'threads', 'children', 'frames']));
  for (let i = 1; i <= SAMPLES && !isOver(); i++) {
    await Promise.race([running, sleepUntil(began + (i / SAMPLES) * (end - began), watched, isOver)]);
    const sample = usageSample(service.pid, began);
    rows.push(sample);
    const { minute, rss, fds, threads, children } = sample;
    const mebibytes = (rss / 2 ** 20).toFixed(1);
    run.say(row([minute.toFixed(1), next, mebibytes, fds, threads, children, honest.stats.frames]));
  }
  await running;
  clearInterval(resets);
  return rows;
}

async function watchOne(watched: Watched, kind: string, url: string, camera: string): Promise<void> {
  const path = `/ws?camera_index=${camera}&rtsp=${encodeURIComponent(url)}&events=1`;
  const viewer = connectViewer({ host: '127.0.0.1', port: watched.service.port, path, mode: 'count' });
  viewer.opened.catch(() => undefined);
  // Some leave in the middle of whatever is going on.
  const watchMs = Math.random() < LEAVE_SHARE ? Math.random() * LEAVE_MS : WATCH_MS;
  const closed = await Promise.race([viewer.ended, sleep(watchMs, null)]);
  viewer.destroy();
  const codes = watched.outcomes.get(kind) ?? new Map<number, number>();
  const code = closed?.code ?? 0;
  watched.outcomes.set(kind, codes.set(code, (codes.get(code) ?? 0) + 1));
}

/** Looks at the children's memory meanwhile: a decoder that takes too much may be gone at the next sample. */
async function sleepUntil(at: number, watched: Watched, isOver: () => boolean): Promise<void> {
  while (performance.now() < at && !isOver()) {
    await sleep(Math.max(0, Math.min(200, at - performance.now())));
    for (const { pid } of descendantsOf(watched.service.pid))
      watched.largestChild = Math.max(watched.largestChild, memoryOf(pid)?.rssBytes ?? 0);
  }
}

/** The service when what the last cameras left is gone, or as it is when that took too long. */
async function settle(pid: number, before: UsageSample | undefined): Promise<UsageSample> {
  const end = performance.now() + SETTLE_MS;
  for (;;) {
    const sample = usageSample(pid, performance.now());
    const isBack = before && sample.children <= before.children && sample.fds <= before.fds;
    if (isBack || performance.now() > end) return sample;
    await sleep(SETTLE_STEP_MS);
  }
}

function faultsOfKinds({ service, outcomes, largestChild }: Watched): string[] {
  const wrong: string[] = [];
  for (const [kind, codes] of outcomes)
    if (codes.has(INTERNAL_ERROR)) wrong.push(`${kind} was told as an internal error`);
  if (largestChild > MAX_CHILD_BYTES) wrong.push(`an FFmpeg took ${Math.round(largestChild / 2 ** 20)} MiB`);
  const errors = service
    .log()
    .split('\n')
    .filter((line) => line.includes('"level":50') || line.includes('"level":60'));
  if (errors.length > 0)
    wrong.push(`${errors.length} errors were logged, as ${errors[0]?.slice(0, 400) ?? ''}`);
  return wrong;
}

const codesText = (codes: ReadonlyMap<number, number>): string =>
  [...codes].map(([code, count]) => `${code === 0 ? 'open' : code} ${count}`).join(', ');
