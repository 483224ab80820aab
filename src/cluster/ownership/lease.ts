import type { Clock } from '../../shared/clock.js';
import type { LeaseStore } from '../bus/bus.js';
import { type LeaseValue, readLease, writeJson } from '../bus/messages.js';

/**
 * Entries of the owners' bucket live for this long, ms: the only release that counts when a machine dies. A process that died is found sooner,
 * by its connection to NATS.
 */
export const LEASE_LIFE_MS = 3000;
const RENEW_EVERY_MS = 1000;
/** A renewal that nobody answered is tried again after this, ms: the bucket may just have lost its leader. */
const RETRY_MS = 250;
/** A gap this long between two signs of this process's own life, ms: it was stopped, and its lease may be another's. */
const SUSPENDED_MS = LEASE_LIFE_MS - RENEW_EVERY_MS;

/** Who holds a lease. */
export interface Holder {
  readonly node: string;
  readonly instance: string;
  readonly epoch: number;
}

export type TakeResult =
  | { readonly type: 'taken'; readonly lease: Lease }
  | { readonly type: 'held'; readonly holder: Holder & { readonly hash: string } }
  | { readonly type: 'unknown' };

export interface LeaseOwner {
  readonly node: string;
  readonly instance: string;
}

/** The lease of an entry: an epoch of 0 stands for the entry's own revision. */
export function holderOf(entry: {
  readonly value: Uint8Array;
  readonly revision: number;
}): (Holder & { readonly hash: string }) | null {
  const value = readLease(entry.value);
  if (!value) return null;
  return { ...value, epoch: value.epoch === 0 ? entry.revision : value.epoch };
}

/** Takes the lease of a stream, unless somebody holds it. */
export async function takeLease(
  key: string,
  hash: string,
  owner: LeaseOwner,
  store: LeaseStore,
  clock: Clock,
): Promise<TakeResult> {
  const outcome = await store.create(key, writeJson({ ...owner, hash, epoch: 0 }));
  if (outcome.type === 'done') {
    const { revision } = outcome;
    return { type: 'taken', lease: new Lease(key, hash, owner, { epoch: revision, revision }, store, clock) };
  }
  // The answer to a create may be lost, and an earlier one of ours may have taken it: what stands there tells.
  const entry = await store.read(key);
  const holder = typeof entry === 'object' ? holderOf(entry) : null;
  if (holder && holder.instance !== owner.instance) return { type: 'held', holder };
  const lease = holder && (await adoptLease(key, owner, store, clock));
  return lease ? { type: 'taken', lease } : { type: 'unknown' };
}

/** The lease of a stream that the bucket says is this node's already: it was passed here, or an answer was lost. */
export async function adoptLease(
  key: string,
  owner: LeaseOwner,
  store: LeaseStore,
  clock: Clock,
): Promise<Lease | null> {
  const entry = await store.read(key);
  const holder = typeof entry === 'object' ? holderOf(entry) : null;
  if (typeof entry !== 'object' || holder?.instance !== owner.instance) return null;
  const { epoch, hash } = holder;
  return new Lease(key, hash, owner, { epoch, revision: entry.revision }, store, clock);
}

type State =
  | { readonly type: 'held' }
  /** Nobody answers: it may have run out. Its owner goes on for its own viewers. */
  | { readonly type: 'unsure' }
  | { readonly type: 'lost' }
  | { readonly type: 'ended' };

/** A lease that this node holds, renewed each second until it is lost, passed on or released. */
export class Lease {
  #state: State = { type: 'held' };
  #epoch: number;
  #revision: number;
  #lastBeat: number;
  /** Since when: the process was stopped for a while, and no renewal has told yet whether the lease is still its own. */
  #suspectAt: number | null = null;
  #cancel: () => void;
  /** Renewals, passing and release come one after another: each needs the revision of the one before it. */
  #queue: Promise<void> = Promise.resolve();
  onLost: (to: Holder | null) => void = () => undefined;
  onEpoch: (epoch: number) => void = () => undefined;

