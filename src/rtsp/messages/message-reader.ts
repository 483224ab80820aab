import {
  bodyLength,
  isRequestLine,
  MAX_REQUEST_LINE,
  parseHead,
  RtspSyntaxError,
  type MessageHead,
  type RtspMessage,
} from './message-syntax.js';

/** What the reader finds in the byte stream, in its order. */
export interface ReaderEvents {
  message(message: RtspMessage): void;
  /**
   * An interleaved packet (RFC 2326, 10.12).
   * @param packet a view of the reader's memory, valid during the call only
   */
  packet(channel: number, packet: Buffer): void;
}

/** Longest start line and headers together, bytes. */
export const MAX_HEAD_BYTES = 32 * 1024;
/** Bytes that may be skipped in search of the next message or packet, before the connection is given up. */
export const MAX_JUNK_BYTES = 64 * 1024;

/** Room for a whole message (32 + 64 KiB) or packet (64 KiB), and behind it for what the next read brings. */
const CAPACITY = 128 * 1024;
/** What of the memory's end is kept free for the next read. */
const MIN_ROOM = 16 * 1024;
const INTERLEAVED_HEADER = 4;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;

const RESPONSE_START = 'RTSP/';
const REQUEST_START = /^[A-Z_]{3,20}[ \t]/;
/** Enough to tell any request: a method of at most 20 letters and the blank behind it. */
const START_BYTES = 21;

/**
 * Reads RTSP messages and interleaved packets out of a byte stream, however it is cut: the same bytes give the same events.
 * Pure, with one block of memory into which the socket reads: nothing is copied or allocated for a packet but its view.
 *
 * Servers with faulty interleaving leave bytes between packets. Once the stream has shown itself to be RTSP, such bytes are
 * skipped up to the next message or plausible packet, within MAX_JUNK_BYTES.
 */
export class RtspReader {
  readonly #events: ReaderEvents;
  readonly #memory = Buffer.allocUnsafeSlow(CAPACITY);
  /** What is not yet read lies from `#start` to `#end`. */
  #start = 0;
  #end = 0;
  /** How far behind `#start` the end of a head was looked for. */
  #scanned = 0;
  /** A message whose body is not whole yet, and that body's length. */
  #incomplete: { readonly head: MessageHead; readonly length: number } | null = null;
  #state: 'first' | 'in step' | 'searching' | 'closed' = 'first';
  #junkNow = 0;
  #junk = 0;

  constructor(events: ReaderEvents) {
    this.#events = events;
  }

  /** Bytes that were skipped because they were neither message nor packet. */
  get junkBytes(): number {
    return this.#junk;
  }

  /** Free memory, at least 16 KiB: read into its beginning, then call `received`. */
  room(): Buffer {
    if (CAPACITY - this.#end < MIN_ROOM) {
      this.#memory.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#memory.subarray(this.#end);
  }

  /**
   * Takes the bytes that now lie at the beginning of `room()`.
   * @throws RtspSyntaxError when the stream is not RTSP or breaks a bound; the connection is of no use then
   */
  received(length: number): void {
    this.#end += length;
    while (this.#state !== 'closed' && this.#start < this.#end && this.#readOne());
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  /** The same for bytes that lie elsewhere. @throws RtspSyntaxError */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && this.#state !== 'closed';) {
      const room = this.room();
      const part = chunk.subarray(at, at + room.length);
      room.set(part);
      at += part.length;
      this.received(part.length);
    }
  }

  /** No event comes after this, also not from bytes that are already here. */
  close(): void {
    this.#state = 'closed';
  }

  /** @returns false when more bytes are needed */
  #readOne(): boolean {
    if (this.#incomplete) return this.#readBody(this.#incomplete.head, this.#incomplete.length);
    if (this.#state === 'searching') return this.#search();
    const first = this.#memory[this.#start] ?? 0;
    if (first === DOLLAR) return this.#readPacket();
    // Blank lines between messages (RFC 2616, 4.1).
    if (first === CR || first === LF) {
      this.#start++;
      return true;
    }
    return this.#readHead();
  }

  #readPacket(): boolean {
    const available = this.#end - this.#start;
    if (available < INTERLEAVED_HEADER) return false;
    const length = this.#memory.readUInt16BE(this.#start + 2);
    if (available < INTERLEAVED_HEADER + length) return false;
    const channel = this.#memory[this.#start + 1] ?? 0;
    const begin = this.#start + INTERLEAVED_HEADER;
    this.#take(INTERLEAVED_HEADER + length);
    this.#events.packet(channel, this.#memory.subarray(begin, begin + length));
    return true;
  }

  #readHead(): boolean {
    const start = this.#judgeStart();
    if (start === 'unknown') return false;
    if (start === 'other') return this.#loseStep();
    const end = this.#headEnd();
    if (end === null) {
      if (this.#end - this.#start > MAX_HEAD_BYTES)
        throw new RtspSyntaxError(`a message's header is longer than ${MAX_HEAD_BYTES} bytes`);
      return false;
    }
    const head = parseHead(this.#text(this.#start, end.text - this.#start));
    const length = bodyLength(head);
    this.#take(end.next - this.#start);
    return this.#readBody(head, length);
  }

  /** `unknown`: there are too few bytes to tell. */
  #judgeStart(): 'message' | 'other' | 'unknown' {
    const text = this.#text(this.#start, START_BYTES);
    if (text.startsWith(RESPONSE_START)) return 'message';
    if (RESPONSE_START.startsWith(text)) return 'unknown';
    if (!REQUEST_START.test(text))
      return /^[A-Z_]*$/.test(text) && text.length < START_BYTES ? 'unknown' : 'other';
    // A request's first line is read at once: random bytes may well begin like a method.
    const line = this.#text(this.#start, MAX_REQUEST_LINE);
    const lf = line.indexOf('\n');
    if (lf < 0) return line.length < MAX_REQUEST_LINE ? 'unknown' : 'other';
    return isRequestLine(line.slice(0, lf)) ? 'message' : 'other';
  }

  #readBody(head: MessageHead, length: number): boolean {
    if (this.#end - this.#start < length) {
      this.#incomplete = { head, length };
      return false;
    }
    const body = this.#memory.toString('utf8', this.#start, this.#start + length);
    this.#incomplete = null;
    this.#take(length);
    this.#events.message({ ...head, body });
    return true;
  }

