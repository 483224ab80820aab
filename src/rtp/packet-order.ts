import { copyOf, sequenceDelta } from './rtp-packet.js';

/** How long a UDP packet waits for those before it: until `packets` wait, or the first has waited `ms`. */
export interface ReorderWindow {
  /** 1 to 512. */
  readonly packets: number;
  readonly ms: number;
}

/** What networks reorder is some packets within a millisecond or two; a lost packet delays its successors by `ms`. */
export const UDP_REORDER_WINDOW: ReorderWindow = { packets: 64, ms: 20 };

/** A jump ahead of more than that is a restart, not a loss (RFC 3550, A.1: MAX_DROPOUT). */
const MAX_DROPOUT = 3000;
/** So far back a packet is late; farther, the numbers began anew (RFC 3550, A.1: MAX_MISORDER). */
const MAX_MISORDER = 100;
/** So many late packets in a row, each one number after the other, are a restart a little way back. */
const LATE_IN_A_ROW = { tcp: 2, udp: 8 } as const;
/** Numbers that are remembered to tell duplicates from late packets; a power of two above MAX_MISORDER. */
const HISTORY = 128;

/** Takes packets in order. `lost`: numbers that are missing right before it; -1 where the numbers began anew. */
export type InOrder = (data: Uint8Array, arrivedAt: number, lost: number) => void;

export interface OrderCounts {
  lost: number;
  reordered: number;
  duplicates: number;
  restarts: number;
}

interface Held {
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly arrivedAt: number;
}

/**
 * Puts the packets of one source in the order of their sequence numbers. Over TCP nothing waits; over UDP a packet that
 * is ahead waits a little (as a copy, since its memory is used again).
 */
export class PacketOrder {
  #expected = -1;
  readonly #held = new Map<number, Held>();
  readonly #history = new Int32Array(HISTORY).fill(-1);
  #lastLate = -1;
  #lateInARow = 0;
  /** Two in a row that are far off are a restart, one may be a stray (RFC 3550, A.1). */
  #farOff = -1;

  constructor(
    private readonly window: ReorderWindow | null,
    private readonly counts: OrderCounts,
    private readonly deliver: InOrder,
  ) {}

  /** Begins anew with the next packet, whatever its number. */
  reset(): void {
    this.#expected = -1;
    this.#held.clear();
    this.#history.fill(-1);
    this.#lateInARow = 0;
    this.#farOff = -1;
  }

  push(sequence: number, data: Uint8Array, arrivedAt: number): void {
    if (this.#expected < 0) {
      this.#pass(sequence, data, arrivedAt, 0);
      return;
    }
    const ahead = sequenceDelta(this.#expected, sequence);
    if (ahead === 0) {
      if (this.#held.size > 0) this.counts.reordered += 1;
      this.#pass(sequence, data, arrivedAt, 0);
      if (this.#held.size > 0) this.#drain();
    } else if (ahead > MAX_DROPOUT || ahead < -MAX_MISORDER) {
      this.#jump(sequence, data, arrivedAt);
    } else if (ahead < 0) {
      this.#late(sequence, data, arrivedAt);
    } else if (this.window === null) {
      this.counts.lost += ahead;
      this.#pass(sequence, data, arrivedAt, ahead);
    } else {
      this.#hold(sequence, data, arrivedAt, this.window);
    }
  }

  /** Whether packets wait for others. */
  get waiting(): boolean {
    return this.#held.size > 0;
  }

  /** When the first that waits has waited long enough; Infinity if none does. */
  get deadline(): number {
    if (this.window === null || this.#held.size === 0) return Infinity;
    let first = Infinity;
    for (const { arrivedAt } of this.#held.values()) first = Math.min(first, arrivedAt);
    return first + this.window.ms;
  }

  tick(now: number): void {
    while (this.#held.size > 0 && this.deadline <= now) this.#giveUp();
  }

  #pass(sequence: number, data: Uint8Array, arrivedAt: number, lost: number): void {
    this.#expected = (sequence + 1) & 0xffff;
    this.#history[sequence % HISTORY] = sequence;
    this.#lateInARow = 0;
    this.#farOff = -1;
    this.deliver(data, arrivedAt, lost);
  }

  #hold(sequence: number, data: Uint8Array, arrivedAt: number, window: ReorderWindow): void {
    if (this.#held.has(sequence)) {
      this.counts.duplicates += 1;
      return;
    }
    this.#held.set(sequence, { sequence, data: copyOf(data), arrivedAt });
    while (this.#held.size > window.packets) this.#giveUp();
    this.tick(arrivedAt);
  }

  /** Hands over all held packets that are next by now. */
  #drain(): void {
    for (let next = this.#held.get(this.#expected); next; next = this.#held.get(this.#expected)) {
      this.#held.delete(next.sequence);
      this.#pass(next.sequence, next.data, next.arrivedAt, 0);
    }
  }

  /** What is missing before the first held packet is lost. */
  #giveUp(): void {
    let lost = 0x10000;
    let next: Held | null = null;
    for (const held of this.#held.values()) {
      const ahead = sequenceDelta(this.#expected, held.sequence) & 0xffff;
      if (ahead < lost) [lost, next] = [ahead, held];
    }
    if (next === null) return;
    this.#held.delete(next.sequence);
    this.counts.lost += lost;
    this.#pass(next.sequence, next.data, next.arrivedAt, lost);
    this.#drain();
  }

  #late(sequence: number, data: Uint8Array, arrivedAt: number): void {
    if (this.#history[sequence % HISTORY] === sequence) this.counts.duplicates += 1;
    this.#lateInARow = sequence === ((this.#lastLate + 1) & 0xffff) ? this.#lateInARow + 1 : 1;
    this.#lastLate = sequence;
    if (this.#lateInARow >= LATE_IN_A_ROW[this.window === null ? 'tcp' : 'udp']) {
      this.#restart(sequence, data, arrivedAt);
    }
  }

  #jump(sequence: number, data: Uint8Array, arrivedAt: number): void {
    // Nobody but the camera writes to a TCP connection.
    if (this.window === null || sequence === this.#farOff) this.#restart(sequence, data, arrivedAt);
    else this.#farOff = (sequence + 1) & 0xffff;
  }

  #restart(sequence: number, data: Uint8Array, arrivedAt: number): void {
    while (this.#held.size > 0) this.#giveUp();
    this.reset();
    this.counts.restarts += 1;
    this.#pass(sequence, data, arrivedAt, -1);
  }
}
