import type { Degradation } from '../../decoding/decode-plan.js';
import { type KnownStream, SILENT_AFTER_MS } from '../nodes/directory.js';

/** What an edge knows of a stream's owner: whose frames it may show, and whether the owner still lives. */
export class OwnerView {
  /** Frames of an older lease are not shown. */
  epoch = 0;
  degradation: Degradation = 0;
  #heardAt = 0;

  /** @param now time in which this node could hear the owner, ms (`AwakeClock`) */
  constructor(private readonly now: () => number) {}

  /** The owner gave a sign of life. */
  heard(): void {
    this.#heardAt = this.now();
  }

  get isSilent(): boolean {
    return this.now() - this.#heardAt > SILENT_AFTER_MS;
  }

  /** @returns whether a frame of this epoch may be shown */
  takesFrame(epoch: number): boolean {
    if (epoch < this.epoch) return false;
    this.epoch = epoch;
    this.heard();
    return true;
  }

  /**
   * A node told that it owns the stream.
   * @param owner who is known to own it
   * @returns `old` for what an earlier owner still tells
   */
  takesState({ node, epoch }: KnownStream, owner: string): 'old' | 'same' | 'moved' {
    // An owner that took its lease anew, from servers that lost their memory, may have a lower epoch than before.
    if (epoch < this.epoch && node !== owner) return 'old';
    if (epoch < this.epoch) this.epoch = epoch;
    this.heard();
    return node === owner ? 'same' : 'moved';
  }
}
