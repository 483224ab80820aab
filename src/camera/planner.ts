import { samePlan, type Want } from '../decoding/decode-plan.js';
import type { Clock } from '../shared/clock.js';
import type { DecodePlan } from '../shared/worker-protocol.js';
import { CameraPlan, type CameraPlanOptions, type PlanLimits } from './camera-plan.js';
import { WantCounts } from './want-counts.js';

/**
 * Shortest time between two plans of one camera, ms. A client may ask for changes in each of its messages; each costs a count here, and
 * all that come within this time one plan.
 */
export const PLAN_INTERVAL_MS = 20;

/** Plans a camera anew, soon after its viewers' wants have changed and when a plan says so itself. */
export class Planner {
  readonly #counts = new WantCounts();
  #limits: PlanLimits = { share: 1, keyFrames: 'frequent' };
  #running: { readonly planning: CameraPlan; plan: DecodePlan } | null = null;
  #plannedAt = -Infinity;
  #nextAt = Infinity;
  #cancel: () => void = () => undefined;

  /** @param changed is told each plan that differs from the one before */
  constructor(
    private readonly options: CameraPlanOptions,
    private readonly clock: Clock,
    private readonly changed: (plan: DecodePlan) => void,
  ) {}

  add(want: Want): void {
    this.#counts.add(want);
    this.#soon();
  }

  /** @param want one that was added */
  remove(want: Want): void {
    this.#counts.remove(want);
    this.#soon();
  }

  limit(limits: Partial<PlanLimits>): void {
    this.#limits = { ...this.#limits, ...limits };
    this.#soon();
  }

  /** Begins a run; what lingered of an earlier one is over. */
  start(): DecodePlan {
    const planning = new CameraPlan(this.options);
    const { plan, againAt } = planning.next(this.#counts.wants(), this.#limits, this.clock.now());
    this.#running = { planning, plan };
    this.#plannedAt = this.clock.now();
    this.#at(againAt);
    return plan;
  }

  stop(): void {
    this.#running = null;
    this.#forget();
  }

  #soon(): void {
    this.#at(Math.max(this.clock.now(), this.#plannedAt + PLAN_INTERVAL_MS));
  }

  #at(at: number): void {
    if (!this.#running || at >= this.#nextAt) return;
    this.#cancel();
    this.#nextAt = at;
    this.#cancel = this.clock.after(at - this.clock.now(), () => {
      this.#replan();
    });
  }

  #replan(): void {
    this.#forget();
    if (!this.#running) return;
    const now = this.clock.now();
    const { plan, againAt } = this.#running.planning.next(this.#counts.wants(), this.#limits, now);
    this.#plannedAt = now;
    this.#at(againAt);
    if (samePlan(plan, this.#running.plan)) return;
    this.#running.plan = plan;
    this.changed(plan);
  }

  #forget(): void {
    this.#cancel();
    this.#nextAt = Infinity;
  }
}
