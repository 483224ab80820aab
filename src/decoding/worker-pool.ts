import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, type Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import {
  type CameraTask,
  type DecodePlan,
  type FromWorker,
  KILL_AFTER_MS,
  type RunEnd,
  TAKEN_COUNTS,
  TAKEN_FRAMES,
  TAKEN_NOBODY,
  TAKEN_UNITS,
  type ToWorker,
} from '../shared/worker-protocol.js';
import { reapOrphan } from './reap-orphan.js';
import { StopDeadline } from './stop-deadline.js';
import { chooseThread, type PoolShape, poolShape } from './thread-choice.js';
import { ThreadDeaths } from './thread-deaths.js';
import { type Running, takeMessage } from './running.js';
import type { CameraRun, RunEvents } from './camera-run.js';

/** Layout of raw frames that the workers' encoder takes best on this machine. */
export { encoderProblem, preferredPixels } from '../../workers/jpeg-encoder.js';

/** What a run needs besides its port. */
export type RunTask = Omit<CameraTask, 'port' | 'taken'>;

export interface PoolEvents {
  ffmpegStarted(camera: string): void;
  /** A thread died. @param cameras whose runs ended with it */
  workerDied(cameras: readonly string[], error: string): void;
}

/** A thread that has told nothing this long after `stop` hangs in native code; one that lives is given more time. */
const STOP_LIMITS = { silenceMs: KILL_AFTER_MS + 3000, mostMs: 30_000 };

/** How long the last messages of a run may take to arrive. */
const PORT_CLOSE_MS = 250;

/** How long a thread without a run stays: cameras that come back in a storm find it running. */
const IDLE_MS = 10_000;

/** A worker parses nothing large: frames and JPEGs live outside its heap. */
const BASE_HEAP_MB = 48;
/** What a run may hold in it besides: some thousand access units and what is known of their pictures. */
const RUN_HEAP_MB = 4;
/** Of short-lived objects: small, as there is one for each thread. */
const YOUNG_HEAP_MB = 4;

/** How long the end of the pool waits for threads that still load their modules, and how often it looks, ms. */
const LOADING_MS = 5000;
const LOADING_LOOK_MS = 20;

/** The pool of camera workers: few threads, and one task for each run. The only importer of Piscina. */
export class WorkerPool {
  readonly #shared: Piscina<CameraTask, RunEnd>;
  /**
   * For cameras that gave no picture last time: what they send keeps no live one waiting. As many threads: a run never moves, and after an
   * outage these carry all cameras.
   */
  readonly #probation: Piscina<CameraTask, RunEnd>;
  /** For cameras whose threads die again and again. */
  readonly #alone: Piscina<CameraTask, RunEnd>;
  readonly #deaths = new ThreadDeaths();
  /** By camera; of two runs of one camera the newer. */
  readonly #running = new Map<string, Running>();
  /** Ids of threads that have loaded their modules. */
  readonly #loaded = new Set<number>();
  /** Cameras of threads that have died in this turn. */
  readonly #dying = new Map<number | null, string[]>();

  /** @param maxRuns most runs at a time; a run that is ending counts too */
  constructor(
    maxRuns: number,
    private readonly events: PoolEvents,
    shape: PoolShape = poolShape(maxRuns, availableParallelism()),
  ) {
    this.#shared = this.#create(shape);
    this.#probation = this.#create(shape);
    this.#alone = this.#create({ threads: maxRuns, runsPerThread: 1 });
  }

  get threads(): readonly Worker[] {
    return this.#pools.flatMap(({ threads }) => [...threads]);
  }

