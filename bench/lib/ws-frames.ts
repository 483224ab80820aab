/** RFC 6455 frames as a client reads them: chunks in, events out, no I/O and no copy of message payload. */

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** Control frames carry at most this (RFC 6455, 5.5). */
const MAX_CONTROL_BYTES = 125;
/** Far above any JPEG of a camera: a greater length means that the stream is out of step. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024;

/** What the parser saw. Spans point into the chunk that was pushed and are valid only during the call. */
export interface FrameSink {
  onMessageStart(binary: boolean): void;
  onMessageData(chunk: Uint8Array, start: number, end: number): void;
  onMessageEnd(): void;
  /** `payload` is a copy that the sink may keep. */
  onControl(opcode: typeof CLOSE | typeof PING | typeof PONG, payload: Buffer): void;
}

/** The bytes are not WebSocket frames that a server may send. The connection is of no further use. */
export class WsFrameError extends Error {
  override readonly name = 'WsFrameError';
}

export class WsFrameParser {
  readonly #sink: FrameSink;
  readonly #header = Buffer.alloc(10);
  #headerLength = 0;
  #headerNeeded = 2;
  #opcode = 0;
  #fin = false;
  #payloadLeft = 0;
  #inMessage = false;
  readonly #control = Buffer.alloc(MAX_CONTROL_BYTES);
  #controlLength = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Takes the first `length` bytes of `chunk`, cut anywhere. Throws {@link WsFrameError}. */
  push(chunk: Uint8Array, length = chunk.length): void {
    let at = 0;
    while (at < length) {
      if (this.#payloadLeft > 0) {
        const end = Math.min(length, at + this.#payloadLeft);
        this.#takePayload(chunk, at, end);
        at = end;
      } else {
        this.#header[this.#headerLength] = chunk[at] ?? 0;
        this.#headerLength += 1;
        at += 1;
        if (this.#headerLength === this.#headerNeeded) this.#takeHeader();
      }
    }
  }

  #takeHeader(): void {
    const short = this.#header.readUInt8(1) & 0x7f;
    if (this.#headerLength === 2) {
      if ((this.#header.readUInt8(1) & 0x80) !== 0) throw new WsFrameError('a server may not mask frames');
      if (short >= 126) {
        this.#headerNeeded = short === 126 ? 4 : 10;
        return;
      }
    }
    const length =
      short < 126
        ? short
        : short === 126
          ? this.#header.readUInt16BE(2)
          : this.#header.readUInt32BE(2) * 2 ** 32 + this.#header.readUInt32BE(6);
    this.#headerLength = 0;
    this.#headerNeeded = 2;
    this.#beginFrame(this.#header.readUInt8(0), length);
  }

  #beginFrame(first: number, length: number): void {
    if ((first & 0x70) !== 0) throw new WsFrameError('reserved bits are set');
    if (length > MAX_FRAME_BYTES) throw new WsFrameError(`frame of ${length} bytes`);
    this.#fin = (first & 0x80) !== 0;
    this.#opcode = first & 0x0f;
    if (this.#opcode >= CLOSE) {
      if (this.#opcode > PONG) throw new WsFrameError(`unknown opcode ${this.#opcode}`);
      if (!this.#fin || length > MAX_CONTROL_BYTES) throw new WsFrameError('bad control frame');
      this.#controlLength = 0;
    } else if (this.#opcode === CONTINUATION) {
      if (!this.#inMessage) throw new WsFrameError('continuation without a message');
    } else {
      if (this.#opcode > BINARY) throw new WsFrameError(`unknown opcode ${this.#opcode}`);
      if (this.#inMessage) throw new WsFrameError('new message inside a fragmented one');
      this.#inMessage = true;
      this.#sink.onMessageStart(this.#opcode !== TEXT);
    }
    this.#payloadLeft = length;
    if (length === 0) this.#endFrame();
  }

  #takePayload(chunk: Uint8Array, start: number, end: number): void {
    if (this.#opcode >= CLOSE) {
      this.#control.set(chunk.subarray(start, end), this.#controlLength);
      this.#controlLength += end - start;
    } else {
      this.#sink.onMessageData(chunk, start, end);
    }
    this.#payloadLeft -= end - start;
    if (this.#payloadLeft === 0) this.#endFrame();
  }

  #endFrame(): void {
    const opcode = this.#opcode;
    if (opcode === CLOSE || opcode === PING || opcode === PONG) {
      this.#sink.onControl(opcode, Buffer.from(this.#control.subarray(0, this.#controlLength)));
    } else if (this.#fin) {
      this.#inMessage = false;
      this.#sink.onMessageEnd();
    }
  }
}

/**
 * A control frame as a client must send it: masked. The mask is zero, so the payload stands as it is:
 * masks protect proxies from hostile pages, and a load generator is neither; the server cannot tell.
 * `payload`: at most 125 bytes.
 */
export function maskedControl(opcode: typeof CLOSE | typeof PING | typeof PONG, payload: Uint8Array): Buffer {
  if (payload.length > MAX_CONTROL_BYTES) throw new RangeError('a control frame holds 125 bytes');
  const frame = Buffer.alloc(6 + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | payload.length;
  frame.set(payload, 6);
  return frame;
}
