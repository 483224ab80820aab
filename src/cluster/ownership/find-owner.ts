import type { Clock } from '../../shared/clock.js';
import { CameraError, RefusedError, type ServiceError } from '../../shared/errors.js';
import type { Bus, LeaseEntry, LeaseStore } from '../bus/bus.js';
import type { Directory } from '../nodes/directory.js';
import type { Presence } from '../nodes/presence.js';
import { type Holder, holderOf, type Lease, type LeaseOwner, takeLease } from './lease.js';
import { readAnswer, type WantedStream, writeJson } from '../bus/messages.js';
import { placementOrder, type PlacementNode } from '../placement/placement.js';
import { streamKeyToToken } from '../bus/stream-key.js';
import type { Subjects } from '../bus/subjects.js';

/** How long another node has to say whether it opens a camera, ms. */
export const REQUEST_MS = 500;
/** Until what is only on its way is looked for again, ms. */
const SOON_MS = 200;
/** The same while NATS does not answer. */
const LATER_MS = 250;

/** A stream as this node knows it. */
export interface StreamFacts {
  readonly stream: string;
  /** The configured camera's name, and whether it is its main stream. */
  readonly name: string;
  readonly main: boolean;
  /** Where it may be opened; empty is anywhere. */
  readonly site: string;
  /** Of its source; `null` when this node does not know the address. */
  readonly hash: string | null;
}

/** What the search for an owner needs. */
export interface OwnerSearch {
  readonly self: LeaseOwner;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly leases: LeaseStore;
  readonly directory: Directory;
  readonly presence: Pick<Presence, 'isGone'>;
  /** This node, as placement sees it. */
  readonly selfNode: () => PlacementNode;
}

export type Found =
  | { readonly type: 'own'; readonly lease: Lease }
  | { readonly type: 'follow'; readonly holder: Holder }
  /** Nobody can open it now. */
  | { readonly type: 'failed'; readonly error: CameraError }
  | { readonly type: 'refused'; readonly error: ServiceError }
  /** Nodes that may open it have not said yet whether they do; the error, should that last. */
  | { readonly type: 'unanswered'; readonly error: CameraError }
  /** Nothing can be said yet. */
  | { readonly type: 'wait'; readonly ms: number };

/**
 * Who is to open the camera: its owner if there is one, else the node that placement names, which may be this one. Takes the lease in
 * that case. Never while NATS does not answer: then nobody can say whether somebody holds it.
 * @param mine another node chose this one already: nobody else is asked
 */
export async function findOwner(
  facts: StreamFacts,
  wanted: WantedStream,
  mine: boolean,
  search: OwnerSearch,
): Promise<Found> {
  const { bus, leases, directory } = search;
  if (!bus.connected) return { type: 'wait', ms: LATER_MS };
  const known = directory.owner(facts.stream);
  if (known) return isOther(facts, known.hash) ? nameInUse(facts) : { type: 'follow', holder: known };
  const entry = await leases.read(streamKeyToToken(facts.stream));
  if (entry === 'unknown') return { type: 'wait', ms: LATER_MS };
  if (entry !== 'absent') {
    if (!isAbandoned(entry, search)) return { type: 'wait', ms: SOON_MS };
    if (search.selfNode().opensCameras) {
      await leases.release(streamKeyToToken(facts.stream), entry.revision);
      return { type: 'wait', ms: 0 };
    }
    // An edge may not write leases: it asks those that may.
  }
  if (!leases.settled) return { type: 'wait', ms: LATER_MS };
  const hold = facts.hash === null ? null : directory.held(facts.hash);
  if (hold) return { type: 'failed', error: new CameraError(hold, 'refused a short while ago') };
  return open(facts, wanted, mine, search);
}

/**
 * Whether nobody is left who holds this lease. Who holds it mostly tells so within a second, or it runs out; but its owner may have left
 * NATS, or be this very node before it started anew: no other has its name.
 */
function isAbandoned(entry: LeaseEntry, { presence, leases, self }: OwnerSearch): boolean {
  const holder = holderOf(entry);
  if (!holder) return false;
  if (holder.node === self.node) return leases.settled && holder.instance !== self.instance;
  return presence.isGone(holder.node);
}

async function open(
  facts: StreamFacts,
  wanted: WantedStream,
  mine: boolean,
  search: OwnerSearch,
): Promise<Found> {
  const candidates = mine ? [search.selfNode()] : candidatesFor(facts, search);
  let type: 'failed' | 'unanswered' = 'failed';
  for (const { name } of candidates) {
    if (name !== search.self.node) {
      const answer = await ask(name, facts, wanted, search);
      if (typeof answer === 'object') return { type: 'follow', holder: answer };
      if (answer === 'unanswered') type = answer;
    } else if (facts.hash !== null) return take(facts.stream, facts.hash, search);
  }
  return { type, error: new CameraError('no_owner', whyNobody(facts, search)) };
}

/** Nodes that may open the stream, in the order in which they are asked. */
export function candidatesFor(
  facts: StreamFacts,
  { directory, self, selfNode }: Pick<OwnerSearch, 'directory' | 'self' | 'selfNode'>,
): readonly PlacementNode[] {
  const knows = (node: string): boolean =>
    node === self.node ? facts.hash !== null : directory.lists(node, facts.name, facts.main, facts.hash);
  return placementOrder({ stream: facts.stream, site: facts.site, knows }, [
    selfNode(),
    ...directory.nodes(),
  ]);
}

async function take(stream: string, hash: string, search: OwnerSearch): Promise<Found> {
  const { self, leases, clock } = search;
  const result = await takeLease(streamKeyToToken(stream), hash, self, leases, clock);
  if (result.type === 'taken') return { type: 'own', lease: result.lease };
  return { type: 'wait', ms: result.type === 'held' ? SOON_MS : LATER_MS };
}

async function ask(
  node: string,
  { hash }: StreamFacts,
  wanted: WantedStream,
  { self, bus, subjects, directory }: OwnerSearch,
): Promise<Holder | 'refused' | 'unanswered'> {
  const request = writeJson({ from: self.node, wanted, hash, closed: false });
  const bytes = await bus.request(subjects.request('open', node), request, REQUEST_MS);
  const answer = bytes && readAnswer(bytes);
  // It may be busy, or wait for a lease that runs out.
  if (!answer || (answer.ok && answer.epoch === null)) return 'unanswered';
  if (!answer.ok || answer.epoch === null) return 'refused';
  const instance = directory.record(node)?.instance ?? '';
  return { node, instance, epoch: answer.epoch };
}

const isOther = (facts: StreamFacts, hash: string): boolean => facts.hash !== null && facts.hash !== hash;

function nameInUse({ name }: StreamFacts): Found {
  const message = `camera_index ${name} is in use with another URL: use another name`;
  return { type: 'refused', error: new RefusedError('name_in_use', message) };
}

function whyNobody(facts: StreamFacts, { directory }: OwnerSearch): string {
  const others = directory.nodes().length;
  const where = facts.site === '' ? '' : ` of site ${facts.site}`;
  return `none of ${others + 1} nodes${where} may open ${facts.stream} and knows its address`;
}
