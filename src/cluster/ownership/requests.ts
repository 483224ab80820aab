import { ServiceError } from '../../shared/errors.js';
import type { Clock } from '../../shared/clock.js';
import type { ClusterSupervisor } from '../streams/cluster-supervisor.js';
import { REQUEST_MS } from './find-owner.js';
import type { Handovers } from './handovers.js';
import {
  type Answer,
  type OpenRequestMessage,
  readOpenRequest,
  readPassRequest,
  writeJson,
} from '../bus/messages.js';
import type { OwnerSide } from '../demand/owner-side.js';

/** An answer must be there before the asking node gives up. */
const ANSWER_MS = REQUEST_MS - 50;

export interface RequestDeps {
  readonly clock: Clock;
  readonly owners: OwnerSide;
  readonly handovers: Handovers;
  readonly supervisor: (stream: string) => ClusterSupervisor | undefined;
  /** Why this node opens no camera; empty when it does. */
  readonly refusal: () => string;
  /** Hash of the stream's source as this node knows it; `null` when it does not. */
  readonly hashOf: (stream: string) => string | null;
}

const no = (why: string): Answer => ({ ok: false, why: why.slice(0, 200), epoch: null });
const UNREADABLE = no('the request cannot be read: are all nodes of one version?');

/** What other nodes ask of this one. */
export class Requests {
  constructor(private readonly deps: RequestDeps) {}

  /** To open a camera that nobody has, for the edge that asks. */
  async open(bytes: Uint8Array): Promise<Uint8Array> {
    const request = readOpenRequest(bytes);
    if (!request) return writeJson(UNREADABLE);
    const held = this.#hold(request);
    if ('ok' in held) return writeJson(held);
    const epoch = await this.#inTime(held.own());
    return writeJson({ ok: true, why: epoch === null ? 'the lease could not be taken yet' : '', epoch });
  }

  /** To take a camera over from the node that asks. */
  async take(bytes: Uint8Array): Promise<Uint8Array> {
    const request = readOpenRequest(bytes);
    if (!request) return writeJson(UNREADABLE);
    const held = this.#hold(request);
    if ('ok' in held) return writeJson(held);
    const ok = await held.take(request.from, request.closed);
    return writeJson({ ok, why: ok ? '' : 'the camera is changing hands already', epoch: null });
  }

  /** To pass the lease to a node that has the picture. */
  async pass(bytes: Uint8Array): Promise<Uint8Array> {
    const request = readPassRequest(bytes);
    return writeJson(request ? await this.deps.handovers.pass(request) : UNREADABLE);
  }

  /** Takes the asking node's seats, which opens the camera here if it was not open. */
  #hold({ from, wanted, hash }: OpenRequestMessage): Answer | ClusterSupervisor {
    const { refusal, hashOf, owners, supervisor } = this.deps;
    const { stream } = wanted;
    const why = refusal();
    if (why !== '') return no(why);
    const own = hashOf(stream);
    if (own === null) return no(`this node knows no ${stream}`);
    if (hash !== null && hash !== own) return no(`this node has another address for ${stream}`);
    try {
      owners.hold(from, wanted);
    } catch (error) {
      if (error instanceof ServiceError) return no(error.message);
      throw error;
    }
    return supervisor(stream) ?? no('the camera ended at once');
  }

  #inTime<T>(answer: Promise<T | null>): Promise<T | null> {
    return new Promise((resolve) => {
      const cancel = this.deps.clock.after(ANSWER_MS, () => {
        resolve(null);
      });
      void answer.then((value) => {
        cancel();
        resolve(value);
      });
    });
  }
}
