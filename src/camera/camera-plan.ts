import { decodePlan, LEAST_SHARE, type PlanOptions, type Want } from '../decoding/decode-plan.js';
import { PlanLinger } from '../decoding/plan-linger.js';
import type { DecodePlan } from '../shared/worker-protocol.js';

export interface CameraPlanOptions extends Omit<PlanOptions, 'share' | 'keyFrames'> {
  /** How long a camera without viewers, and unused sizes and frame rates of a watched one, are decoded on, ms. */
  readonly lingerMs: number;
}

export type PlanLimits = Pick<PlanOptions, 'share' | 'keyFrames'>;

export interface NextPlan {
  readonly plan: DecodePlan;
  /** When the plan changes although nobody asks for anything else: monotonic, ms; `Infinity` for never. */
  readonly againAt: number;
}

/** Whether a viewer wants frames of the camera. */
type Audience =
  | { readonly state: 'watched'; readonly plan: DecodePlan }
  /** The last viewer left less than the linger ago: the decoder goes on as it was, so that a pause costs nothing. */
  | { readonly state: 'left'; readonly plan: DecodePlan; readonly economyAt: number }
  | { readonly state: 'economy' };

/** What a camera decodes and encodes from one moment to the next: its viewers' wants, and what lingers of earlier ones. Pure. */
export class CameraPlan {
  #audience: Audience = { state: 'economy' };
  readonly #linger: PlanLinger;

  constructor(private readonly options: CameraPlanOptions) {
    this.#linger = new PlanLinger(options.standby, options.lingerMs);
  }

  /**
   * @param wants of the viewers who want frames now
   * @param limits what the machine's load takes from the camera, and what its key frames are good for
   * @param now monotonic, ms
   */
  next(wants: readonly Want[], limits: PlanLimits, now: number): NextPlan {
    const plan = decodePlan(wants, { ...this.options, ...limits });
    if (wants.length > 0) {
      const extended = this.#linger.extend(plan, now, limits.share <= LEAST_SHARE);
      this.#audience = { state: 'watched', plan: extended };
      return { plan: extended, againAt: this.#linger.endsAt };
    }
    if (this.#audience.state === 'watched')
      this.#audience = { ...this.#audience, state: 'left', economyAt: now + this.options.lingerMs };
    if (this.#audience.state === 'left' && now < this.#audience.economyAt)
      return { plan: withoutDemands(this.#audience.plan), againAt: this.#audience.economyAt };
    this.#audience = { state: 'economy' };
    return { plan: this.#linger.extend(plan, now, true), againAt: this.#linger.endsAt };
  }
}

/** The same decoder, and nothing encoded or passed on. */
const withoutDemands = (plan: DecodePlan): DecodePlan => ({
  ...plan,
  video: false,
  outputs: plan.outputs.map((output) => ({ ...output, demands: [] })),
});
