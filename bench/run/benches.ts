export interface BenchPlan {
  /** File of the bench, and name of its report. */
  readonly name: string;
  /** After this it is ended and counts as failed: a bench that hangs must not take the night. Twice of what it needs. */
  readonly limitMs: number;
}

const MINUTE_MS = 60_000;

/** In the order of the run. */
export const BENCHES: readonly BenchPlan[] = [
  { name: 'pipeline', limitMs: 10 * MINUTE_MS },
  { name: 'capacity', limitMs: 8 * MINUTE_MS },
  { name: 'fanout', limitMs: 4 * MINUTE_MS },
  { name: 'latency', limitMs: 5 * MINUTE_MS },
  { name: 'memory', limitMs: 3 * MINUTE_MS },
  { name: 'first-frame', limitMs: 2 * MINUTE_MS },
  { name: 'relay-16', limitMs: 4 * MINUTE_MS },
  { name: 'frame-cost', limitMs: 4 * MINUTE_MS },
  { name: 'cold-wall', limitMs: 3 * MINUTE_MS },
  { name: 'packet-loss', limitMs: 4 * MINUTE_MS },
];
