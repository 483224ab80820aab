import { type PlacementNode, rendezvousScore, roomClass } from './placement.js';

export interface BalanceNode extends PlacementNode {
  /** It gave cameras away because it was busy, or lost leases, a short while ago. */
  readonly relieved: boolean;
}

/** A camera that this node owns. */
export interface OwnedStream {
  readonly stream: string;
  /** Nodes that may open it. */
  readonly targets: readonly BalanceNode[];
}

export interface Move {
  readonly stream: string;
  readonly to: string;
}

/** A node with this class of room (a quarter of its processors idle) can take cameras. */
const LEAST_ROOM = 1;
/** That of a node without idle processors. */
const NO_ROOM = roomClass({ free: 0 });

const load = ({ owned, cores }: PlacementNode, more: number): number => (owned + more) / Math.max(1, cores);

/**
 * Cameras that this node gives to those that have fewer for each of their processors, so that a node that joins takes its share.
 * Only as long as this node has more than the other even afterwards: nothing goes to and fro. Pure.
 * @param most moves at a time: each is a second session at a camera for a moment
 */
export function levelOut(self: PlacementNode, owned: readonly OwnedStream[], most: number): Move[] {
  return choose(self, owned, most, (target, given) => {
    // Nodes that are all busy still share evenly; one that just gave some away for that is left alone.
    const hasRoom = roomClass(target) <= Math.max(LEAST_ROOM, roomClass(self)) && !target.relieved;
    if (!hasRoom || load(self, -given - 1) <= load(target, 1)) return false;
    // Each move opens a camera anew. Where nothing is idle anywhere that costs all the others, so it takes more than a small difference.
    return roomClass(target) < NO_ROOM || load(self, -given) > 2 * load(target, 0);
  });
}

/** Cameras that a busy node gives to those with room, before it decodes any of them at a lower rate. Pure. */
export function relieve(self: PlacementNode, owned: readonly OwnedStream[], most: number): Move[] {
  return choose(self, owned, most, (target) => {
    const room = roomClass(target);
    return room <= LEAST_ROOM && room < roomClass(self) && !target.relieved;
  });
}

function choose(
  self: PlacementNode,
  owned: readonly OwnedStream[],
  most: number,
  isBetter: (target: BalanceNode, given: number) => boolean,
): Move[] {
  const moves: Move[] = [];
  const given = new Map<string, number>();
  const left = [...owned];
  while (moves.length < most) {
    const best = left
      .flatMap(({ stream, targets }) => targets.map((target) => ({ stream, target })))
      .filter(({ target }) => target.name !== self.name)
      .map(({ stream, target }) => {
        const received = given.get(target.name) ?? 0;
        return { stream, target: { ...target, owned: target.owned + received } };
      })
      .filter(({ target }) => target.owned < target.maxOwned && isBetter(target, moves.length))
      .map((move) => ({ ...move, score: rendezvousScore(move.target.name, move.stream) }))
      .sort((a, b) => load(a.target, 0) - load(b.target, 0) || b.score - a.score)[0];
    if (!best) break;
    moves.push({ stream: best.stream, to: best.target.name });
    given.set(best.target.name, (given.get(best.target.name) ?? 0) + 1);
    left.splice(
      left.findIndex(({ stream }) => stream === best.stream),
      1,
    );
  }
  return moves;
}
