import type { Clock } from '../../shared/clock.js';

/** From its worker's start a camera has this long to show a picture, ms; then it waits for its network and not for this machine. */
export const SLOT_MS = 400;
/** Longest time for a slot, ms: for a name that is being resolved, and where a worker takes long to start. */
export const LONGEST_SLOT_MS = 2000;

/** Who connects first: cameras that were live, then those that viewers wait for. */
export type ConnectRank = 'was_live' | 'watched' | 'unwatched';
const ORDER: Readonly<Record<ConnectRank, number>> = { was_live: 0, watched: 1, unwatched: 2 };

export interface ConnectRequest {
  /** The last try failed: such cameras wait among themselves, so that a dead switch keeps no other camera waiting. */
  readonly failedLast: boolean;
  /** Asked whenever a slot is free: viewers may have come meanwhile. */
  rank(): ConnectRank;
}

/** A place among those that begin to connect. */
export interface ConnectSlot {
  /** The camera's worker runs. */
  started(): void;
  /** Gives the slot back; calling it again does nothing. */
  leave(): void;
}

interface Waiting {
  readonly request: ConnectRequest;
  readonly grant: () => void;
}

/**
 * Bounds how many cameras begin to connect at the same time: each costs the machine a decoder that starts. A slot is
 * given back at the first picture, and soon after the worker's start at the latest; so a line of silent cameras is through in seconds.
 */
export class ConnectGate {
  readonly #first: Pool;
  readonly #again: Pool;

  /** @param slots most cameras at a time, at least 1; half as many besides that failed last time */
  constructor(slots: number, clock: Clock) {
    this.#first = new Pool(slots, clock);
    this.#again = new Pool(Math.ceil(slots / 2), clock);
  }

  /**
   * Waits for a slot.
   * @returns `null` when `signal` was aborted first
   */
  enter(request: ConnectRequest, signal: AbortSignal): Promise<ConnectSlot | null> {
    return (request.failedLast ? this.#again : this.#first).enter(request, signal);
  }
}

class Pool {
  #free: number;
  #lastFirst = false;
  readonly #waiting = new Set<Waiting>();

  constructor(
    slots: number,
    private readonly clock: Clock,
  ) {
    this.#free = slots;
  }

  async enter(request: ConnectRequest, signal: AbortSignal): Promise<ConnectSlot | null> {
    if (signal.aborted) return null;
    if (this.#free > 0) this.#free--;
    else if (!(await this.#granted(request, signal))) return null;
    let held = true;
    const leave = (): void => {
      if (!held) return;
      held = false;
      cancel();
      this.#release();
    };
    let cancel = this.clock.after(LONGEST_SLOT_MS, leave);
    const started = (): void => {
      cancel();
      if (held) cancel = this.clock.after(SLOT_MS, leave);
    };
    return { started, leave };
  }

  #granted(request: ConnectRequest, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        request,
        grant: () => {
          signal.removeEventListener('abort', giveUp);
          resolve(true);
        },
      };
      const giveUp = (): void => {
        this.#waiting.delete(waiting);
        resolve(false);
      };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /**
   * Gives the slot to one of those with the best rank: in turn to the one that came first and to the one that came last. A viewer
   * who opens one camera does not wait until a whole wall before it is through.
   */
  #release(): void {
    let best: Waiting[] = [];
    let rank = Infinity;
    for (const waiting of this.#waiting) {
      const own = ORDER[waiting.request.rank()];
      if (own < rank) [best, rank] = [[], own];
      if (own === rank) best.push(waiting);
    }
    this.#lastFirst = !this.#lastFirst;
    const next = best.at(this.#lastFirst ? -1 : 0);
    if (!next) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next.grant();
  }
}
