import { randomBytes } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import type { CameraSummary } from '../camera/telemetry/camera-summary.js';
import type { PeerCamera, Peers } from '../camera/peers.js';
import type { Stream } from '../camera/stream.js';
import type { Supervise } from '../camera/supervision.js';
import type { CameraSpec } from '../config/camera-spec.js';
import { renditionKey } from '../shared/rendition.js';
import type { RtspUrl } from '../source/rtsp-url.js';
import {
  createNodeTeller,
  createOthers,
  createOwnerSide,
  createStateTeller,
  type Others,
  ownershipCalls,
} from './cluster-parts.js';
import { PeerView } from './cluster-peers.js';
import type { ClusterCameras, ClusterDeps, ClusterSettings } from './cluster-settings.js';
import { DemandSender } from './demand/demand-sender.js';
import { Exchange } from './exchange.js';
import { Handovers } from './ownership/handovers.js';
import { Membership } from './nodes/membership.js';
import type { ListedCamera } from './bus/messages.js';
import { Mover } from './placement/mover.js';
import { NatsBuckets } from './bus/nats-buckets.js';
import { NatsLink } from './bus/nats-link.js';
import { ClusterSetupError } from './bus/nats-options.js';
import type { NodeTeller } from './nodes/node-record.js';
import type { OwnerSide } from './demand/owner-side.js';
import { Requests } from './ownership/requests.js';
import { SourceHasher } from './ownership/source-hash.js';
import type { StateTeller } from './streams/state-teller.js';
import { Streams } from './streams/streams.js';
import { bucketNames, Subjects } from './bus/subjects.js';

/**
 * This node's part in the cluster. To the registry it is what other nodes know and run (`Peers`); nothing outside this room knows
 * of NATS.
 */
