import type { CLOSE, FrameSink, PING, PONG } from './ws-frames.js';

/** `count`: messages are counted and their ends checked, nothing is copied. `keep`: each is handed over whole. */
export type ReadMode = 'count' | 'keep';

export interface MessageHandlers {
  /** A binary message ended. `whole`: begins with FFD8 and ends with FFD9. `jpeg` is there only in `keep` mode. */
  onBinary(bytes: number, whole: boolean, jpeg: Buffer | undefined): void;
  onText(text: string): void;
  onControl(opcode: typeof CLOSE | typeof PING | typeof PONG, payload: Buffer): void;
}

const START_OF_IMAGE = 0xffd8;
const END_OF_IMAGE = 0xffd9;

/** Joins frame events to messages. */
export class MessageReader implements FrameSink {
  readonly #keep: boolean;
  readonly #handlers: MessageHandlers;
  #binary = true;
  #bytes = 0;
  #start = 0;
  /** The last two bytes so far, whatever chunks they came in. */
  #tail = 0;
  #parts: Buffer[] = [];

  constructor(mode: ReadMode, handlers: MessageHandlers) {
    this.#keep = mode === 'keep';
    this.#handlers = handlers;
  }

  onMessageStart(binary: boolean): void {
    this.#binary = binary;
    this.#bytes = 0;
    this.#start = 0;
    this.#tail = 0;
  }

  onMessageData(chunk: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end && this.#bytes + at - start < 2; at += 1) {
      this.#start = (this.#start << 8) | (chunk[at] ?? 0);
    }
    for (let at = Math.max(start, end - 2); at < end; at += 1) {
      this.#tail = ((this.#tail << 8) | (chunk[at] ?? 0)) & 0xffff;
    }
    this.#bytes += end - start;
    if (this.#keep || !this.#binary) this.#parts.push(Buffer.from(chunk.subarray(start, end)));
  }

  onMessageEnd(): void {
    if (!this.#binary) {
      this.#handlers.onText(this.#takeKept().toString('utf8'));
      return;
    }
    const whole = this.#bytes >= 4 && this.#start === START_OF_IMAGE && this.#tail === END_OF_IMAGE;
    this.#handlers.onBinary(this.#bytes, whole, this.#keep ? this.#takeKept() : undefined);
  }

  #takeKept(): Buffer {
    const parts = this.#parts;
    this.#parts = [];
    const [only] = parts;
    return only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
  }

  onControl(opcode: typeof CLOSE | typeof PING | typeof PONG, payload: Buffer): void {
    this.#handlers.onControl(opcode, payload);
  }
}
