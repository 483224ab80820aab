import type { Bus } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';

/** A node that sends frames or states is mostly heard of more often than this, ms; one that is silent for longer is asked. */
const QUIET_MS = 400;
const ASK_EVERY_MS = 200;
const ANSWER_MS = 500;
/** Who lost its connection to NATS is back in less than this, ms: a NATS server that ends takes its clients' connections with it. */
const ABSENT_MS = 1000;
/** After this node's own reconnect the others may still be on their way back, ms. */
const SETTLE_MS = 3000;

export interface PresenceDeps {
  readonly bus: Pick<Bus, 'connected' | 'reach'>;
  readonly subjects: Subjects;
  /** Time in which this node could hear the others, ms (`AwakeClock`). */
  readonly now: () => number;
  /** The node has left NATS. */
  readonly gone: (node: string) => void;
}

type Place =
  | { readonly type: 'here' }
  /** NATS said so, since then every time. */
  | { readonly type: 'absent'; readonly since: number }
  | { readonly type: 'gone' };

interface Known {
  heardAt: number;
  askedAt: number;
  place: Place;
}

const HERE: Place = { type: 'here' };

/**
 * Who has left NATS. The kernel closes a dead process's connection at once, and NATS tells whoever asks a node without one that nobody is
 * there: sooner than its leases run out. A node that is only slow, or stopped, or behind a dead line still has its subscription; of it
 * nothing is said here.
 */
export class Presence {
  readonly #nodes = new Map<string, Known>();
  #connectedAt = -Infinity;

  constructor(private readonly deps: PresenceDeps) {}

  /** This node's connection is there, or there again. */
  connected(): void {
    this.#connectedAt = this.deps.now();
    for (const known of this.#nodes.values()) known.place = HERE;
  }

  /** Anything has come from the node. */
  heard(node: string): void {
    const known = this.#of(node);
    known.heardAt = this.deps.now();
    known.place = HERE;
  }

  /**
   * Asks the node, if it is silent, whether it is there. To be called a few times a second for a node that something is awaited of.
   * @returns whether it has left NATS
   */
  isGone(node: string): boolean {
    const { bus, now } = this.deps;
    const known = this.#of(node);
    const at = now();
    if (!bus.connected || at - this.#connectedAt < SETTLE_MS) return false;
    if (at - known.heardAt >= QUIET_MS && at - known.askedAt >= ASK_EVERY_MS) {
      known.askedAt = at;
      void this.#ask(node, known);
    }
    return known.place.type === 'gone';
  }

  forget(node: string): void {
    this.#nodes.delete(node);
  }

  async #ask(node: string, known: Known): Promise<void> {
    const { bus, subjects, now, gone } = this.deps;
    const reached = await bus.reach(subjects.request('here', node), ANSWER_MS);
    const { place } = known;
    if (reached === 'answered') this.heard(node);
    else if (reached === 'silent') known.place = HERE;
    else if (place.type === 'here') known.place = { type: 'absent', since: now() };
    else if (place.type === 'absent' && now() - place.since >= ABSENT_MS) {
      known.place = { type: 'gone' };
      gone(node);
    }
  }

  #of(node: string): Known {
    let known = this.#nodes.get(node);
    if (!known) {
      known = { heardAt: this.deps.now(), askedAt: -Infinity, place: HERE };
      this.#nodes.set(node, known);
    }
    return known;
  }
}
