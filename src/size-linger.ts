import { bySize } from './decode-plan.js';
import type { DecodeOutput, DecodePlan } from './protocol.js';
import { sizeKey } from './rendition.js';

/**
 * Sizes that nobody wants any more are decoded on for a while, and encoded for nobody: another set of sizes is another FFmpeg, and
 * another session at the camera. Viewers who flip between sizes thus cost it one session for each size, not one for each flip. Pure.
 */
export class SizeLinger {
  /** What was decoded at last, and until when it is; `Infinity` while somebody wants it. */
  readonly #kept = new Map<string, { readonly output: DecodeOutput; readonly until: number }>();

  /** @param lingerMs how long a size is kept that nobody wants; 0 gives it up at once */
  constructor(private readonly lingerMs: number) {}

  /** When the next size is given up; `Infinity` when none waits for that. */
  get endsAt(): number {
    return Math.min(...[...this.#kept.values()].map(({ until }) => until));
  }

  /**
   * The plan, and the sizes of the plans before it that are still kept.
   * @param now monotonic, ms
   */
  extend(plan: DecodePlan, now: number): DecodePlan {
    // Going to key frames takes another decoder whatever the sizes are.
    if (plan.keyFramesOnly) {
      this.#kept.clear();
      return plan;
    }
    const wanted = new Set<string>(plan.outputs.map(sizeKey));
    for (const [key, { output, until }] of this.#kept) {
      const end = Math.min(until, now + this.lingerMs);
      if (end > now) this.#kept.set(key, { output, until: end });
      else this.#kept.delete(key);
    }
    const lingering = [...this.#kept].filter(([key]) => !wanted.has(key)).map(([, { output }]) => output);
    for (const { width, height } of plan.outputs)
      this.#kept.set(sizeKey({ width, height }), { output: { width, height, demands: [] }, until: Infinity });
    return { ...plan, outputs: [...plan.outputs, ...lingering].sort(bySize) };
  }
}
