/** Time as the service sees it; tests inject one that they move by hand. */
export interface Clock {
  /** Milliseconds that only grow (not wall time). */
  now(): number;
  /** Calls `fn` once after `ms`; the returned function cancels it. */
  after(ms: number, fn: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Milliseconds of the monotonic clock as wall time (Unix epoch, ms), comparable between threads and processes of one host. */
export const epochMs = (): number => performance.timeOrigin + performance.now();
