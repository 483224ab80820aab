import type { RenditionKey } from '../../shared/rendition.js';

/** Demand that is not renewed for this long is gone, ms: edges renew it each second. */
const DEMAND_LIFE_MS = 3000;

/** What one edge wants of one stream. */
export interface StreamDemand {
  readonly stream: string;
  /** Renditions with the most frames a second that any of its viewers wants; `null` is the source's rate. May be empty. */
  readonly renditions: readonly (readonly [RenditionKey, number | null])[];
  /** The video as the camera sends it. */
  readonly video?: boolean;
}

/** A seat that the owner holds for an edge: one for each rendition, one for video, or one that only keeps the camera open. */
export interface EdgeSeat {
  readonly edge: string;
  readonly stream: string;
  readonly rendition: RenditionKey | 'video' | null;
  readonly fps: number | null;
}

export type SeatChange = { readonly type: 'join' | 'leave'; readonly seat: EdgeSeat };

interface Entry {
  renewedAt: number;
  seats: readonly EdgeSeat[];
}

/** An owner's list of what edges want of it. Pure: tells which seats to take and to give up; joins come before leaves. */
export class DemandTable {
  /** By edge, then by stream. */
  readonly #edges = new Map<string, Map<string, Entry>>();

  /**
   * An edge said what it wants.
   * @param all the message names every stream that it wants of this node: others are given up
   */
  renew(edge: string, demands: readonly StreamDemand[], all: boolean, now: number): SeatChange[] {
    const streams = this.#edges.get(edge) ?? new Map<string, Entry>();
    this.#edges.set(edge, streams);
    const changes: SeatChange[] = [];
    for (const demand of demands) {
      const seats = seatsOf(edge, demand);
      const before = streams.get(demand.stream)?.seats ?? [];
      streams.set(demand.stream, { renewedAt: now, seats });
      changes.push(...difference(before, seats));
    }
    if (all) {
      const named = new Set(demands.map(({ stream }) => stream));
      for (const stream of streams.keys())
        if (!named.has(stream)) changes.push(...this.release(edge, stream));
    }
    return changes;
  }

  /** Gives up what was not renewed in time. */
  expire(now: number): SeatChange[] {
    const changes: SeatChange[] = [];
    for (const [edge, streams] of this.#edges)
      for (const [stream, { renewedAt }] of streams)
        if (now - renewedAt > DEMAND_LIFE_MS) changes.push(...this.release(edge, stream));
    return changes;
  }

  /** An edge gave a stream up, or its seats were lost. */
  release(edge: string, stream: string): SeatChange[] {
    const streams = this.#edges.get(edge);
    const entry = streams?.get(stream);
    if (!streams || !entry) return [];
    streams.delete(stream);
    if (streams.size === 0) this.#edges.delete(edge);
    return difference(entry.seats, []);
  }

  has(edge: string): boolean {
    return this.#edges.has(edge);
  }

  /** Edges that want this stream. */
  edgesOf(stream: string): string[] {
    return [...this.#edges].filter(([, streams]) => streams.has(stream)).map(([edge]) => edge);
  }
}

function seatsOf(edge: string, { stream, renditions, video = false }: StreamDemand): EdgeSeat[] {
  const seats = renditions.map(([rendition, fps]): EdgeSeat => ({ edge, stream, rendition, fps }));
  if (video) seats.push({ edge, stream, rendition: 'video', fps: null });
  return seats.length > 0 ? seats : [{ edge, stream, rendition: null, fps: null }];
}

/** Joins first: a seat that changes its rate must not leave the camera without one for a moment. */
function difference(before: readonly EdgeSeat[], after: readonly EdgeSeat[]): SeatChange[] {
  const missing = (all: readonly EdgeSeat[], from: readonly EdgeSeat[]): EdgeSeat[] =>
    all.filter((seat) => !from.some((other) => isSame(seat, other)));
  return [
    ...missing(after, before).map((seat): SeatChange => ({ type: 'join', seat })),
    ...missing(before, after).map((seat): SeatChange => ({ type: 'leave', seat })),
  ];
}

const isSame = (a: EdgeSeat, b: EdgeSeat): boolean => a.rendition === b.rendition && a.fps === b.fps;
