/** What Piscina tells of one of its threads. */
export interface ThreadUse {
  /** Tasks that it has; `Infinity` for exactly one that can be aborted. */
  readonly currentUsage: number;
  readonly isRunningAbortableTask: boolean;
}

/** Threads for each core. One encodes while another waits for FFmpeg, and no camera shares its thread while there are few. */
const THREADS_PER_CORE = 2;

export interface PoolShape {
  readonly threads: number;
  readonly runsPerThread: number;
}

/**
 * How many runs share a thread. Encoding a picture takes less time than decoding it, which another process does on the same cores:
 * twice as many threads as cores are busy for less than half of their time, however many cameras the machine can carry.
 * @param maxRuns most runs at a time, at least 1
 * @param cores at least 1
 */
export function poolShape(maxRuns: number, cores: number): PoolShape {
  const threads = Math.min(maxRuns, THREADS_PER_CORE * cores);
  return { threads, runsPerThread: Math.ceil(maxRuns / threads) };
}

/** One thread in so many is for cameras that failed last time. */
const THREADS_PER_PROBATION = 4;

/**
 * The threads of runs whose camera gave no picture last time, besides those of `shape`: what such a camera sends keeps no live one
 * waiting. A run never moves, so after an outage of all cameras these threads carry all of them; they can, as a machine that decodes as
 * much as it can is busy with encoding for an eighth of that time.
 * @param maxRuns most runs at a time, at least 1
 */
export function probationShape({ threads }: PoolShape, maxRuns: number): PoolShape {
  const apart = Math.ceil(threads / THREADS_PER_PROBATION);
  return { threads: apart, runsPerThread: Math.ceil(maxRuns / apart) };
}

/**
 * The thread for the next run: the one with the fewest, the oldest among equals.
 * @returns `null` if another thread is to be started, or all are full
 */
export function chooseThread<T extends ThreadUse>(
  threads: readonly (T & { readonly id: number })[],
  { threads: most, runsPerThread }: PoolShape,
): T | null {
  const [best] = [...threads].sort((a, b) => runsOf(a) - runsOf(b) || a.id - b.id);
  if (!best || (runsOf(best) > 0 && threads.length < most)) return null;
  return runsOf(best) < runsPerThread ? best : null;
}

const runsOf = ({ currentUsage, isRunningAbortableTask }: ThreadUse): number =>
  isRunningAbortableTask ? 1 : currentUsage;
