import { laterOf } from '../../page/video/sequence-order.js';
import { type ClientMessage, type FrameHeader, MAX_ACKS } from '../../protocol.js';

/** Acknowledgements are batched for this long: one message for each display frame instead of one for each frame drawn. */
const ACK_MS = 15;

export class AckBatch {
  readonly #acks = new Map<number, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly send: (message: ClientMessage) => void) {}

  /** Settles this frame and all before it of its handle. */
  add({ handle, sequence }: Pick<FrameHeader, 'handle' | 'sequence'>): void {
    this.#acks.set(handle, laterOf(sequence, this.#acks.get(handle) ?? sequence));
    this.#timer ??= setTimeout(() => this.#flush(), ACK_MS);
  }

  /** The connection is lost, and its handles with it. */
  clear(): void {
    this.#acks.clear();
  }

  #flush(): void {
    this.#timer = undefined;
    const frames = [...this.#acks];
    this.#acks.clear();
    for (let at = 0; at < frames.length; at += MAX_ACKS)
      this.send({ type: 'ack', frames: frames.slice(at, at + MAX_ACKS) });
  }
}
