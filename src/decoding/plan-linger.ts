import { bySize } from './decode-plan.js';
import type { DecodeOutput, DecodePlan } from '../shared/worker-protocol.js';
import { sizeKey } from '../shared/rendition.js';

/**
 * Keeps decoding unused sizes, and the frames between key frames, for the linger time, without encoding them. Another set of sizes
 * is another FFmpeg, and another session at the camera: viewers who toggle between sizes do not reopen the camera each time. Pure.
 */
export class PlanLinger {
  /** Sizes in the present plan, and until when they stay in it; `Infinity` while a viewer wants them. */
  readonly #sizes = new Map<string, { readonly output: DecodeOutput; readonly until: number }>();
  /** The same for the frames between key frames. */
  #allFramesUntil = -Infinity;

  /**
   * @param standby size of the camera's default rendition
   * @param lingerMs how long an unused size is kept; 0 drops it at once
   */
  constructor(
    private readonly standby: { readonly width: number; readonly height: number },
    private readonly lingerMs: number,
  ) {}

  /** When the next unused size is dropped; `Infinity` when none is kept. */
  get endsAt(): number {
    const ends = [...this.#sizes.values()].map(({ until }) => until);
    return Math.min(...ends, this.#allFramesUntil > -Infinity ? this.#allFramesUntil : Infinity);
  }

  /**
   * The plan with what lingers of earlier plans.
   * @param now monotonic, ms
   * @param saveAtOnce when the plan says key frames only, the other frames do not linger
   */
  extend(plan: DecodePlan, now: number, saveAtOnce: boolean): DecodePlan {
    const end = now + this.lingerMs;
    if (plan.pictures === 'all') this.#allFramesUntil = Infinity;
    else this.#allFramesUntil = Math.min(this.#allFramesUntil, end);
    if (plan.pictures !== 'all' && (saveAtOnce || this.#allFramesUntil <= now)) {
      // This takes another decoder whatever the sizes are.
      this.#allFramesUntil = -Infinity;
      this.#sizes.clear();
      return plan;
    }
    const wanted = new Set<string>(plan.outputs.map(sizeKey));
    for (const [key, { output, until }] of this.#sizes) {
      if (Math.min(until, end) > now) this.#sizes.set(key, { output, until: Math.min(until, end) });
      else this.#sizes.delete(key);
    }
    const lingering = [...this.#sizes].filter(([key]) => !wanted.has(key)).map(([, { output }]) => output);
    for (const { width, height } of plan.outputs)
      this.#sizes.set(sizeKey({ width, height }), {
        output: { width, height, demands: [] },
        until: Infinity,
      });
    return {
      outputs: [...plan.outputs, ...lingering].sort(bySize(this.standby)),
      pictures: 'all',
      video: plan.video,
    };
  }
}
