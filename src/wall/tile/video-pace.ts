import { VIDEO_CREDIT_MS, VIDEO_CREDIT_UNITS } from '../protocol.js';

/** What the pace needs of an access unit. */
export interface PacedUnit {
  readonly kind: 'key' | 'delta';
  /** Unix epoch, ms. */
  readonly capturedAt: number;
  /** It needs units before the key unit that it follows. */
  readonly isLeading: boolean;
  /** A key unit in front of which units are missing: the tile must see that, for its decoder cannot simply go on. */
  readonly followsGap: boolean;
}

/** A frame that was sent and is not acknowledged yet. */
export interface InFlightFrame {
  readonly sequence: number;
  readonly bytes: number;
  /** Monotonic, ms. */
  readonly sentAt: number;
  /** Of an access unit; `null` for a JPEG. `isBacklog`: it is from before the tile joined, and came with many others. */
  readonly unit: { readonly capturedAt: number; readonly isBacklog: boolean } | null;
}

export interface QueuedUnit<U> {
  readonly unit: U;
  readonly sequence: number;
  readonly isBacklog: boolean;
}

type State =
  /** Nothing has gone yet: the next key unit begins. */
  | { readonly kind: 'awaiting_key' }
  /** What came since the last key unit waits to be sent, all of it. */
  | { readonly kind: 'joining'; readonly since: number }
  /** A key unit was the last one: leading ones behind it need units that the tile was not given. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'flowing'; readonly graceUntil: number }
  /** The tile was too far behind: it gets nothing before a key unit, and that only when it has settled what it had. */
  | { readonly kind: 'skipping'; readonly since: number };

export type Offered =
  /** It waits to be sent. */
  | 'queued'
  /** It is not for this tile: a unit before its first key unit, or one that cannot be decoded from there. */
  | 'left_out'
  /** One more that is skipped. */
  | 'skipped'
  /** The tile is too far behind: this unit and all that waited are skipped. */
  | 'fell_behind'
  /** It has been skipping for too long: what it shows is of the past. */
  | 'stays_behind';

/** After a backlog the browser has much to decode: the credits hold from then on, ms. */
const GRACE_MS = 2000;
/** A backlog that waits for the line so long, or is not acknowledged in that time, is given up, ms. */
const BACKLOG_MS = 2000;
/** Longest time without a picture before JPEG is better, ms. */
const MAX_SKIP_MS = 1000;

/**
 * Which access units one tile is sent. Units cannot be skipped one by one: a tile that is behind by more than its credits gets nothing
 * up to a key unit. Pure.
 */
export class VideoPace<U extends PacedUnit> {
  #state: State = { kind: 'awaiting_key' };
  #queue: QueuedUnit<U>[] = [];

  /**
   * @param inFlight the tile's frames on the way, oldest first; kept up to date by their owner
   * @param nextSequence counts what is offered to the tile
   */
  constructor(
    private readonly inFlight: readonly InFlightFrame[],
    private readonly nextSequence: () => number,
  ) {}

  get state(): State['kind'] {
    return this.#state.kind;
  }

  /** Units that wait to be sent. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** @param backlog the units since the last key unit; empty: the next key unit begins */
  begin(backlog: readonly U[], now: number): void {
    this.#queue = backlog.map((unit) => this.#queued(unit, true));
    this.#state = backlog.length === 0 ? { kind: 'awaiting_key' } : { kind: 'joining', since: now };
  }

  /** The camera's next unit. */
  offer(unit: U, now: number): Offered {
    if (unit.kind === 'key') return this.#offerKey(unit, now);
    switch (this.#state.kind) {
      case 'awaiting_key':
        return 'left_out';
      case 'skipping':
        this.nextSequence();
        return now - this.#state.since > MAX_SKIP_MS ? 'stays_behind' : 'skipped';
      case 'joining':
        if (now - this.#state.since > BACKLOG_MS) return this.#fallBehind(now);
        this.#queue.push(this.#queued(unit, true));
        return 'queued';
      case 'begun':
        if (unit.isLeading) return 'left_out';
        this.#state = { kind: 'flowing', graceUntil: now };
        return this.#append(unit, now);
      case 'flowing':
        return this.#append(unit, now);
    }
  }

  /** The unit to be sent next, as sent; `null` when none waits. */
  take(now: number): QueuedUnit<U> | null {
    const next = this.#queue.shift() ?? null;
    if (next && this.#state.kind === 'joining' && this.#queue.length === 0)
      this.#state = { kind: 'flowing', graceUntil: now + GRACE_MS };
    return next;
  }

  /** Nothing that came so far is of use any more. */
  clear(): void {
    this.#queue = [];
    this.#state = { kind: 'awaiting_key' };
  }

  #offerKey(unit: U, now: number): Offered {
    const { kind } = this.#state;
    if (kind === 'skipping' && this.#isBehind(unit, now)) {
      this.nextSequence();
      return now - this.#state.since > MAX_SKIP_MS ? 'stays_behind' : 'skipped';
    }
    if (kind === 'flowing' || kind === 'begun') {
      // A number that no unit has: the tile sees a gap.
      if (unit.followsGap) this.nextSequence();
      this.#state = { kind: 'flowing', graceUntil: kind === 'flowing' ? this.#state.graceUntil : now };
      return this.#append(unit, now);
    }
    // Of a backlog that has not gone yet nothing is needed any more.
    this.#queue = [this.#queued(unit, false)];
    this.#state = { kind: 'begun' };
    return 'queued';
  }

  #append(unit: U, now: number): Offered {
    if (this.#isBehind(unit, now)) return this.#fallBehind(now);
    this.#queue.push(this.#queued(unit, false));
    return 'queued';
  }

  #isBehind(newest: U, now: number): boolean {
    const backlog = this.inFlight.find((frame) => frame.unit?.isBacklog);
    if (backlog && now - backlog.sentAt > BACKLOG_MS) return true;
    if (this.#state.kind === 'flowing' && now < this.#state.graceUntil) return false;
    // Asked for every unit of every tile: nothing is allocated.
    let oldest: number | null = null;
    let units = this.#queue.length;
    for (const { unit } of this.inFlight) {
      if (!unit || unit.isBacklog) continue;
      oldest ??= unit.capturedAt;
      units += 1;
    }
    oldest ??= this.#queue[0]?.unit.capturedAt ?? newest.capturedAt;
    return newest.capturedAt - oldest > VIDEO_CREDIT_MS || units >= VIDEO_CREDIT_UNITS;
  }

  #fallBehind(now: number): Offered {
    this.nextSequence();
    this.#queue = [];
    this.#state = { kind: 'skipping', since: now };
    return 'fell_behind';
  }

  #queued(unit: U, isBacklog: boolean): QueuedUnit<U> {
    return { unit, sequence: this.nextSequence(), isBacklog };
  }
}
