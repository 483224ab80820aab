import type { RemoteOwner, Supervise, Supervision, SupervisionEvents } from '../../camera/supervision.js';
import type { CameraStatus } from '../../shared/camera-state.js';
import { CameraError, type CameraErrorCode } from '../../shared/errors.js';
import type { DecodePlan } from '../../shared/worker-protocol.js';
import type { KnownStream } from '../nodes/directory.js';
import type { StreamFacts } from '../ownership/find-owner.js';
import type { RemoteFrame } from '../frames/frame-intake.js';
import type { Lease, LeaseOwner } from '../ownership/lease.js';
import { LocalRuns } from '../ownership/local-runs.js';
import type { WantedStream } from '../bus/messages.js';
import { OwnerView } from './owner-view.js';
import { Ownership } from '../ownership/ownership.js';
import type { ClusterSupervisorDeps } from '../ownership/phase.js';
import { StreamDemand } from '../demand/stream-demand.js';
import { readUnit } from '../frames/unit-payload.js';
import { isRenditionKey } from '../frames/frame-codec.js';
import type { LocalEvents } from '../ownership/local-run.js';
import { UnitSource } from './unit-source.js';
import { ViewerStatus } from './viewer-status.js';

/** How often silence is looked for, ms. */
const LOOK_MS = 250;

/**
 * One camera of the cluster on one of its nodes: decodes it here while this node holds its lease, and shows the owner's frames
 * otherwise. To its viewers both are one life.
 */
export class ClusterSupervisor implements Supervision {
  readonly #viewers: ViewerStatus;
  readonly #demand: StreamDemand;
  readonly #view = new OwnerView(() => this.deps.awakeNow());
  readonly #units = new UnitSource();
  readonly #ownership: Ownership;
  #cancelLook: () => void;

