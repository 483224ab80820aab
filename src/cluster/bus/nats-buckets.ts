import {
  jetstream,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type StreamInfo,
} from '@nats-io/jetstream';
import { type KV, Kvm, type KvWatchEntry } from '@nats-io/kv';
import { type NatsConnection, nanos, type QueuedIterator } from '@nats-io/transport-node';
import type { Log } from '../../telemetry/log.js';
import type { LeaseEntry, LeaseOutcome, LeaseStore } from './bus.js';
import { NODE_LIFE_MS } from '../nodes/directory.js';
import { LEASE_LIFE_MS } from '../ownership/lease.js';
import { bucketConfig, bucketProblem } from './bucket-config.js';
import { ClusterSetupError } from './nats-options.js';
import type { bucketNames } from './subjects.js';

/** How long a bucket's leader has to answer, ms. While a new one is elected, which takes four to nine seconds, nobody does. */
const ANSWER_MS = 1000;
/** Lists of cameras live for this long, ms; each node writes its own anew three times as often. */
const CAMERA_LIST_LIFE_MS = 60_000;
/** The most copies that help here: one server may fail. */
const REPLICAS = 3;
/** A lost bucket is filled anew by the owners that live, each within a second of its reconnect. Until then nobody takes a lease, ms. */
const SETTLE_MS = 2500;
/** A longer time without connection may have been an end of all servers, and of what is in their memory, ms. */
const SHORT_BREAK_MS = 1500;

type Names = ReturnType<typeof bucketNames>;

/** The buckets in NATS's key-value store, in memory: leases, nodes, lists of cameras. The only user of JetStream. */
export class NatsBuckets implements LeaseStore {
  #owners: KV | null = null;
  #nodes: KV | null = null;
  #cameras: KV | null = null;
  #connection: NatsConnection | null = null;
  #isOpen = false;
  /** This node's record is in the bucket under its name, so that no other has that name. */
  #isNamed = false;
  #settledAt = 0;
  #watches: QueuedIterator<KvWatchEntry>[] = [];

  constructor(
    private readonly names: Names,
    private readonly isUp: () => boolean,
    private readonly now: () => number,
    private readonly log: Log,
  ) {}

  get settled(): boolean {
    return this.#isOpen && this.#isNamed && this.now() >= this.#settledAt;
  }

