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
import type { CameraRun, RunEvents } from './camera-run.js';

/** Layout of raw frames that the workers' encoder takes best on this machine. */
export { encoderProblem, preferredPixels } from '../../workers/jpeg-encoder.js';

/** What a run needs besides its port. */
export type RunTask = Omit<CameraTask, 'port' | 'taken'>;

export interface PoolEvents {
  ffmpegStarted(camera: string): void;
  workerDied(camera: string, error: string): void;
}

/** A worker that has not ended its run this long after `stop` is terminated: it hangs in native code. */
const TERMINATE_AFTER_MS = KILL_AFTER_MS + 3000;

/** How long the last messages of a run may take to arrive. */
const PORT_CLOSE_MS = 250;

/** A worker parses nothing large: frames and JPEGs live outside its heap. Small heaps keep 100 cameras affordable. */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 };

/** The pool of camera workers: one thread and one task for each run, gone when the run is over. The only importer of Piscina. */
export class WorkerPool {
  readonly #pool: Piscina<CameraTask, RunEnd>;
  readonly #pids = new Map<string, Set<number>>();

  /** @param maxRuns most runs at a time; a run that is ending counts too */
  constructor(
    maxRuns: number,
    private readonly events: PoolEvents,
  ) {
    this.#pool = new Piscina<CameraTask, RunEnd>({
      filename: fileURLToPath(new URL('../../workers/camera-worker.js', import.meta.url)),
      minThreads: 0,
      maxThreads: maxRuns,
      concurrentTasksPerWorker: 1,
      // Its wait for the next task would block the event loop of a thread whose sockets are just closing.
      atomics: 'disabled',
      idleTimeout: 0,
      recordTiming: false,
      resourceLimits: HEAP_LIMITS,
      // Pipes are opened through libc, which Node's bookkeeping does not see; the decoder closes every one.
      trackUnmanagedFds: false,
    });
    // Errors of a thread come to the run's own promise as well.
    this.#pool.on('error', () => undefined);
  }

  get threads(): readonly Worker[] {
    return this.#pool.threads;
  }

  /** FFmpeg processes of a camera that are running now. */
  pidsOf(camera: string): readonly number[] {
    return [...(this.#pids.get(camera) ?? [])];
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
    const pids = new Set<number>();
    this.#pids.set(task.camera, pids);
    const killer = new AbortController();
    const deadline = new StopDeadline(TERMINATE_AFTER_MS, () => {
      killer.abort();
    });
    const portClosed = new Promise((resolve) => port.once('close', resolve));

    port.once('message', () => {
      deadline.begun();
      events.started();
    });
    port.on('message', (message: FromWorker) => {
      if (message.type === 'frame') Atomics.add(takenCount, TAKEN_FRAMES, 1);
      if (message.type === 'unit') Atomics.add(takenCount, TAKEN_UNITS, 1);
      if (message.type === 'spawned') this.events.ffmpegStarted(task.camera);
      take(message, events, pids);
    });

    const ended = this.#pool
      .run({ ...task, port: port2, taken }, { transferList: [port2], signal: killer.signal })
      .catch((error: unknown): RunEnd => {
        const detail = error instanceof Error ? error.message : String(error);
        this.events.workerDied(task.camera, detail);
        return { code: 'worker_died', detail };
      })
      .then(async (end) => {
        deadline.over();
        // The last messages may still be on their way; the worker closed the port after them, a dead one did not.
        await Promise.race([portClosed, sleep(PORT_CLOSE_MS)]);
        port.close();
        await Promise.all([...pids].map(reapOrphan));
        if (this.#pids.get(task.camera) === pids) this.#pids.delete(task.camera);
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

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** @param pids the run's FFmpegs, kept up to date */
function take(message: FromWorker, events: RunEvents, pids: Set<number>): void {
  switch (message.type) {
    case 'frame':
      events.frame(message);
      break;
    case 'unit':
      events.unit(message);
      break;
    case 'stats':
      events.counters(message.counters);
      if (message.video) events.video(message.video);
      break;
    case 'spawned':
      pids.add(message.pid);
      break;
    case 'reaped':
      pids.delete(message.pid);
      break;
  }
}
