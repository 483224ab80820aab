import {
  decodePlan,
  type Degradation,
  KEY_FRAMES_ONLY,
  type PlanOptions,
  type Want,
} from '../decoding/decode-plan.js';
import { PlanLinger } from '../decoding/plan-linger.js';
import type { DecodePlan } from '../shared/worker-protocol.js';

/** A camera that nobody watches for this long is decoded in key frames only, ms. */
export const ECONOMY_AFTER_MS = 2000;

export interface CameraPlanOptions extends Omit<PlanOptions, 'degradation'> {
  /** How long sizes and frame rates that nobody wants any more are decoded on, ms. */
  readonly lingerMs: number;
}

export interface NextPlan {
  readonly plan: DecodePlan;
  /** When the plan changes although nobody asks for anything else: monotonic, ms; `Infinity` for never. */
  readonly againAt: number;
}

/** Whether a viewer wants frames of the camera. */
type Audience =
  | { readonly state: 'watched'; readonly plan: DecodePlan }
  /** The last viewer left a moment ago: the decoder goes on as it was, because a page reload must not cost a reconnect. */
  | { readonly state: 'left'; readonly plan: DecodePlan; readonly economyAt: number }
  | { readonly state: 'economy' };

/** What a camera decodes and encodes from one moment to the next: its viewers' wants, and what lingers of earlier ones. Pure. */
export class CameraPlan {
  #audience: Audience = { state: 'economy' };
  readonly #linger: PlanLinger;

  constructor(private readonly options: CameraPlanOptions) {
    this.#linger = new PlanLinger(options.lingerMs);
  }

  /**
   * @param wants of the viewers who want frames now
   * @param degradation what the machine's load takes from the camera
   * @param now monotonic, ms
   */
  next(wants: readonly Want[], degradation: Degradation, now: number): NextPlan {
    const plan = decodePlan(wants, { ...this.options, degradation });
    if (wants.length > 0) {
      const extended = this.#linger.extend(plan, now, degradation === KEY_FRAMES_ONLY);
      this.#audience = { state: 'watched', plan: extended };
      return { plan: extended, againAt: this.#linger.endsAt };
    }
    if (this.#audience.state === 'watched')
      this.#audience = { ...this.#audience, state: 'left', economyAt: now + ECONOMY_AFTER_MS };
    if (this.#audience.state === 'left' && now < this.#audience.economyAt)
      return { plan: withoutDemands(this.#audience.plan), againAt: this.#audience.economyAt };
    this.#audience = { state: 'economy' };
    return { plan: this.#linger.extend(plan, now, true), againAt: this.#linger.endsAt };
  }
}

/** The same decoder, and nothing encoded. */
const withoutDemands = ({ outputs, keyFramesOnly }: DecodePlan): DecodePlan => ({
  outputs: outputs.map((output) => ({ ...output, demands: [] })),
  keyFramesOnly,
});
