import { createHash } from 'node:crypto';

/** What placement knows of a node. */
export interface PlacementNode {
  readonly name: string;
  /** NODE_SITE; empty is no site. */
  readonly site: string;
  readonly opensCameras: boolean;
  readonly draining: boolean;
  /** Cameras whose lease it holds or was just asked to take. */
  readonly owned: number;
  /** MAX_CAMERAS. */
  readonly maxOwned: number;
  /** Processors that it may use. */
  readonly cores: number;
  /** Idle share of them, 0-1, as its load control reads it. */
  readonly free: number;
}

export interface PlacementRequest {
  readonly stream: string;
  /** Site of the camera; empty when every node may open it. */
  readonly site: string;
  /** Whether the node knows the camera's address. */
  readonly knows: (node: string) => boolean;
}

/**
 * Idle shares count in these steps: nodes see them up to a second apart, and a small difference must not make two nodes answer
 * differently. Below the last one a node has no room.
 */
const ROOM_STEPS = [0.5, 0.25, 0.1];

/** 0 is most room; `ROOM_STEPS.length` is none. */
export function roomClass({ free }: Pick<PlacementNode, 'free'>): number {
  const step = ROOM_STEPS.findIndex((least) => free >= least);
  return step < 0 ? ROOM_STEPS.length : step;
}

/** Nodes that may open the camera, whatever their load. */
function eligible<N extends PlacementNode>(request: PlacementRequest, nodes: readonly N[]): N[] {
  return nodes.filter(
    (node) =>
      node.opensCameras &&
      !node.draining &&
      node.owned < node.maxOwned &&
      (request.site === '' || node.site === request.site) &&
      request.knows(node.name),
  );
}

/**
 * Who is to open a camera: nodes in the order in which they are asked. Most room first, then fewest cameras for each processor,
 * then by rendezvous hashing of node and stream, so that nodes that know the same agree without talking. Pure.
 */
export function placementOrder<N extends PlacementNode>(
  request: PlacementRequest,
  nodes: readonly N[],
): readonly N[] {
  const judged = eligible(request, nodes).map((node) => ({
    node,
    room: roomClass(node),
    load: node.owned / Math.max(1, node.cores),
    score: rendezvousScore(node.name, request.stream),
  }));
  judged.sort((a, b) => a.room - b.room || a.load - b.load || b.score - a.score);
  return judged.map(({ node }) => node);
}

/** The same number on every node, and another order of the nodes for each stream. */
export function rendezvousScore(node: string, stream: string): number {
  return createHash('sha256').update(`${node}\n${stream}`).digest().readUInt32BE(0);
}
