import type { CameraError, ServiceError } from '../../shared/errors.js';
import type { StreamFacts } from './find-owner.js';
import type { Holder, Lease, LeaseOwner } from './lease.js';
import type { LocalRun } from './local-run.js';
import type { LocalRuns } from './local-runs.js';
import { OwnerSeeker } from './owner-seeker.js';
import type { OwnerView } from '../streams/owner-view.js';
import type { ClusterSupervisorDeps, Phase } from './phase.js';
import type { StreamDemand } from '../demand/stream-demand.js';
import { takeOver } from './take-over.js';

/** After the lease has passed, an owner's run goes on until the new owner's first frame, and at most this long, ms. */
const OVERLAP_MS = 1000;
/** An edge has the former owner send frames on after the camera changed hands, ms. */
const SWITCH_MS = 2000;

export interface OwnershipEvents {
  /** Another node owns it from now on. */
  following(): void;
  /** Nobody can open it now; it is tried again. */
  failed(error: CameraError, retryInMs: number): void;
  refused(error: ServiceError): void;
}

/** Who owns one camera, as one node lives through it: seeking, following another node, owning, taking over, giving away. */
export class Ownership {
  #phase: Phase = { type: 'seeking' };
  readonly #seeker: OwnerSeeker;
  /** Other nodes that wait until this one owns the camera. */
  #waiters: ((epoch: number | null) => void)[] = [];

