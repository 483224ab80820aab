import type { Clock } from '../../shared/clock.js';
import type { CameraErrorCode } from '../../shared/errors.js';
import type { Bus } from '../bus/bus.js';
import type { ClusterSupervisor } from '../streams/cluster-supervisor.js';
import { REQUEST_MS } from './find-owner.js';
import type { LeaseOwner } from './lease.js';
import { type Answer, type PassRequest, readAnswer, writeJson } from '../bus/messages.js';
import type { Subjects } from '../bus/subjects.js';

/** The taking node has 3.5 s for its first frame, and half a second to ask for the lease, ms. */
const PASS_WITHIN_MS = 4200;

/** What a camera answers to a second session when it grants one only; some just let it wait. */
const ONE_SESSION: ReadonlySet<CameraErrorCode> = new Set([
  'busy',
  'unavailable',
  'refused',
  'disconnected',
  'open_timeout',
] as const);

export type GiveOutcome = 'passed' | 'refused' | CameraErrorCode;

export interface HandoverDeps {
  readonly self: LeaseOwner;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly clock: Clock;
  readonly supervisor: (stream: string) => ClusterSupervisor | undefined;
  readonly instanceOf: (node: string) => string | null;
}

/** Cameras on their way from this node to others: the other opens while this one still decodes, then the lease passes. */
export class Handovers {
  readonly #running = new Map<
    string,
    { readonly to: string; readonly settle: (outcome: GiveOutcome) => void }
  >();

  constructor(private readonly deps: HandoverDeps) {}

  get count(): number {
    return this.#running.size;
  }

  isRunning(stream: string): boolean {
    return this.#running.has(stream);
  }

  /**
   * Gives a camera to another node.
   * @param mayBreak a camera that grants one session is closed first; else it stays
   */
  async give(stream: string, to: string, mayBreak: boolean): Promise<GiveOutcome> {
    const supervisor = this.deps.supervisor(stream);
    if (!supervisor?.lease || this.#running.has(stream)) return 'refused';
    let settle: (outcome: GiveOutcome) => void = () => undefined;
    const outcome = new Promise<GiveOutcome>((resolve) => (settle = resolve));
    const cancel = this.deps.clock.after(PASS_WITHIN_MS, () => {
      settle('refused');
    });
    this.#running.set(stream, { to, settle });
    try {
      if (!(await this.#askToTake(supervisor, to, false))) return 'refused';
      const first = await outcome;
      if (first === 'passed' || first === 'refused' || !mayBreak || !ONE_SESSION.has(first)) return first;
      return await this.#closeAndGive(supervisor, to);
    } finally {
      cancel();
      this.#running.delete(stream);
    }
  }

  /** The node that takes a camera over has its picture, or says why not. */
  async pass({ to, instance, stream, failed }: PassRequest): Promise<Answer> {
    const running = this.#running.get(stream);
    const supervisor = this.deps.supervisor(stream);
    if (!supervisor || running?.to !== to)
      return { ok: false, why: 'nobody gave it that camera', epoch: null };
    if (failed) {
      running.settle(failed);
      return { ok: true, why: '', epoch: null };
    }
    const epoch = await supervisor.give({ node: to, instance });
    running.settle(epoch === null ? 'refused' : 'passed');
    return { ok: epoch !== null, why: epoch === null ? 'the lease is not this node’s' : '', epoch };
  }

  async #closeAndGive(supervisor: ClusterSupervisor, to: string): Promise<GiveOutcome> {
    const instance = this.deps.instanceOf(to);
    if (instance === null || !(await supervisor.closeAndGive({ node: to, instance }))) return 'refused';
    await this.#askToTake(supervisor, to, true);
    return 'passed';
  }

  async #askToTake(supervisor: ClusterSupervisor, to: string, closed: boolean): Promise<boolean> {
    const { self, bus, subjects } = this.deps;
    const { hash } = supervisor.facts;
    const request = writeJson({ from: self.node, wanted: supervisor.wanted, hash, closed });
    const bytes = await bus.request(subjects.request('take', to), request, REQUEST_MS);
    return (bytes && readAnswer(bytes))?.ok === true;
  }
}
