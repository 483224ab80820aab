import type { Clock } from '../../src/shared/clock.js';
import type { LeaseEntry, LeaseOutcome, LeaseStore } from '../../src/cluster/bus/bus.js';
import { LEASE_LIFE_MS } from '../../src/cluster/ownership/lease.js';

interface Stored extends LeaseEntry {
  readonly at: number;
}

/** The owners' bucket as NATS keeps it: revisions that only grow, entries that run out. */
export class FakeLeases implements LeaseStore {
  readonly #entries = new Map<string, Stored>();
  #revision = 1000;
  settled = true;
  /** `silent`: nobody answers, and nothing happens. `deaf`: it happens, and the answer is lost. */
  fault: 'none' | 'silent' | 'deaf' = 'none';

  constructor(private readonly clock: Clock) {}

  create(key: string, value: Uint8Array): Promise<LeaseOutcome> {
    return this.#write(key, value, () => this.#live(key) === undefined);
  }

  update(key: string, value: Uint8Array, revision: number): Promise<LeaseOutcome> {
    return this.#write(key, value, () => this.#live(key)?.revision === revision);
  }

  read(key: string): Promise<LeaseEntry | 'absent' | 'unknown'> {
    return Promise.resolve(this.fault === 'none' ? (this.#live(key) ?? 'absent') : 'unknown');
  }

  async release(key: string, revision: number): Promise<void> {
    await Promise.resolve();
    if (this.#live(key)?.revision === revision) this.#entries.delete(key);
  }

  /** The servers lost their memory. */
  clear(): void {
    this.#entries.clear();
  }

  value(key: string): unknown {
    const entry = this.#live(key);
    return entry && JSON.parse(Buffer.from(entry.value).toString());
  }

  #live(key: string): Stored | undefined {
    const entry = this.#entries.get(key);
    return entry && this.clock.now() - entry.at < LEASE_LIFE_MS ? entry : undefined;
  }

  #write(key: string, value: Uint8Array, mayWrite: () => boolean): Promise<LeaseOutcome> {
    if (this.fault === 'silent') return Promise.resolve({ type: 'unknown' });
    if (!mayWrite()) return Promise.resolve({ type: 'conflict' });
    const revision = ++this.#revision;
    this.#entries.set(key, { value, revision, at: this.clock.now() });
    return Promise.resolve(this.fault === 'deaf' ? { type: 'unknown' } : { type: 'done', revision });
  }
}