  constructor(
    private readonly facts: StreamFacts,
    private readonly runs: LocalRuns,
    private readonly demand: StreamDemand,
    private readonly view: OwnerView,
    private readonly deps: ClusterSupervisorDeps,
    private readonly events: OwnershipEvents,
  ) {
    this.#seeker = new OwnerSeeker(facts, () => demand.wanted, deps, {
      own: (lease) => {
        this.#own(lease, runs.start(demand.plan));
      },
      follow: (holder) => {
        this.#follow(holder);
      },
      failed: (error, retryInMs) => {
        this.#answerWaiters();
        events.failed(error, retryInMs);
      },
      refused: (error) => {
        this.#answerWaiters();
        events.refused(error);
      },
    });
    this.#seeker.begin();
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Who owns the camera as far as is known here. */
  get owner(): string | null {
    if (this.#phase.type === 'owning') return this.deps.self.node;
    return 'owner' in this.#phase ? this.#phase.owner : null;
  }

  /** Something changed that a search may wait for. */
  wake(): void {
    if (this.#phase.type === 'seeking') this.#seeker.wake();
  }

  tellDemand(): void {
    if ('owner' in this.#phase) this.demand.tell(this.#phase.owner);
  }

  async stop(): Promise<void> {
    const phase = this.#become({ type: 'stopped' });
    this.#seeker.end();
    this.#answerWaiters();
    // Until its session is over nobody else opens the camera.
    await ('local' in phase ? this.runs.end(phase.local) : this.runs.ended);
    if (phase.type !== 'owning') return;
    this.deps.gone(this.facts.stream, phase.lease.epoch);
    await phase.lease.release();
  }

  /** Another node chose this one. @returns the epoch of the lease, `null` when it could not be taken */
  own(): Promise<number | null> {
    if (this.#phase.type === 'owning') return Promise.resolve(this.#phase.lease.epoch);
    if (this.#phase.type !== 'seeking' || !this.runs.canStart) return Promise.resolve(null);
    const answer = new Promise<number | null>((resolve) => this.#waiters.push(resolve));
    this.#seeker.begin(true);
    return answer;
  }

  /**
   * Takes the camera over from the node that owns it.
   * @param closed that one has ended its run and passed the lease already
   * @returns whether this node tries
   */
  async take(from: string, closed: boolean): Promise<boolean> {
    const { type } = this.#phase;
    if (type === 'owning') return true;
    if (!this.runs.canStart || (type !== 'seeking' && type !== 'following')) return false;
    this.#seeker.end();
    if (!closed) {
      const local = this.runs.start(this.demand.plan);
      this.view.heard();
      this.#become({ type: 'taking', owner: from, local });
      void this.#finishTaking(from, local);
      return true;
    }
    const lease = await this.deps.adopt(this.facts.stream);
    if (lease) this.#own(lease, this.runs.start(this.demand.plan));
    else this.#seekAnew();
    return lease !== null;
  }

  /** Passes the lease to a node that has the picture already. @returns the new epoch, or `null` */
  async give(to: LeaseOwner): Promise<number | null> {
    if (this.#phase.type !== 'owning') return null;
    const { lease, local } = this.#phase;
    const epoch = await lease.pass(to);
    if (epoch === null) return null;
    const now = this.deps.clock.now();
    this.view.epoch = lease.epoch;
    this.view.heard();
    this.#become({ type: 'giving', owner: to.node, local, until: now + OVERLAP_MS });
    this.deps.gone(this.facts.stream, lease.epoch);
    return epoch;
  }

  /** Ends the run, then passes the lease: for a camera that grants one session only. */
  async closeAndGive(to: LeaseOwner): Promise<boolean> {
    if (this.#phase.type !== 'owning') return false;
    await this.runs.end(this.#phase.local);
    return (await this.give(to)) !== null;
  }

  /** The camera changed hands: the new owner is asked for frames at once, and the old one sends on until they come. */
  moved(owner: string): void {
    const phase = this.#phase;
    if (!('owner' in phase)) return;
    if (phase.type === 'taking') void this.runs.end(phase.local);
    this.#phase = phase.type === 'giving' ? { ...phase, owner } : { type: 'following', owner };
    this.tellDemand();
    this.deps.clock.after(SWITCH_MS, () => {
      if (this.owner !== phase.owner) this.demand.drop(phase.owner);
    });
  }

  /** The new owner's first frame is here, or long overdue. */
  endGiving(): void {
    if (this.#phase.type !== 'giving') return;
    void this.runs.end(this.#phase.local);
    this.#become({ type: 'following', owner: this.#phase.owner });
  }

  /** To be called a few times a second. */
  look(now: number): void {
    if (this.#phase.type === 'giving' && now > this.#phase.until) this.endGiving();
    if (this.#phase.type !== 'following') return;
    if (this.view.isSilent || this.deps.presence.isGone(this.#phase.owner)) this.#seekAnew();
  }

  async #finishTaking(from: string, local: LocalRun): Promise<void> {
    const lease = await takeOver(from, this.facts.stream, local, this.deps);
    if (this.#phase.type !== 'taking' || this.#phase.local !== local) await lease?.release();
    else if (lease) this.#own(lease, local);
    else {
      void this.runs.end(local);
      this.#become({ type: 'following', owner: this.#phase.owner });
    }
  }

  #own(lease: Lease, local: LocalRun): void {
    this.#become({ type: 'owning', lease, local });
    lease.onLost = (to) => {
      this.#lost(to, lease, local);
    };
    lease.onEpoch = () => {
      this.deps.changed(this.facts.stream);
    };
    local.show();
    this.deps.changed(this.facts.stream);
    this.#answerWaiters();
  }

  /** Another node holds the lease: this one's run ends at once. */
  #lost(to: Holder | null, lease: Lease, local: LocalRun): void {
    if (this.#phase.type !== 'owning' || this.#phase.lease !== lease) return;
    this.deps.leaseLost(this.facts.stream, to);
    void this.runs.end(local);
    if (to) this.#follow(to);
    else this.#seekAnew();
    this.deps.gone(this.facts.stream, lease.epoch);
  }

  #follow(holder: Holder): void {
    this.view.heard();
    this.view.epoch = holder.epoch;
    this.#become({ type: 'following', owner: holder.node });
    this.#answerWaiters();
    this.events.following();
  }

  #seekAnew(): void {
    if (this.#phase.type === 'stopped') return;
    this.#become({ type: 'seeking' });
    this.#seeker.begin();
  }

  #become(next: Phase): Phase {
    const before = this.#phase;
    this.#phase = next;
    const owner = 'owner' in next ? next.owner : null;
    if ('owner' in before && before.owner !== owner) this.demand.drop(before.owner);
    this.tellDemand();
    return before;
  }

  #answerWaiters(): void {
    const epoch = this.#phase.type === 'owning' ? this.#phase.lease.epoch : null;
    for (const resolve of this.#waiters.splice(0)) resolve(epoch);
  }
}