  /**
   * @param here decodes the camera on this node; `null` when its address is not known here
   * @param before resolves when an earlier run of it on this node is gone
   */
  constructor(
    plan: DecodePlan,
    readonly facts: StreamFacts,
    here: Supervise | null,
    private readonly events: SupervisionEvents,
    private readonly deps: ClusterSupervisorDeps,
    before: Promise<void>,
  ) {
    const { stream } = facts;
    this.#viewers = new ViewerStatus(events, () => deps.clock.now(), deps.epochNow);
    this.#demand = new StreamDemand(stream, plan, here !== null, deps.demand, () => deps.viewers(stream));
    const runs = new LocalRuns(here, this.#listenHere(), before);
    this.#ownership = new Ownership(facts, runs, this.#demand, this.#view, deps, {
      following: () => {
        this.told(deps.directory.owner(stream));
      },
      failed: (error, retryInMs) => {
        this.#viewers.fail(error, retryInMs);
      },
      refused: (error) => {
        this.#viewers.refuse(error);
      },
    });
    this.#cancelLook = this.#lookLater();
  }

  get status(): CameraStatus {
    return this.#viewers.status;
  }

  get lastFailure(): CameraErrorCode | null {
    return this.#viewers.lastFailure;
  }

  get everLive(): boolean {
    return this.#viewers.everLive;
  }

  get remote(): RemoteOwner | null {
    const { type } = this.#ownership.phase;
    if (type === 'owning' || type === 'giving') return null;
    return { node: this.owner ?? '', degradation: this.#view.degradation };
  }

  /** Who owns the camera as far as is known here. */
  get owner(): string | null {
    return this.#ownership.owner;
  }

  /** The lease, while this node holds it. */
  get lease(): Lease | null {
    const { phase } = this.#ownership;
    return phase.type === 'owning' ? phase.lease : null;
  }

  /** Epoch of the frames that this node decodes and may send to edges; `null` when it sends none. */
  get ownedEpoch(): number | null {
    const { phase } = this.#ownership;
    if (phase.type === 'owning') return phase.lease.epoch;
    return phase.type === 'giving' ? this.#view.epoch : null;
  }

  /** What this node's viewers, and edges that it decodes for, want of the stream. */
  get wanted(): WantedStream {
    return this.#demand.wanted;
  }

  setPlan(plan: DecodePlan): void {
    this.#demand.plan = plan;
    if ('local' in this.#ownership.phase) this.#ownership.phase.local.setPlan(plan);
    this.#ownership.tellDemand();
  }

  requestRetry(): void {
    this.#demand.requestRetry();
    if (this.#ownership.phase.type === 'owning') this.#ownership.phase.local.requestRetry();
    this.#ownership.wake();
    this.#ownership.tellDemand();
  }

  retry(mayTry: () => boolean): boolean {
    const { phase } = this.#ownership;
    if (phase.type === 'owning') return phase.local.retry(mayTry);
    if (this.status.state !== 'offline' || !mayTry()) return false;
    this.requestRetry();
    return true;
  }

  async stop(): Promise<void> {
    this.#viewers.close();
    this.#cancelLook();
    await this.#ownership.stop();
    this.deps.stopped(this.facts.stream);
  }

  /** Another node chose this one. @returns the epoch of the lease, `null` when it could not be taken */
  own(): Promise<number | null> {
    return this.#ownership.own();
  }

  /**
   * Takes the camera over from the node that owns it.
   * @param closed that one has ended its run and passed the lease already
   * @returns whether this node tries
   */
  take(from: string, closed: boolean): Promise<boolean> {
    return this.#ownership.take(from, closed);
  }

  /** Passes the lease to a node that has the picture already. @returns the new epoch, or `null` */
  give(to: LeaseOwner): Promise<number | null> {
    return this.#ownership.give(to);
  }

  /** Ends the run, then passes the lease: for a camera that grants one session only. */
  closeAndGive(to: LeaseOwner): Promise<boolean> {
    return this.#ownership.closeAndGive(to);
  }

  /** What another node tells of the stream has come, or news that it has given it up. */
  told(known: KnownStream | null): void {
    const { phase } = this.#ownership;
    this.#ownership.wake();
    if (!known || !('owner' in phase)) return;
    const news = this.#view.takesState(known, phase.owner);
    if (news === 'old') return;
    if (news === 'moved') this.#ownership.moved(known.node);
    if (phase.type === 'giving') return;
    this.#view.degradation = known.told.degraded;
    this.#viewers.told(known.told);
    this.events.source(known.told.codec);
  }

  /** An owner's first opening failed. */
  toldFailure(owner: string, code: CameraErrorCode): void {
    const { phase } = this.#ownership;
    if ('owner' in phase && phase.owner === owner && !this.everLive)
      this.#viewers.fail(new CameraError(code), 0);
  }

  frame(frame: RemoteFrame): void {
    const { owner, epoch } = frame;
    const { phase } = this.#ownership;
    if (!('owner' in phase)) return;
    if (phase.type === 'giving' && owner !== phase.owner) return;
    if (!this.#view.takesFrame(epoch)) return;
    this.#ownership.endGiving();
    this.#viewers.frameShown(false);
    this.#deliver(frame);
  }

  /** The connection is back: owners may have forgotten what this node wants. */
  reconnected(): void {
    this.#ownership.wake();
    this.#ownership.tellDemand();
  }

  #deliver({ owner, kind, rendition, bytes, capturedAt }: RemoteFrame): void {
    if (kind === 'jpeg') {
      if (isRenditionKey(rendition))
        this.events.frame({ type: 'frame', key: rendition, jpeg: bytes, capturedAt, encodeMs: 0 });
      return;
    }
    const unit = readUnit(kind, bytes, capturedAt);
    if (unit && this.#units.takes(owner, unit.kind)) this.events.unit(unit);
  }

  #listenHere(): LocalEvents {
    const { stream } = this.facts;
    return {
      frame: (message) => {
        const { phase } = this.#ownership;
        if (phase.type === 'owning' && !phase.lease.isTrusted()) return;
        this.#viewers.frameShown(phase.type === 'owning');
        this.events.frame(message);
      },
      unit: (message) => {
        const { phase } = this.#ownership;
        if (phase.type !== 'owning' && phase.type !== 'giving') return;
        if (phase.type === 'owning' && !phase.lease.isTrusted()) this.#units.broken();
        else if (this.#units.takes(phase.local, message.kind)) this.events.unit(message);
      },
      counted: (counters) => {
        this.events.counted(counters);
      },
      video: (report) => {
        this.events.video(report);
      },
      keyFrames: (keyFrames) => {
        this.events.keyFrames(keyFrames);
      },
      state: (status) => {
        if (this.#ownership.phase.type !== 'owning') return;
        this.#viewers.here(status);
        this.deps.changed(stream);
      },
      failed: (failure) => {
        if (failure.first) this.deps.failed(stream, failure.code);
        this.#viewers.failedHere(failure);
      },
    };
  }

  #lookLater(): () => void {
    return this.deps.clock.after(LOOK_MS, () => {
      this.#cancelLook = this.#lookLater();
      this.#ownership.look(this.deps.clock.now());
      this.#viewers.look(this.#ownership.phase.type !== 'seeking');
    });
  }
}
