import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../telemetry/log.js';
import { type BalanceNode, levelOut, type Move, type OwnedStream, relieve } from './balance.js';
import type { ClusterMetrics } from '../cluster-metrics.js';
import type { Directory } from '../nodes/directory.js';
import { candidatesFor, type OwnerSearch } from '../ownership/find-owner.js';
import type { Handovers } from '../ownership/handovers.js';
import type { NodeTeller } from '../nodes/node-record.js';
import type { OwnerSide } from '../demand/owner-side.js';
import type { Streams } from '../streams/streams.js';

/** How often this node looks whether others have fewer cameras, ms. */
const LOOK_MS = 1000;
/** Cameras on their way at a time: each has two sessions for a moment. */
const MOST_LEVELLED = 2;
const MOST_RELIEVED = 4;
const MOST_DRAINED = 8;
/** A camera that could not be moved is not tried again for this long, ms. */
const REST_MS = 300_000;
/** As long as a camera given away may still make room, a busy node degrades none, ms. */
const RELIEF_MS = 5000;

export interface MoverDeps extends Pick<OwnerSearch, 'self' | 'selfNode' | 'clock' | 'directory'> {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ClusterMetrics;
  readonly directory: Directory;
  readonly streams: Streams;
  readonly owners: OwnerSide;
  readonly handovers: Handovers;
  readonly node: NodeTeller;
  readonly connected: () => boolean;
}

type Why = 'share' | 'load' | 'drain';

/** Gives cameras to other nodes: their share to those that join, some of a busy node's, all of one that ends. */
export class Mover {
  /** Streams that could not be moved, and until when they rest. */
  readonly #resting = new Map<string, number>();
  #relievedAt = -Infinity;
  #cancel: () => void;

  constructor(private readonly deps: MoverDeps) {
    this.#cancel = this.#later();
  }

  /**
   * This node is too busy for its cameras.
   * @param first those that suffer most
   * @returns whether some are on their way to nodes with room, so that none has to be degraded yet
   */
  relieve(first: readonly string[]): boolean {
    const { clock, handovers, node } = this.deps;
    const owned = this.#movable();
    const most = MOST_RELIEVED - handovers.count;
    const worst = owned.filter(({ stream }) => first.includes(stream));
    const others = owned.filter(({ stream }) => !first.includes(stream));
    let moves = relieve(node.node, worst, most);
    if (moves.length === 0) moves = relieve(node.node, others, most);
    if (moves.length > 0) {
      this.#relievedAt = clock.now();
      node.relieved();
      this.#start(moves, 'load');
    }
    return clock.now() - this.#relievedAt < RELIEF_MS;
  }

  /** Gives every camera with viewers to another node; resolves when all are gone that can go. */
  async drain(): Promise<void> {
    const { node, streams } = this.deps;
    node.drain();
    const waiting = streams.owned();
    const worker = async (): Promise<void> => {
      for (let stream = waiting.pop(); stream !== undefined; stream = waiting.pop())
        await this.#giveAway(stream);
    };
    await Promise.all(Array.from({ length: MOST_DRAINED }, worker));
  }

  close(): void {
    this.#cancel();
  }

  #later(): () => void {
    return this.deps.clock.after(LOOK_MS, () => {
      this.#cancel = this.#later();
      if (this.deps.connected() && !this.deps.node.draining) this.#level();
    });
  }

  #level(): void {
    const most = MOST_LEVELLED - this.deps.handovers.count;
    if (most > 0) this.#start(levelOut(this.deps.node.node, this.#movable(), most), 'share');
  }

  #start(moves: readonly Move[], why: Why): void {
    for (const { stream, to } of moves) void this.#move(stream, to, why, false);
  }

  async #giveAway(stream: string): Promise<void> {
    const hasViewers = this.#isWatched(stream);
    for (const { name } of hasViewers ? this.#targets(stream) : [])
      if (await this.#move(stream, name, 'drain', true)) return;
  }

  /** @returns whether the other node has it now */
  async #move(stream: string, to: string, why: Why, mayBreak: boolean): Promise<boolean> {
    const { handovers, metrics, log, clock } = this.deps;
    const outcome = await handovers.give(stream, to, mayBreak);
    const passed = outcome === 'passed';
    metrics.handovers.inc({ why, outcome: passed ? 'passed' : 'failed' });
    log.info({ event: 'handover', camera: stream, to, why, outcome }, `${stream}: to ${to}: ${outcome}`);
    if (!passed) this.#resting.set(stream, clock.now() + REST_MS);
    return passed;
  }

  /** Cameras that show a picture, are watched, and are not changing hands. */
  #movable(): OwnedStream[] {
    const { streams, handovers, clock } = this.deps;
    const now = clock.now();
    for (const [stream, until] of this.#resting) if (until <= now) this.#resting.delete(stream);
    return streams
      .owned()
      .filter((stream) => !handovers.isRunning(stream) && !this.#resting.has(stream))
      .filter((stream) => ['live', 'frozen'].includes(streams.get(stream)?.status.state ?? ''))
      .filter((stream) => this.#isWatched(stream))
      .map((stream) => ({ stream, targets: this.#targets(stream) }));
  }

  #isWatched(stream: string): boolean {
    const { streams, owners } = this.deps;
    return streams.viewers(stream) + owners.seatsOf(stream) > 0;
  }

  /** Nodes that may take the camera: they have it in their CONFIG_FILE, or its address from a viewer. */
  #targets(stream: string): BalanceNode[] {
    const { streams, directory, owners, self } = this.deps;
    const facts = streams.get(stream)?.facts;
    if (!facts) return [];
    const nodes = new Map(directory.nodes().map((node) => [node.name, node]));
    const listed = candidatesFor(facts, this.deps).map(({ name }) => name);
    const names = new Set([...listed, ...owners.knowingEdges(stream)]);
    return [...names]
      .filter((name) => name !== self.node)
      .map((name) => nodes.get(name))
      .filter((node) => node !== undefined)
      .filter(({ opensCameras, draining }) => opensCameras && !draining);
  }
}
