import type { CameraErrorCode } from '../../shared/errors.js';
import type { Holder } from '../ownership/lease.js';
import type { CameraList, ListedCamera, NodeRecord, StateMessage, StreamState } from '../bus/messages.js';
import type { PlacementNode } from '../placement/placement.js';

/** An owner or node that was not heard of for this long is silent, ms: it tells its state each second. */
export const SILENT_AFTER_MS = 2000;
/** Records of nodes live for this long, ms; each node writes its own anew each second. */
export const NODE_LIFE_MS = 3000;

/** A stream as its owner told it last. */
export interface KnownStream extends Holder {
  readonly hash: string;
  readonly told: StreamState;
  /** By the directory's clock, ms. */
  readonly toldAt: number;
}

interface KnownNode {
  readonly record: NodeRecord;
  readonly heardAt: number;
}

/** What this node knows of the others: from their records, their lists of cameras, and what they tell each second. */
export class Directory {
  readonly #nodes = new Map<string, KnownNode>();
  /** By node, then by camera. */
  readonly #lists = new Map<string, ReadonlyMap<string, ListedCamera>>();
  /** By owner, then by stream. */
  readonly #streams = new Map<string, Map<string, KnownStream>>();
  readonly #holds = new Map<string, { readonly code: CameraErrorCode; readonly until: number }>();

  /** @param now time in which this node could hear the others, ms (`AwakeClock`) */
  constructor(private readonly now: () => number) {}

  noteNode(name: string, record: NodeRecord): void {
    this.#nodes.set(name, { record, heardAt: this.now() });
  }

  noteCameras(name: string, list: CameraList | null): void {
    if (list) this.#lists.set(name, new Map(Object.entries(list.cameras)));
    else this.#lists.delete(name);
  }

  forgetNode(name: string): void {
    this.#nodes.delete(name);
    this.#lists.delete(name);
    this.#streams.delete(name);
  }

  /** @returns the streams that are new, changed hands or were given up */
  noteState(node: string, message: StateMessage): Set<string> {
    const now = this.now();
    const before = this.#streams.get(node);
    const streams = message.all ? new Map<string, KnownStream>() : (before ?? new Map<string, KnownStream>());
    const moved = new Set<string>();
    for (const told of message.streams) {
      const { stream, epoch, hash } = told;
      if (before?.get(stream)?.epoch !== epoch) moved.add(stream);
      streams.set(stream, { node, instance: message.instance, epoch, hash, told, toldAt: now });
    }
    for (const { stream, epoch } of message.gone) {
      const known = streams.get(stream);
      if (known && known.epoch <= epoch) streams.delete(stream);
      moved.add(stream);
    }
    for (const stream of before?.keys() ?? []) if (!streams.has(stream)) moved.add(stream);
    this.#streams.set(node, streams);
    for (const { hash, code, leftMs } of message.holds) this.#holds.set(hash, { code, until: now + leftMs });
    return moved;
  }

  /** Who owns the stream as far as is known here, told within the last two seconds. */
  owner(stream: string): KnownStream | null {
    const now = this.now();
    let newest: KnownStream | null = null;
    for (const streams of this.#streams.values()) {
      const known = streams.get(stream);
      if (!known || now - known.toldAt > SILENT_AFTER_MS) continue;
      if (!newest || known.epoch > newest.epoch) newest = known;
    }
    return newest;
  }

  /** All streams of other nodes, each by its newest owner. */
  streams(): KnownStream[] {
    const names = new Set([...this.#streams.values()].flatMap((streams) => [...streams.keys()]));
    return [...names].map((name) => this.owner(name)).filter((known) => known !== null);
  }

  /** Other nodes that live, with the cameras that each was heard to own. */
  nodes(): (PlacementNode & { readonly relieved: boolean })[] {
    const now = this.now();
    return [...this.#nodes]
      .filter(([, { heardAt }]) => now - heardAt <= NODE_LIFE_MS)
      .map(([name, { record }]) => ({
        name,
        site: record.site,
        opensCameras: record.role !== 'edge',
        draining: record.draining,
        owned: Math.max(record.owned, this.#streams.get(name)?.size ?? 0),
        maxOwned: record.maxOwned,
        cores: record.cores,
        free: record.free,
        relieved: record.relieved,
      }));
  }

  record(node: string): NodeRecord | null {
    const known = this.#nodes.get(node);
    return known && this.now() - known.heardAt <= NODE_LIFE_MS ? known.record : null;
  }

  /** Whether the node has the stream in its CONFIG_FILE, from this source if that is known here. */
  lists(node: string, name: string, main: boolean, hash: string | null): boolean {
    const camera = this.#lists.get(node)?.get(name);
    if (!camera) return false;
    const listed = main ? camera.mainHash : camera.hash;
    return listed !== null && (hash === null || listed === hash);
  }

  /** A camera that other nodes have in their CONFIG_FILE. */
  listed(name: string): ListedCamera | null {
    for (const [node, cameras] of this.#lists) {
      const camera = cameras.get(name);
      if (camera && this.record(node)) return camera;
    }
    return null;
  }

  /** All of them, by name. */
  allListed(): Map<string, ListedCamera> {
    const all = new Map<string, ListedCamera>();
    for (const [node, cameras] of this.#lists)
      if (this.record(node)) for (const [name, camera] of cameras) if (!all.has(name)) all.set(name, camera);
    return all;
  }

  /** Why nobody should try this source now. */
  held(hash: string): CameraErrorCode | null {
    const hold = this.#holds.get(hash);
    if (!hold) return null;
    if (this.now() < hold.until) return hold.code;
    this.#holds.delete(hash);
    return null;
  }

  /** Nodes that were heard of and are not any more. */
  expire(): string[] {
    const now = this.now();
    const gone = [...this.#nodes].filter(([, { heardAt }]) => now - heardAt > 2 * NODE_LIFE_MS);
    for (const [name] of gone) this.forgetNode(name);
    return gone.map(([name]) => name);
  }
}
