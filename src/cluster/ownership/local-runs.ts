import type { Supervise } from '../../camera/supervision.js';
import type { DecodePlan } from '../../shared/worker-protocol.js';
import { type LocalEvents, LocalRun } from './local-run.js';

/** A camera's runs on this node, one after another: a camera may grant one session only. */
export class LocalRuns {
  /** @param ending resolves when earlier runs are gone */
  constructor(
    private readonly here: Supervise | null,
    private readonly events: LocalEvents,
    private ending: Promise<void>,
  ) {}

  /** Whether this node knows the camera's address. */
  get canStart(): boolean {
    return this.here !== null;
  }

  start(plan: DecodePlan): LocalRun {
    if (!this.here) throw new Error('a camera without an address cannot be opened here');
    return new LocalRun(this.here, plan, this.ending, this.events);
  }

  /** @returns when nothing of any run is left */
  end(local: LocalRun): Promise<void> {
    this.ending = Promise.all([this.ending, local.stop()]).then(() => undefined);
    return this.ending;
  }

  get ended(): Promise<void> {
    return this.ending;
  }
}
