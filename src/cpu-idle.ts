import { cpus } from 'node:os';

/** Idle share of all cores of the machine between two moments, other people's processes included. */
export class IdleMeter {
  #before = times();

  /** 0-1 since the last reading, or since the beginning; NaN when no time went by. */
  read(): number {
    const before = this.#before;
    this.#before = times();
    return (this.#before.idle - before.idle) / (this.#before.total - before.total);
  }
}

function times(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times: spent } of cpus()) {
    idle += spent.idle;
    total += spent.user + spent.nice + spent.sys + spent.idle + spent.irq;
  }
  return { idle, total };
}
