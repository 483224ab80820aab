import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Scope } from './suite-scope.js';

const LOOK_MS = 50;
/** Of a line of /proc/stat behind its name: user, nice, system, idle, iowait, irq, softirq, steal. */
const STEAL = 7;

interface Look {
  /** Unix epoch, ms. */
  readonly at: number;
  /** Threads that run or wait for a processor. */
  readonly runnable: number;
  /** Time of all processors since the machine started, and what the host took of it; in ticks. */
  readonly ticks: number;
  readonly stolen: number;
}

/**
 * How much slower work goes at the moment than on an idle machine, for bounds on time that hold beside other files: what a step
 * costs in processor time is allowed that many times over, while pauses and timeouts of the service are not. A fault that lets
 * something last longer by a timeout is found all the same.
 */
export class MachinePace {
  readonly #looks: Look[] = [look()];

  /** @param scope looks at the machine until it ends; without one whoever made it calls `look` */
  constructor(scope?: Scope) {
    if (!scope) return;
    const timer = setInterval(() => this.look(), LOOK_MS);
    scope.after(() => clearInterval(timer));
  }

  look(): void {
    this.#looks.push(look());
  }

  /**
   * Runnable threads for each processor (1 when there are fewer) over what the host leaves of it.
   *
   * @param from Unix epoch, ms
   */
  slowness(from = 0): number {
    this.look();
    const first = this.#looks.findLastIndex(({ at }) => at < from);
    const looks = this.#looks.slice(Math.max(0, first));
    const [begin, end] = [looks[0], looks.at(-1)];
    if (!begin || !end) return 1;
    const perProcessor = mean(looks.map(({ runnable }) => Math.max(1, runnable / availableParallelism())));
    const ticks = end.ticks - begin.ticks;
    const stolen = ticks > 0 ? Math.min(0.9, (end.stolen - begin.stolen) / ticks) : 0;
    return perProcessor / (1 - stolen);
  }

  /** What work of so much processor time may last longer than on an idle machine, ms. */
  delay(workMs: number, from = 0): number {
    return workMs * (this.slowness(from) - 1);
  }
}

function look(): Look {
  // "0.20 0.18 0.12 1/80 11206": the fourth field is runnable/all.
  const runnable = Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[3]?.split('/')[0]);
  const [cpu = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const fields = cpu.trim().split(/\s+/).slice(1, 9).map(Number);
  return {
    at: performance.timeOrigin + performance.now(),
    runnable: Number.isFinite(runnable) ? runnable : 0,
    ticks: fields.reduce((sum, field) => sum + field, 0),
    stolen: fields[STEAL] ?? 0,
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