  constructor(
    readonly key: string,
    readonly hash: string,
    private readonly owner: LeaseOwner,
    { epoch, revision }: { readonly epoch: number; readonly revision: number },
    private readonly store: LeaseStore,
    private readonly clock: Clock,
  ) {
    this.#revision = revision;
    this.#epoch = epoch;
    this.#lastBeat = clock.now();
    this.#cancel = clock.after(RENEW_EVERY_MS, () => {
      this.#renewInTurn();
    });
  }

  /** Of the create, or of a later create when it had run out unseen: every frame carries it. */
  get epoch(): number {
    return this.#epoch;
  }

  get state(): State['type'] {
    return this.#state.type;
  }

  /** Whether frames may be shown: not after the process was stopped, until the lease is confirmed. To be asked for each frame. */
  isTrusted(): boolean {
    this.#beat();
    return this.#suspectAt === null;
  }

  /** Writes another node's name into the lease. @returns the new epoch, `null` when the lease was not ours to pass */
  async pass(to: LeaseOwner): Promise<number | null> {
    return this.#inTurn(async () => {
      if (this.#state.type === 'lost' || this.#state.type === 'ended') return null;
      const value = writeJson({ ...to, hash: this.hash, epoch: 0 });
      const outcome = await this.store.update(this.key, value, this.#revision);
      if (outcome.type !== 'done') return null;
      this.#end({ type: 'ended' });
      return outcome.revision;
    });
  }

  /** Gives it free for others. Never rejects. */
  async release(): Promise<void> {
    this.#cancel();
    await this.#inTurn(async () => {
      if (this.#state.type === 'lost' || this.#state.type === 'ended') return;
      this.#end({ type: 'ended' });
      await this.store.release(this.key, this.#revision);
    });
  }

  #renewInTurn(): void {
    void this.#inTurn(() => this.#renew());
  }

  async #renew(): Promise<void> {
    if (this.#state.type === 'lost' || this.#state.type === 'ended') return;
    this.#beat();
    const value: LeaseValue = { ...this.owner, hash: this.hash, epoch: this.#epoch };
    const outcome = await this.store.update(this.key, writeJson(value), this.#revision);
    if (outcome.type === 'done') this.#confirm(outcome.revision);
    else if (outcome.type === 'unknown') this.#unsure();
    else await this.#settleConflict();
    if (this.state === 'lost') return;
    this.#cancel = this.clock.after(this.state === 'held' ? RENEW_EVERY_MS : RETRY_MS, () => {
      this.#renewInTurn();
    });
  }

  /** The entry is not what was last written: a renewal whose answer was lost, or it ran out, or another has it. */
  async #settleConflict(): Promise<void> {
    const entry = await this.store.read(this.key);
    if (entry === 'unknown') {
      this.#unsure();
      return;
    }
    if (entry === 'absent') {
      const outcome = await this.store.create(
        this.key,
        writeJson({ ...this.owner, hash: this.hash, epoch: 0 }),
      );
      if (outcome.type === 'done') {
        this.#epoch = outcome.revision;
        this.#confirm(outcome.revision);
        this.onEpoch(this.#epoch);
      } else this.#unsure();
      return;
    }
    const holder = holderOf(entry);
    if (holder?.instance === this.owner.instance) {
      this.#epoch = holder.epoch;
      this.#confirm(entry.revision);
      return;
    }
    this.#end({ type: 'lost' });
    this.onLost(holder);
  }

  #confirm(revision: number): void {
    this.#revision = revision;
    this.#state = { type: 'held' };
    this.#suspectAt = null;
  }

  /** Nobody can tell: without NATS an owner goes on for its own viewers, also after it was stopped. */
  #unsure(): void {
    this.#state = { type: 'unsure' };
    if (this.#suspectAt !== null && this.clock.now() - this.#suspectAt > LEASE_LIFE_MS)
      this.#suspectAt = null;
  }

  #end(state: State): void {
    this.#cancel();
    this.#state = state;
  }

  #beat(): void {
    const now = this.clock.now();
    if (now - this.#lastBeat > SUSPENDED_MS) this.#suspectAt ??= now;
    this.#lastBeat = now;
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(step);
    this.#queue = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
