import { deferRun } from './camera-run.js';
import type { OpenerDeps } from './opener.js';

type Pool = OpenerDeps['pool'];

/**
 * Starts few worker threads at a time. A start is nothing but computing, some 80 ms of a core: a hundred at once are ready no sooner
 * than one after another, and all of them late. Somebody who asks for camera after camera would keep the machine from everything else.
 * @param most runs that have begun and whose worker has not told yet that it runs; at least 1
 */
export function startInTurn(pool: Pool, most: number): Pool {
  const starts = new Turns(most);
  return {
    run: (task, events) =>
      deferRun(task.plan, async (it) => {
        const leave = await starts.enter();
        try {
          return await it.run((plan) =>
            pool.run(
              { ...task, plan },
              {
                started: () => {
                  leave();
                  events.started();
                },
                frame: (frame) => {
                  events.frame(frame);
                },
                unit: (unit) => {
                  events.unit(unit);
                },
                counters: (counters) => {
                  events.counters(counters);
                },
                video: (report) => {
                  events.video(report);
                },
              },
            ),
          );
        } finally {
          leave();
        }
      }),
  };
}

/** Places that are given out in the order in which they were asked for. */
class Turns {
  readonly #waiting: (() => void)[] = [];

  constructor(private free: number) {}

  /** @returns gives the place back; calling it again does nothing */
  async enter(): Promise<() => void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.free++;
    };
  }
}
