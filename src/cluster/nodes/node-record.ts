import type { Clock } from '../../shared/clock.js';
import type { CameraList, ListedCamera, NodeRecord } from '../bus/messages.js';
import { writeJson } from '../bus/messages.js';
import type { PlacementNode } from '../placement/placement.js';

export type NodeRole = 'both' | 'owner' | 'edge';

/** What this node is; fixed for its life. */
export interface NodeFacts {
  readonly name: string;
  readonly instance: string;
  readonly site: string;
  readonly role: NodeRole;
  readonly version: string;
  readonly maxOwned: number;
  readonly cores: number;
  readonly secretCheck: string;
}

export interface NodeRecordDeps {
  readonly clock: Clock;
  /** Idle share of the processors since the last call, 0-1; NaN when no time went by. */
  readonly freeShare: () => number;
  readonly owned: () => number;
  readonly putNode: (value: Uint8Array) => Promise<void>;
  readonly putCameras: (value: Uint8Array) => Promise<void>;
}

const RECORD_EVERY_MS = 1000;
const CAMERAS_EVERY_MS = 20_000;
/** A second's idle share counts this much; what lasts for some seconds is what counts. */
const NEWEST_SHARE = 0.3;
/** After it gave cameras away because it was busy, a node takes none back for this long, ms. */
const RELIEVED_MS = 300_000;
/** A node whose leases ran out while it lived gets no cameras for this long, and twice as long each time that it happens again soon, ms. */
const UNSTEADY_MS = 60_000;
const LONGEST_UNSTEADY_MS = 600_000;
/** Leases that are lost within this time are lost for one reason, ms. */
const TOGETHER_MS = 5000;

/** Tells the others what this node is, what room it has and which cameras it has in its CONFIG_FILE. */
export class NodeTeller {
  #free: number | null = null;
  #draining = false;
  #relievedUntil = -Infinity;
  #lostAt = -Infinity;
  #unsteadyMs = 0;
  #cameras: Record<string, ListedCamera> = {};
  #revision = 0;
  #camerasToldAt = -Infinity;
  #cancel: () => void;

  constructor(
    private readonly facts: NodeFacts,
    private readonly deps: NodeRecordDeps,
  ) {
    this.#cancel = this.#later();
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** This node, as placement sees it. */
  get node(): PlacementNode {
    const { name, site, role, maxOwned, cores } = this.facts;
    return {
      name,
      site,
      opensCameras: role !== 'edge',
      draining: this.#draining,
      owned: this.deps.owned(),
      maxOwned,
      cores,
      free: this.#isUnsteady ? 0 : (this.#free ?? 1),
    };
  }

  drain(): void {
    this.#draining = true;
    this.tell();
  }

  /** It gave cameras away because it was busy. */
  relieved(): void {
    this.#relievedUntil = this.deps.clock.now() + RELIEVED_MS;
  }

  /**
   * Another node has a lease of this one, which lives: it did not run for seconds, or NATS did not hear it. Others open cameras then rather
   * than this one, and give it none: it would lose them again, and each time a camera is opened anew.
   */
  lostLease(): void {
    const now = this.deps.clock.now();
    const since = now - this.#lostAt;
    this.#lostAt = now;
    if (since < TOGETHER_MS) return;
    const isAgain = since < 2 * this.#unsteadyMs;
    this.#unsteadyMs = isAgain ? Math.min(LONGEST_UNSTEADY_MS, 2 * this.#unsteadyMs) : UNSTEADY_MS;
    this.tell();
  }

  /** As it is now. */
  record(): Uint8Array {
    return writeJson(this.#record(this.deps.clock.now()));
  }

  setCameras(cameras: Record<string, ListedCamera>): void {
    this.#cameras = cameras;
    this.#revision++;
    this.#camerasToldAt = -Infinity;
    this.tell();
  }

  /** Writes both anew: at once after a reconnect, each second otherwise. */
  tell(anew = false): void {
    const now = this.deps.clock.now();
    void this.deps.putNode(this.record());
    if (!anew && now - this.#camerasToldAt < CAMERAS_EVERY_MS) return;
    this.#camerasToldAt = now;
    const list: CameraList = { instance: this.facts.instance, cameras: this.#cameras };
    void this.deps.putCameras(writeJson(list));
  }

  close(): void {
    this.#cancel();
  }

  get #isUnsteady(): boolean {
    return this.deps.clock.now() - this.#lostAt < this.#unsteadyMs;
  }

  #record(now: number): NodeRecord {
    const { instance, role, version, secretCheck } = this.facts;
    const { site, owned, maxOwned, cores, free, draining } = this.node;
    const relieved = now < this.#relievedUntil || this.#isUnsteady;
    const cameras = this.#revision;
    return {
      instance,
      site,
      role,
      version,
      owned,
      maxOwned,
      cores,
      free,
      relieved,
      draining,
      cameras,
      secretCheck,
    };
  }

  #later(): () => void {
    return this.deps.clock.after(RECORD_EVERY_MS, () => {
      this.#cancel = this.#later();
      const share = this.deps.freeShare();
      if (!Number.isNaN(share)) {
        const before = this.#free ?? share;
        this.#free = Math.min(1, Math.max(0, before + (share - before) * NEWEST_SHARE));
      }
      this.tell();
    });
  }
}