  /**
   * There is a connection, and what was opened of an earlier one is not to be used any more.
   * @param awayMs how long there was none; 0 for the first one
   */
  connected(connection: NatsConnection, awayMs: number): void {
    this.#isOpen = this.#isNamed = false;
    if (awayMs > SHORT_BREAK_MS) this.#settledAt = this.now() + SETTLE_MS;
    if (this.#connection === connection) return;
    this.#connection = connection;
    this.#owners = this.#nodes = this.#cameras = null;
  }

  /** Makes the buckets that are missing and watches two of them. Rejects while the servers have no leader for them. */
  async open(changed: {
    node(name: string, value: Uint8Array | null): void;
    cameras(name: string, value: Uint8Array | null): void;
  }): Promise<void> {
    const connection = this.#connection;
    if (!connection) throw new Error('not connected');
    const manager = await jetstreamManager(connection, { timeout: ANSWER_MS }).catch((error: unknown) => {
      throw new Error('JetStream is off or not ready: start nats-server with -js', { cause: error });
    });
    const replicas = connection.info?.cluster === undefined ? 1 : REPLICAS;
    const { owners, nodes, cameras } = this.names;
    const info = await this.#ensure(manager, owners, LEASE_LIFE_MS, replicas);
    await this.#ensure(manager, nodes, NODE_LIFE_MS, replicas);
    await this.#ensure(manager, cameras, CAMERA_LIST_LIFE_MS, replicas);
    const kvm = new Kvm(jetstream(connection, { timeout: ANSWER_MS }));
    // A replica may lag behind the leader: what a lease says is read from the leader only.
    const direct = { allow_direct: false };
    const opened = await Promise.all([owners, nodes, cameras].map((name) => kvm.open(name, direct)));
    if (this.#connection !== connection) throw new Error('the connection was lost meanwhile');
    [this.#owners = null, this.#nodes = null, this.#cameras = null] = opened;
    this.#settledAt = Math.max(this.#settledAt, this.now() + SETTLE_MS - ageOf(info));
    for (const watch of this.#watches.splice(0)) watch.stop();
    await this.#watch(this.#nodes, changed.node.bind(changed));
    await this.#watch(this.#cameras, changed.cameras.bind(changed));
    this.#isOpen = true;
  }

  create(key: string, value: Uint8Array): Promise<LeaseOutcome> {
    return this.#write((owners) => owners.create(key, value));
  }

  update(key: string, value: Uint8Array, revision: number): Promise<LeaseOutcome> {
    return this.#write((owners) => owners.update(key, value, revision, ANSWER_MS));
  }

  async read(key: string): Promise<LeaseEntry | 'absent' | 'unknown'> {
    if (!this.#owners || !this.isUp()) return 'unknown';
    try {
      const entry = await this.#owners.get(key);
      if (entry?.operation !== 'PUT') return 'absent';
      return { value: entry.value, revision: entry.revision };
    } catch {
      return 'unknown';
    }
  }

  async release(key: string, revision: number): Promise<void> {
    if (!this.#owners || !this.isUp()) return;
    // It runs out by itself otherwise.
    await this.#owners.delete(key, { previousSeq: revision }).catch(() => undefined);
  }

  /**
   * Writes a node's first record over this connection, unless there is one already that is another's. Until then no lease is taken, and
   * nothing else is written in its name. Rejects while the bucket has no leader.
   * @param isOwn whether a record that is there already is this node's own
   * @returns whether the name is this node's
   */
  async claimName(name: string, value: Uint8Array, isOwn: (record: Uint8Array) => boolean): Promise<boolean> {
    const nodes = this.#nodes;
    if (!nodes) throw new Error('not connected');
    const isFree = await nodes.create(name, value).then(
      () => true,
      (error: unknown) => {
        if (isConflict(error)) return false;
        throw error;
      },
    );
    const entry = isFree ? null : await nodes.get(name);
    const isMine = isFree || (entry?.operation === 'PUT' && isOwn(entry.value));
    if (nodes === this.#nodes && this.#isOpen) this.#isNamed = isMine;
    return isMine;
  }

  /** Never rejects: it is written again a second later. */
  async putNode(name: string, value: Uint8Array): Promise<void> {
    if (this.isUp() && this.#isNamed) await this.#nodes?.put(name, value).catch(() => undefined);
  }

  async removeNode(name: string): Promise<void> {
    if (this.isUp() && this.#isNamed) await this.#nodes?.delete(name).catch(() => undefined);
  }

  async putCameras(name: string, value: Uint8Array): Promise<void> {
    if (!this.isUp() || !this.#isNamed) return;
    await this.#cameras?.put(name, value).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      this.log.warn({ event: 'cluster_cameras' }, `the list of cameras cannot be shared: ${message}`);
    });
  }

  close(): void {
    for (const watch of this.#watches.splice(0)) watch.stop();
  }

  async #write(write: (owners: KV) => Promise<number>): Promise<LeaseOutcome> {
    if (!this.#owners || !this.isUp()) return { type: 'unknown' };
    try {
      return { type: 'done', revision: await write(this.#owners) };
    } catch (error) {
      return isConflict(error) ? { type: 'conflict' } : { type: 'unknown' };
    }
  }

  async #ensure(
    manager: JetStreamManager,
    bucket: string,
    lifeMs: number,
    replicas: number,
  ): Promise<StreamInfo> {
    const name = `KV_${bucket}`;
    try {
      const info = await manager.streams.info(name);
      const problem = bucketProblem(bucket, info.config);
      if (problem !== '') throw new ClusterSetupError(problem);
      // A bucket that an earlier version made may have entries that live for another time.
      const copies = Math.max(replicas, info.config.num_replicas);
      const life = nanos(lifeMs);
      if (info.config.num_replicas === copies && info.config.max_age === life) return info;
      const update = (num_replicas: number): Promise<StreamInfo> =>
        manager.streams.update(name, { num_replicas, max_age: life, duplicate_window: life });
      return await update(copies)
        .catch(() => update(info.config.num_replicas))
        .catch(() => info);
    } catch (error) {
      if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound))
        throw error;
    }
    const create = (copies: number): Promise<StreamInfo> =>
      manager.streams.add(bucketConfig(bucket, lifeMs, copies));
    return create(replicas).catch((error: unknown) => {
      // Fewer servers than copies. Another node may also have been quicker: then this finds its bucket.
      if (replicas > 1) return create(1);
      throw error;
    });
  }

  async #watch(bucket: KV | null, changed: (name: string, value: Uint8Array | null) => void): Promise<void> {
    if (!bucket) return;
    const watch = await bucket.watch();
    this.#watches.push(watch);
    const follow = async (): Promise<void> => {
      for await (const { key, operation, value } of watch) changed(key, operation === 'PUT' ? value : null);
    };
    follow().catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      this.log.warn({ event: 'cluster_watch' }, `NATS: a watch ended: ${message}`);
    });
  }
}

/** The entry was not at the revision that the write expected. */
function isConflict(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  return (
    error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown
  );
}

/** By the server's own clock, ms. */
function ageOf(info: StreamInfo): number {
  const server = 'ts' in info && typeof info.ts === 'string' ? Date.parse(info.ts) : Date.now();
  const age = server - Date.parse(info.created);
  return Number.isFinite(age) ? Math.max(0, age) : 0;
}
