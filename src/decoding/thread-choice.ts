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