export class Cluster implements Peers {
  readonly #self: { readonly node: string; readonly instance: string };
  readonly #link: NatsLink;
  readonly #buckets: NatsBuckets;
  readonly #membership: Membership;
  readonly #others: Others;
  readonly #hasher: SourceHasher;
  readonly #node: NodeTeller;
  readonly #owners: OwnerSide;
  readonly #streams: Streams;
  readonly #teller: StateTeller;
  readonly #demand: DemandSender;
  readonly #mover: Mover;
  readonly #exchange: Exchange;
  readonly #view: PeerView;
  #cameras: ClusterCameras | null = null;
  /** The first try to join over the present connection. */
  #joining: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: ClusterSettings,
    private readonly deps: ClusterDeps,
  ) {
    const { clock, log, metrics, epochNow } = deps;
    const now = (): number => clock.now();
    const self = (this.#self = { node: settings.node, instance: randomBytes(8).toString('hex') });
    this.#buckets = new NatsBuckets(bucketNames(settings.cluster), () => this.#link.connected, now, log);
    const bus = (this.#link = this.#createLink());
    const subjects = new Subjects(settings.cluster);
    const hasher = (this.#hasher = new SourceHasher(settings.secret, settings.cluster));
    const buckets = this.#buckets;
    const others = (this.#others = createOthers(clock, bus, subjects));
    const outside = { clock, log, metrics, epochNow, now };
    const shared = { ...outside, ...others, self, bus, subjects, hasher, buckets };
    const joined = this.#joined.bind(this);
    this.#membership = new Membership({ ...shared, record: () => this.#node.record(), joined });
    const node = (this.#node = createNodeTeller(settings, {
      ...shared,
      freeShare: deps.freeShare,
      owned: () => this.#streams.owned().length,
    }));
    const camera = (stream: string) => this.#cameras?.camera(stream) ?? null;
    const owners = (this.#owners = createOwnerSide(settings, {
      ...shared,
      host: () => this.#cameras,
      supervisor: (stream) => this.#streams.get(stream),
    }));
    const demand = (this.#demand = new DemandSender(self, bus, subjects, clock));
    const teller = (this.#teller = createStateTeller({
      ...shared,
      streams: () => this.#streams,
      isReady: () => this.#membership.everJoined,
      holds: () => this.#cameras?.holds.list() ?? [],
    }));
    const selfNode = () => node.node;
    const streams = (this.#streams = new Streams({
      ...shared,
      ...ownershipCalls({ ...shared, teller, lost: node.lostLease.bind(node) }),
      selfNode,
      leases: buckets,
      demand,
      owners,
      camera,
      opensNone: settings.role === 'edge',
    }));
    const supervisor = (stream: string) => streams.get(stream);
    const instanceOf = (name: string) => others.directory.record(name)?.instance ?? null;
    const handovers = new Handovers({ ...shared, supervisor, instanceOf });
    const connected = (): boolean => bus.connected;
    this.#mover = new Mover({ ...shared, selfNode, streams, owners, handovers, node, connected });
    this.#view = new PeerView({
      ...{ ...shared, now: others.awakeNow, owners, supervisor },
      defaults: settings.defaults,
    });
    const refusal = (): string => this.#refusal();
    const hashOf = (stream: string): string | null => this.#hashOf(stream);
    const requests = new Requests({ ...shared, owners, handovers, supervisor, refusal, hashOf });
    this.#exchange = new Exchange({ ...shared, owners, streams, requests });
  }

  get peers(): Peers {
    return this;
  }

  /** Before `start`: the cameras that this node has itself. */
  attach(cameras: ClusterCameras): void {
    this.#cameras = cameras;
  }

  /**
   * Joins the cluster; without an answer of NATS it goes on trying in the background.
   * @throws ClusterSetupError when the server is too old, or another node has this one's name
   */
  async start(): Promise<void> {
    this.#exchange.listen();
    await this.#link.start();
    await this.#joining.catch((error: unknown) => {
      // Anything else may pass.
      if (error instanceof ClusterSetupError) throw error;
    });
  }

  /** Sets the cameras that this node has in its CONFIG_FILE. */
  configure(specs: readonly CameraSpec[]): void {
    const hash = (url: RtspUrl): string => this.#hasher.hash(url.identity);
    const listed = specs.map((spec): [string, ListedCamera] => [
      spec.name,
      {
        title: spec.title,
        hash: hash(spec.url),
        mainHash: spec.mainUrl && hash(spec.mainUrl),
        site: spec.site ?? '',
        rendition: renditionKey(spec.rendition),
        maxFps: spec.maxFps,
      },
    ]);
    this.#node.setCameras(Object.fromEntries(listed));
  }

  /** Why this node should get no new viewers; empty when it may. */
  problems(): readonly string[] {
    if (this.#node.draining) return ['draining: its cameras go to other nodes'];
    // Later a lost connection is no reason to turn viewers away: those of cameras that run here see nothing of it.
    return this.#membership.everJoined ? [] : [this.#membership.problem || this.#link.problem];
  }

  /** @returns whether cameras are on their way to nodes with room, so that none has to be degraded yet */
  relieve(streams: readonly string[]): boolean {
    return this.#link.connected && this.#mover.relieve(streams);
  }

  /** Whether this node tells the world outside of a camera: its owner does, and without one the first node by name. */
  tellsOf(owner: string | null): boolean {
    const { node } = this.#self;
    if (owner !== null) return owner === node;
    return this.#link.connected && this.#others.directory.nodes().every(({ name }) => name > node);
  }

  /** Gives all cameras with viewers to other nodes. */
  async drain(): Promise<void> {
    this.deps.metrics.draining.set(1);
    if (this.#link.connected) await this.#mover.drain();
  }

  /** After the cameras are closed. */
  async close(): Promise<void> {
    const parts = [this.#mover, this.#node, this.#teller, this.#demand, this.#exchange, this.#others.awake];
    for (const part of parts) part.close();
    this.#owners.close();
    await this.#buckets.removeNode(this.#self.node);
    this.#buckets.close();
    await this.#link.close();
  }

  supervise(stream: Stream, here: Supervise | null): Supervise {
    return this.#streams.supervise(stream, here);
  }

  find(name: string): PeerCamera | null {
    return this.#view.find(name);
  }

  isInUse(key: string, url: RtspUrl): boolean {
    return this.#view.isInUse(key, url);
  }

  summary(own: CameraSummary, running: boolean): CameraSummary {
    return this.#view.summary(own, running);
  }

  names(): Iterable<string> {
    return this.#view.names();
  }

  #createLink(): NatsLink {
    const { nats, cluster, node } = this.settings;
    const events = {
      up: (connection: NatsConnection) => {
        this.#others.presence.connected();
        this.#joining = this.#membership.up(connection);
        if (this.#membership.everJoined) this.#teller.tellAll();
        this.#demand.renew();
        this.#streams.reconnected();
      },
      down: () => {
        this.#membership.down();
        this.#owners.reset();
      },
    };
    const identity = { name: `${cluster} ${node}`, inbox: new Subjects(cluster).inbox(node) };
    return new NatsLink(nats, identity, events, this.deps.log);
  }

  #joined(): void {
    this.#exchange.joined();
    this.#node.tell(true);
    this.#teller.tellAll();
    this.#streams.reconnected();
  }

  #refusal(): string {
    if (this.settings.role === 'edge') return 'this node opens no cameras (NODE_ROLE=edge)';
    return this.#node.draining ? 'this node is draining' : '';
  }

  #hashOf(stream: string): string | null {
    const url = this.#cameras?.sourceOf(stream) ?? null;
    return url && this.#hasher.hash(url.identity);
  }
}
