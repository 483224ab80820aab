import type { Camera } from '../../camera/camera.js';
import { isMainKey, nameOf, type Stream } from '../../camera/stream.js';
import type { Supervise } from '../../camera/supervision.js';
import { ClusterSupervisor } from './cluster-supervisor.js';
import type { StreamFacts } from '../ownership/find-owner.js';
import type { RemoteFrame } from '../frames/frame-intake.js';
import type { StateMessage, StreamState } from '../bus/messages.js';
import type { OwnerSide } from '../demand/owner-side.js';
import type { ClusterSupervisorDeps } from '../ownership/phase.js';
import type { SourceHasher } from '../ownership/source-hash.js';

export interface StreamsDeps extends Omit<ClusterSupervisorDeps, 'stopped' | 'viewers'> {
  readonly hasher: SourceHasher;
  readonly owners: OwnerSide;
  readonly camera: (stream: string) => Camera | null;
  /** This node opens no cameras at all. */
  readonly opensNone: boolean;
}

/** The streams that this node decodes or shows: hands each what comes for it, and tells the state of those that it owns. */
export class Streams {
  readonly #supervisors = new Map<string, ClusterSupervisor>();

  constructor(private readonly deps: StreamsDeps) {}

  get(stream: string): ClusterSupervisor | undefined {
    return this.#supervisors.get(stream);
  }

  /** Streams whose lease this node holds. */
  owned(): string[] {
    return [...this.#supervisors].filter(([, { lease }]) => lease !== null).map(([stream]) => stream);
  }

  get followedCount(): number {
    return [...this.#supervisors.values()].filter(({ remote }) => remote !== null && remote.node !== '')
      .length;
  }

  supervise({ key, spec, url }: Stream, here: Supervise | null): Supervise {
    const facts: StreamFacts = {
      stream: key,
      name: nameOf(key),
      main: isMainKey(key),
      site: spec.site ?? '',
      hash: url && this.deps.hasher.hash(url.identity),
    };
    return (plan, events, before) => {
      const deps: ClusterSupervisorDeps = {
        ...this.deps,
        viewers: (stream) => this.viewers(stream),
        stopped: () => {
          if (this.#supervisors.get(key) === supervisor) this.#supervisors.delete(key);
        },
      };
      const opener = this.deps.opensNone ? null : here;
      const supervisor: ClusterSupervisor = new ClusterSupervisor(plan, facts, opener, events, deps, before);
      this.#supervisors.set(key, supervisor);
      return supervisor;
    };
  }

  /** Viewers of this node: those of other nodes have seats as well. */
  viewers(stream: string): number {
    const seats = this.deps.camera(stream)?.viewers ?? 0;
    return Math.max(0, seats - this.deps.owners.seatsOf(stream));
  }

  frame(frame: RemoteFrame): void {
    this.#supervisors.get(frame.stream)?.frame(frame);
  }

  /** A node has told its state; it is in the directory already. */
  told(node: string, message: StateMessage, moved: ReadonlySet<string>): void {
    const streams = new Set([...moved, ...message.streams.map(({ stream }) => stream)]);
    for (const stream of streams) this.#supervisors.get(stream)?.told(this.deps.directory.owner(stream));
    for (const { stream, code } of message.failed) this.#supervisors.get(stream)?.toldFailure(node, code);
  }

  reconnected(): void {
    for (const supervisor of this.#supervisors.values()) supervisor.reconnected();
  }

  /** What this node tells of a stream that it owns; `null` when it does not. */
  state(stream: string): StreamState | null {
    const supervisor = this.#supervisors.get(stream);
    const camera = this.deps.camera(stream);
    const { lease } = supervisor ?? {};
    if (!supervisor || !lease || !camera) return null;
    const { state, reason, since, maxGapMs } = supervisor.status;
    const epochNow = this.deps.epochNow();
    return {
      stream,
      epoch: lease.epoch,
      hash: lease.hash,
      state,
      reason,
      everLive: supervisor.everLive,
      sinceMs: Math.max(0, epochNow - since),
      ...(maxGapMs === undefined ? {} : { maxGapMs }),
      degraded: camera.degradation,
      codec: camera.video?.codec ?? null,
      viewers: this.viewers(stream) + this.deps.owners.viewersOf(stream),
      frameMs: camera.lastFrameAt === null ? null : Math.max(0, epochNow - camera.lastFrameAt),
    };
  }
}
