import { bySize } from './decode-plan.js';
import type { DecodeOutput, DecodePlan } from '../shared/worker-protocol.js';
import { sizeKey } from '../shared/rendition.js';

/**
 * What nobody wants any more is decoded on for a while, and encoded for nobody: sizes, and the frames between key frames. Another
 * set of sizes is another FFmpeg, and another session at the camera. Viewers who flip to and fro thus cost it one session for each
 * thing that they want, not one for each flip. Pure.
 */
export class PlanLinger {
  /** Sizes that were decoded at last, and until when they are; `Infinity` while somebody wants them. */
  readonly #sizes = new Map<string, { readonly output: DecodeOutput; readonly until: number }>();
  /** The same for the frames between key frames. */
  #allFramesUntil = -Infinity;

  /** @param lingerMs how long something is kept that nobody wants; 0 gives it up at once */
  constructor(private readonly lingerMs: number) {}

  /** When something is given up next; `Infinity` when nothing waits for that. */
  get endsAt(): number {
    const ends = [...this.#sizes.values()].map(({ until }) => until);
    return Math.min(...ends, this.#allFramesUntil > -Infinity ? this.#allFramesUntil : Infinity);
  }

  /**
   * The plan, and what is still kept of the plans before it.
   * @param now monotonic, ms
   * @param saveAtOnce when the plan says key frames only, the other frames do not linger
   */
  extend(plan: DecodePlan, now: number, saveAtOnce: boolean): DecodePlan {
    const end = now + this.lingerMs;
    if (!plan.keyFramesOnly) this.#allFramesUntil = Infinity;
    else this.#allFramesUntil = Math.min(this.#allFramesUntil, end);
    if (plan.keyFramesOnly && (saveAtOnce || this.#allFramesUntil <= now)) {
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
    return { outputs: [...plan.outputs, ...lingering].sort(bySize), keyFramesOnly: false };
  }
}