  /** Where the head's text ends, and where what follows it begins; null: not here yet. */
  #headEnd(): { readonly text: number; readonly next: number } | null {
    for (;;) {
      const lf = this.#memory.subarray(0, this.#end).indexOf(LF, this.#start + this.#scanned);
      if (lf < 0 || lf - this.#start > MAX_HEAD_BYTES) return null;
      const after = this.#memory[lf + 1];
      const blank = after === CR ? lf + 2 : lf + 1;
      if (blank >= this.#end) return null;
      if (this.#memory[blank] === LF) return { text: lf, next: blank + 1 };
      this.#scanned = lf + 1 - this.#start;
    }
  }

  #loseStep(): true {
    if (this.#state === 'first') throw new RtspSyntaxError('the answer is not RTSP: is this the right port?');
    this.#state = 'searching';
    this.#skip(1);
    return true;
  }

  /** Skips to the next thing that looks like a packet with RTP or RTCP in it, or like an answer. */
  #search(): boolean {
    for (let at = this.#start; at < this.#end; at++) {
      const found = this.#plausible(at);
      if (found === 'no') continue;
      this.#skip(at - this.#start);
      if (found === 'perhaps') return false;
      this.#state = 'in step';
      return true;
    }
    this.#skip(this.#end - this.#start);
    return false;
  }

  #plausible(at: number): 'yes' | 'no' | 'perhaps' {
    const available = this.#end - at;
    if (this.#memory[at] === DOLLAR) {
      // Header, then version 2 in the two upper bits of RTP and RTCP (RFC 3550, 5.1 and 6.4).
      if (available < INTERLEAVED_HEADER + 1) return 'perhaps';
      const isVersion2 = (this.#memory[at + INTERLEAVED_HEADER] ?? 0) >> 6 === 2;
      return isVersion2 && this.#memory.readUInt16BE(at + 2) >= 8 ? 'yes' : 'no';
    }
    if (this.#memory[at] !== RESPONSE_START.charCodeAt(0)) return 'no';
    const text = this.#text(at, RESPONSE_START.length);
    if (text === RESPONSE_START) return 'yes';
    return RESPONSE_START.startsWith(text) ? 'perhaps' : 'no';
  }

  #text(from: number, length: number): string {
    return this.#memory.toString('latin1', from, Math.min(from + length, this.#end));
  }

  /** Moves behind what was read well. */
  #take(length: number): void {
    this.#start += length;
    this.#scanned = 0;
    this.#junkNow = 0;
    this.#state = 'in step';
  }

  #skip(length: number): void {
    this.#start += length;
    this.#scanned = 0;
    this.#junk += length;
    this.#junkNow += length;
    if (this.#junkNow > MAX_JUNK_BYTES)
      throw new RtspSyntaxError(`more than ${MAX_JUNK_BYTES} bytes are neither RTSP nor RTP`);
  }
}
