import { cpus } from 'node:os';
import { allowedCpus, type CpuLimit, cpuLimits } from './cpu-limits.js';

/**
 * Idle share of the cores between two moments: of those that this process may run on, other people's processes included, and not more
 * than what the limit of its container or service leaves.
 */
export class IdleMeter {
  #before: Reading;

  /** @param root where `proc` and `sys` are */
  constructor(private readonly root = '/') {
    this.#before = reading(root);
  }

  /** 0-1 since the last reading, or since the beginning; NaN when no time went by. */
  read(): number {
    const before = this.#before;
    this.#before = reading(this.root);
    return idleShare(before, this.#before);
  }
}

/** Counts at a moment; only their differences mean something. */
export interface Reading {
  /** Monotonic, ms. */
  readonly at: number;
  /** Idle time of all allowed cores, ms. */
  readonly idle: number;
  /** All time of all allowed cores, ms. */
  readonly total: number;
  readonly limits: readonly CpuLimit[];
}

/** Idle share between two readings, 0-1; NaN when no time went by. */
export function idleShare(before: Reading, now: Reading): number {
  const shares = [(now.idle - before.idle) / (now.total - before.total)];
  for (const limit of now.limits) {
    const earlier = before.limits.find(({ group }) => group === limit.group);
    if (!earlier) continue;
    const allowed = limit.cores * (now.at - before.at);
    if (allowed > 0) shares.push(Math.max(0, 1 - (limit.usedMs - earlier.usedMs) / allowed));
  }
  return Math.min(...shares);
}

function reading(root: string): Reading {
  const allowed = allowedCpus(root);
  let idle = 0;
  let total = 0;
  for (const [number, { times: spent }] of cpus().entries()) {
    if (allowed && !allowed.has(number)) continue;
    idle += spent.idle;
    total += spent.user + spent.nice + spent.sys + spent.idle + spent.irq;
  }
  return { at: performance.now(), idle, total, limits: cpuLimits(root) };
}