  /** FFmpeg processes of a camera that are running now. */
  pidsOf(camera: string): readonly number[] {
    return [...(this.#running.get(camera)?.pids ?? [])];
  }

  /** Id of the thread that a camera's run has begun in. */
  threadOf(camera: string): number | null {
    return this.#running.get(camera)?.thread ?? null;
  }

  /** @throws Error with a code of errno when no thread can be started */
  run(task: RunTask, events: RunEvents): CameraRun {
    const taken = new SharedArrayBuffer(TAKEN_COUNTS * Int32Array.BYTES_PER_ELEMENT);
    try {
      return this.#begin(task, events, taken);
    } catch (error) {
      // Piscina keeps the task for the next thread.
      Atomics.store(new Int32Array(taken), TAKEN_NOBODY, 1);
      throw error;
    }
  }

  #begin(task: RunTask, events: RunEvents, taken: SharedArrayBuffer): CameraRun {
    const { port1: port, port2 } = new MessageChannel();
    const takenCount = new Int32Array(taken);
    const running: Running = { camera: task.camera, thread: null, pids: new Set() };
    this.#running.set(task.camera, running);
    const killer = new AbortController();
    const deadline = new StopDeadline(STOP_LIMITS, () => {
      killer.abort();
    });
    const portClosed = new Promise((resolve) => port.once('close', resolve));

    port.on('message', (message: FromWorker) => {
      deadline.heard();
      if (message.type === 'frame') Atomics.add(takenCount, TAKEN_FRAMES, 1);
      if (message.type === 'unit') Atomics.add(takenCount, TAKEN_UNITS, 1);
      if (message.type === 'spawned') this.events.ffmpegStarted(task.camera);
      takeMessage(message, events, running);
    });

    const ended = this.#poolFor(task)
      .run({ ...task, port: port2, taken }, { transferList: [port2], signal: killer.signal })
      .catch((error: unknown): RunEnd => {
        const detail = error instanceof Error ? error.message : String(error);
        this.#died(running, detail);
        return { code: 'worker_died', detail };
      })
      .then(async (end) => {
        deadline.over();
        // The last messages may still be on their way; the worker closed the port after them, a dead one did not.
        await Promise.race([portClosed, sleep(PORT_CLOSE_MS)]);
        port.close();
        await Promise.all([...running.pids].map(reapOrphan));
        if (this.#running.get(task.camera) === running) this.#running.delete(task.camera);
        return end;
      });

    const post = (message: ToWorker): void => {
      port.postMessage(message);
    };
    return {
      ended,
      setPlan: (plan: DecodePlan) => {
        post({ type: 'plan', plan });
      },
      stop: () => {
        post({ type: 'stop' });
        deadline.stopping();
      },
    };
  }

  /** To be called when all runs have ended. */
  async close(): Promise<void> {
    // Node 20 ends the whole process when a thread is terminated that still loads its modules.
    const end = performance.now() + LOADING_MS;
    const isLoading = ({ threadId }: Worker): boolean => threadId >= 0 && !this.#loaded.has(threadId);
    while (this.threads.some(isLoading) && performance.now() < end) await sleep(LOADING_LOOK_MS);
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
  }

  get #pools(): readonly Piscina<CameraTask, RunEnd>[] {
    return [this.#shared, this.#probation, this.#alone];
  }

  #poolFor({ camera, failedLast }: RunTask): Piscina<CameraTask, RunEnd> {
    if (this.#deaths.runsAlone(camera, performance.now())) return this.#alone;
    return failedLast ? this.#probation : this.#shared;
  }

  #create(shape: PoolShape): Piscina<CameraTask, RunEnd> {
    const pool = new Piscina<CameraTask, RunEnd>({
      filename: fileURLToPath(new URL('../../workers/camera-worker.js', import.meta.url)),
      minThreads: 0,
      maxThreads: shape.threads,
      concurrentTasksPerWorker: shape.runsPerThread,
      // Its own would let no other task share a thread with one that can be aborted.
      loadBalancer: (_task, threads) => chooseThread(threads, shape),
      // Its wait for the next task would block the event loop of a thread whose sockets are just closing.
      atomics: 'disabled',
      idleTimeout: IDLE_MS,
      recordTiming: false,
      resourceLimits: {
        maxOldGenerationSizeMb: BASE_HEAP_MB + RUN_HEAP_MB * shape.runsPerThread,
        maxYoungGenerationSizeMb: YOUNG_HEAP_MB,
        stackSizeMb: 1,
      },
      // Pipes are opened through libc, which Node's bookkeeping does not see; the decoder closes every one.
      trackUnmanagedFds: false,
    });
    // Errors of a thread come to the run's own promise as well.
    pool.on('error', () => undefined);
    pool.on('workerCreate', ({ id }: { readonly id: number }) => this.#loaded.add(id));
    pool.on('workerDestroy', ({ id }: { readonly id: number }) => this.#loaded.delete(id));
    return pool;
  }

  /** A run's thread died. All runs of a thread end in the same turn, and are told together. */
  #died({ camera, thread }: Running, error: string): void {
    this.#deaths.note(camera, performance.now());
    const others = this.#dying.get(thread);
    if (others) {
      others.push(camera);
      return;
    }
    const cameras = [camera];
    this.#dying.set(thread, cameras);
    setImmediate(() => {
      this.#dying.delete(thread);
      this.events.workerDied(cameras, error);
    });
  }
}
