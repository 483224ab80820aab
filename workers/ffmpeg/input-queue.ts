import type { AccessUnit } from '../../src/video/access-unit.js';

/** An access unit with its time of display in ticks: what it is known by on its way through FFmpeg. */
export interface TimedUnit {
  readonly unit: AccessUnit;
  readonly ticks: number;
}

/** What a decoder is given. */
export interface DecoderUnit extends TimedUnit {
  /** The picture is needed by others, but not right itself: not to be shown. */
  readonly isHidden: boolean;
}

interface Waiting extends DecoderUnit {
  /** Monotonic, ms. */
  readonly since: number;
}

/** What waits longer than this is let go: the picture that it would make is old. */
export const MAX_WAIT_MS = 600;
/** A decoder that has just been started is given a whole group of pictures at once. */
export const MAX_CATCH_UP_MS = 3000;
/** Whatever the time: some seconds of a 4K stream. */
const MAX_BYTES = 32 * 1024 * 1024;
/** The same for tiny ones, each of which takes memory of the thread's heap: the longest group of pictures that is kept. */
const MAX_UNITS = 2000;

/**
 * Access units on their way to one decoder. A decoder that is too slow makes them wait; then the oldest are let go up to the next
 * unit where decoding can begin, so that what it shows is newer, and never torn. Pure: the caller brings the time.
 */
export class InputQueue {
  #waiting: Waiting[] = [];
  #bytes = 0;
  #entry = new Entry(false);
  /** The queue has been empty since the decoder was started. */
  #hasCaughtUp = false;
  #dropped = 0;
  /** Shortest wait of a unit since it was last asked for. */
  #leastMs = Infinity;

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Units that were let go since the decoder was started. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Shortest time that a unit waited since the last call, ms: a queue that was empty once is no standing one. 0 for a decoder that has
   * just been started.
   */
  takeLeastWait(now: number): number {
    const least = Math.min(this.#leastMs, this.#waiting.length === 0 ? Infinity : this.#waitMs(now));
    this.#leastMs = Infinity;
    return this.#hasCaughtUp && least < Infinity ? least : 0;
  }

  /** @param now monotonic, ms */
  push(timed: TimedUnit, now: number): void {
    this.#keep(timed, now);
    const limitMs = this.#hasCaughtUp ? MAX_WAIT_MS : MAX_CATCH_UP_MS;
    const isFull = this.#bytes > MAX_BYTES || this.#waiting.length > MAX_UNITS;
    if (isFull || this.#waitMs(now) > limitMs) this.#cut();
  }

  /** What comes next does not follow what came. */
  interrupt(): void {
    this.#entry = new Entry(true);
  }

  /**
   * The decoder goes on behind units that it was not given, with one that is no key picture: what it has of the time before them may be
   * taken for what is missing.
   */
  get hasGap(): boolean {
    return this.#entry.isBehindGap;
  }

  /** Lets all go that waits: another decoder is given it. */
  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
    this.interrupt();
  }

  /** The next unit for the decoder. */
  shift(now: number): DecoderUnit | null {
    const next = this.#waiting.shift();
    if (!next) return null;
    this.#leastMs = Math.min(this.#leastMs, now - next.since);
    this.#bytes -= next.unit.data.length;
    if (this.#waiting.length === 0) this.#hasCaughtUp = true;
    return next;
  }

  #waitMs(now: number): number {
    const [oldest] = this.#waiting;
    return oldest ? now - oldest.since : 0;
  }

  /** Lets everything go that waits, up to the last unit where decoding can begin; without one, all of it. */
  #cut(): void {
    const waiting = this.#waiting;
    const at = waiting.findLastIndex(({ unit }) => canBegin(unit));
    this.clear();
    const kept = at > 0 ? waiting.slice(at) : [];
    this.#dropped += waiting.length - kept.length;
    for (const { unit, ticks, since } of kept) this.#keep({ unit, ticks }, since);
  }

  #keep(timed: TimedUnit, since: number): void {
    const part = this.#entry.judge(timed.unit);
    if (part === 'useless') {
      this.#dropped++;
      return;
    }
    this.#waiting.push({ ...timed, isHidden: part === 'hidden' || timed.unit.damaged, since });
    this.#bytes += timed.unit.data.length;
  }
}

/** Whether a decoder can begin with this unit. */
const canBegin = (unit: AccessUnit): boolean => unit.randomAccess !== 'none';

/** The begin of decoding at one unit: what of those that follow can be decoded from there, and which are right. */
class Entry {
  #state: 'waiting' | 'leading' | 'begun' = 'waiting';
  #isBehindGap = false;
  /** Pictures until an intra refresh is through. */
  #untilRight = 0;
  /** Media time of the picture with which it was through, ms. B-pictures that come behind it are shown before it. */
  #rightFromMs = -Infinity;

  /** @param followsGap the decoder was given units before, and not those between */
  constructor(private readonly followsGap: boolean) {}

  /** It began, and not with a key picture, which makes a decoder forget what it has. */
  get isBehindGap(): boolean {
    return this.#isBehindGap;
  }

  judge(unit: AccessUnit): 'shown' | 'hidden' | 'useless' {
    if (this.#state === 'waiting') {
      if (!canBegin(unit)) return 'useless';
      this.#state = 'leading';
      this.#isBehindGap = this.followsGap && unit.randomAccess !== 'key';
      this.#untilRight = unit.recoveryFrames;
      return this.#untilRight > 0 ? 'hidden' : 'shown';
    }
    if (this.#state === 'leading') {
      if (unit.leading) return 'useless';
      this.#state = 'begun';
    }
    if (unit.randomAccess === 'key') {
      this.#isBehindGap = false;
      this.#untilRight = 0;
      this.#rightFromMs = -Infinity;
    } else if (this.#untilRight > 0 && !unit.disposable && --this.#untilRight === 0) {
      this.#rightFromMs = unit.mediaTimeMs;
    }
    return this.#untilRight > 0 || unit.mediaTimeMs < this.#rightFromMs ? 'hidden' : 'shown';
  }
}
