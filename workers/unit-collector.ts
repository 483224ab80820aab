import { getHeapStatistics } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How often memory is looked at, in bytes of units that came. */
const LOOK_BYTES = 8 * 1024 * 1024;
/** What may lie about uncollected, bytes: V8 alone lets it be some hundred megabytes, in each thread for itself. */
const MOST_GARBAGE_BYTES = 24 * 1024 * 1024;

/** What is known of a thread's memory. */
export interface ThreadMemory {
  /** Bytes of array buffers and the like, in use or not collected yet. */
  used(): number;
  collect(): void;
}

/**
 * Has V8 collect the units that were let go when many bytes of them have come: it hardly sees memory outside its heap. A camera in order
 * brings so many bytes in some ten seconds, one that floods several times a second.
 */
export class UnitCollector {
  #came = 0;
  /** Bytes that were in use after the last collection. */
  #inUse = 0;

  constructor(private readonly memory: ThreadMemory = OF_THIS_THREAD) {}

  /** @param bytes of a unit that came */
  note(bytes: number): void {
    this.#came += bytes;
    if (this.#came < LOOK_BYTES) return;
    this.#came = 0;
    const used = this.memory.used();
    this.#inUse = Math.min(this.#inUse, used);
    if (used - this.#inUse < MOST_GARBAGE_BYTES) return;
    this.memory.collect();
    this.#inUse = this.memory.used();
  }
}

let gc: (() => void) | null | undefined;

/** `gc` is there for contexts that are made after `--expose-gc` (`src/frugal-memory.ts`). */
const OF_THIS_THREAD: ThreadMemory = {
  // `process.memoryUsage` opens a file of /proc, and throws where no descriptor is left.
  used: () => getHeapStatistics().external_memory,
  collect: () => {
    gc ??= runInNewContext('globalThis.gc ?? null') as (() => void) | null;
    gc?.();
  },
};

/** One for all cameras of a thread. */
export const unitCollector = new UnitCollector();
