import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../shared/clock.js';
import { redact } from '../../shared/redact.js';
import type { Log } from '../../telemetry/log.js';
import type { Directory } from './directory.js';
import type { LeaseOwner } from '../ownership/lease.js';
import type { SourceHasher } from '../ownership/source-hash.js';
import { readCameraList, readNodeRecord } from '../bus/messages.js';
import type { NatsBuckets } from '../bus/nats-buckets.js';
import { ClusterSetupError, describe } from '../bus/nats-options.js';

/** A node of the same name may be this one's life before its last restart: its record runs out, ms. */
const NAME_WAIT_MS = 4500;
const NAME_LOOK_MS = 500;

export interface MembershipDeps {
  readonly self: LeaseOwner;
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: Directory;
  readonly buckets: NatsBuckets;
  readonly hasher: Pick<SourceHasher, 'check'>;
  /** This node's record as it is now. */
  readonly record: () => Uint8Array;
  /** The buckets are open: records may be written. */
  readonly joined: () => void;
}

/** Between two tries to open the buckets, ms: without a leader, while one is elected, they cannot be opened. */
const JOIN_AGAIN_MS = 500;

/** Who is in the cluster: joins it under a name of its own, and notes who else comes and goes. */
export class Membership {
  #downAt: number | null = null;
  /** Counts connections: what was begun for an earlier one is not wanted any more. */
  #turn = 0;
  #everJoined = false;
  #problem = '';

  constructor(private readonly deps: MembershipDeps) {}

  /** Why this node is not in the cluster; empty once it has been. */
  get problem(): string {
    return this.#everJoined ? '' : this.#problem;
  }

  get everJoined(): boolean {
    return this.#everJoined;
  }

  /**
   * There is a connection. Messages pass at once; leases and records may have to wait until the buckets have a leader.
   * @returns the end of the first try, which rejects when it failed
   */
  up(connection: NatsConnection): Promise<void> {
    const { clock, buckets } = this.deps;
    const awayMs = this.#downAt === null ? 0 : clock.now() - this.#downAt;
    this.#downAt = null;
    buckets.connected(connection, awayMs);
    const turn = ++this.#turn;
    const first = this.#join(turn);
    first.catch(() => {
      this.#joinLater(turn);
    });
    return first;
  }

  down(): void {
    this.#turn++;
    this.#downAt ??= this.deps.clock.now();
  }

  #joinLater(turn: number): void {
    this.deps.clock.after(JOIN_AGAIN_MS, () => {
      if (turn !== this.#turn) return;
      this.#join(turn).catch(() => {
        this.#joinLater(turn);
      });
    });
  }

  async #join(turn: number): Promise<void> {
    const { log } = this.deps;
    try {
      await this.#open();
    } catch (error) {
      const message = `NATS: ${redact(describe(error instanceof Error ? error : new Error(String(error))))}`;
      if (turn === this.#turn && message !== this.#problem) log.error({ event: 'not_joined' }, message);
      this.#problem = message;
      throw error;
    }
    this.#problem = '';
    this.#everJoined = true;
    if (turn === this.#turn) this.deps.joined();
  }

  /**
   * Opens the buckets and waits until this node's name is its own.
   * @throws ClusterSetupError when another node has it
   */
  async #open(): Promise<void> {
    const { clock, buckets, directory, self } = this.deps;
    await buckets.open({
      node: (name, value) => {
        this.#noteNode(name, value);
      },
      cameras: (name, value) => {
        if (name !== self.node) directory.noteCameras(name, value && readCameraList(value));
      },
    });
    for (const end = clock.now() + NAME_WAIT_MS; !(await this.#claimName());) {
      if (clock.now() > end)
        throw new ClusterSetupError(`another node is named ${self.node}: set NODE_NAME to a name of its own`);
      await new Promise<void>((resolve) => clock.after(NAME_LOOK_MS, resolve));
    }
  }

  #claimName(): Promise<boolean> {
    const { buckets, self, record } = this.deps;
    const isOwn = (there: Uint8Array): boolean => readNodeRecord(there)?.instance === self.instance;
    return buckets.claimName(self.node, record(), isOwn);
  }

  #noteNode(name: string, value: Uint8Array | null): void {
    const { self, directory, log, hasher } = this.deps;
    const record = value && readNodeRecord(value);
    if (name === self.node) {
      if (record && record.instance !== self.instance)
        log.error(
          { event: 'node_name' },
          `another node is named ${name} too: set NODE_NAME to a name of its own`,
        );
      return;
    }
    if (!record) {
      directory.forgetNode(name);
      return;
    }
    const isNew = directory.record(name) === null;
    directory.noteNode(name, record);
    if (!isNew) return;
    const { site, role, version } = record;
    log.info({ event: 'node_joined', node: name, site, role, version }, `node ${name} is in the cluster`);
    if (record.secretCheck !== hasher.check)
      log.error(
        { event: 'cluster_secret', node: name },
        `node ${name} has another CLUSTER_SECRET: set the same on all`,
      );
  }
}
