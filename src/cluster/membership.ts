import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../shared/clock.js';
import type { Log } from '../telemetry/log.js';
import type { Directory } from './directory.js';
import type { LeaseOwner } from './lease.js';
import { readCameraList, readNodeRecord } from './messages.js';
import type { NatsBuckets } from './nats-buckets.js';
import { ClusterSetupError } from './nats-options.js';

/** A node of the same name may be this one's life before its last restart: its record runs out, ms. */
const NAME_WAIT_MS = 4500;
const NAME_LOOK_MS = 500;

export interface MembershipDeps {
  readonly self: LeaseOwner;
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: Directory;
  readonly buckets: NatsBuckets;
  readonly secretCheck: string;
}

/** Who is in the cluster: joins it under a name of its own, and notes who else comes and goes. */
export class Membership {
  #disconnectedAt: number | null = null;

  constructor(private readonly deps: MembershipDeps) {}

  /**
   * Opens the buckets and waits until this node's name is its own.
   * @throws ClusterSetupError when another node has it
   */
  async join(connection: NatsConnection): Promise<void> {
    const { clock, buckets, directory, self } = this.deps;
    const awayMs = this.#disconnectedAt === null ? 0 : clock.now() - this.#disconnectedAt;
    await buckets.open(connection, awayMs, {
      node: (name, value) => {
        this.#noteNode(name, value);
      },
      cameras: (name, value) => {
        if (name !== self.node) directory.noteCameras(name, value && readCameraList(value));
      },
    });
    for (const end = clock.now() + NAME_WAIT_MS; await this.#isNameTaken();) {
      if (clock.now() > end)
        throw new ClusterSetupError(`another node is named ${self.node}: set NODE_NAME to a name of its own`);
      await new Promise<void>((resolve) => clock.after(NAME_LOOK_MS, resolve));
    }
  }

  joined(): void {
    this.#disconnectedAt = null;
  }

  disconnected(): void {
    this.#disconnectedAt ??= this.deps.clock.now();
  }

  async #isNameTaken(): Promise<boolean> {
    const value = await this.deps.buckets.readNode(this.deps.self.node);
    const record = value && readNodeRecord(value);
    return (record?.instance ?? this.deps.self.instance) !== this.deps.self.instance;
  }

  #noteNode(name: string, value: Uint8Array | null): void {
    const { self, directory, clock, log, secretCheck } = this.deps;
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
    const isNew = directory.record(name, clock.now()) === null;
    directory.noteNode(name, record, clock.now());
    if (!isNew) return;
    const { site, role, version } = record;
    log.info({ event: 'node_joined', node: name, site, role, version }, `node ${name} is in the cluster`);
    if (record.secretCheck !== secretCheck)
      log.error(
        { event: 'cluster_secret', node: name },
        `node ${name} has another CLUSTER_SECRET: set the same on all`,
      );
  }
}
