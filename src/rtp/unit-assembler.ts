import { MarkerTrust } from './marker-trust.js';
import { accessUnit, type OpenUnit, type Picture, type PictureCodec } from './payloads/picture-codec.js';
import { ReferenceChain, type Verdict } from './reference-chain.js';
import type { RtpSink } from './rtp-sink.js';
import { UnitBuffer } from './unit-buffer.js';

/** Quiet after a marker that is not proven yet. Slices of one picture follow each other faster. */
export const SETTLE_MS = 20;
/** Quiet after a whole slice without a marker, for cameras of one slice a picture that never set it. */
export const QUIET_MS = 100;
/** So many pictures of one slice each make a camera of one slice a picture. */
const SINGLE_SLICE_PICTURES = 10;
/** What may wait for a picture to belong to (SEI); more is dropped. */
const MAX_CARRIED_BYTES = 256 * 1024;
/** More than any count of lost packets. */
const ANY_NUMBER = 1e9;

export interface UnitCounts {
  units: number;
  damagedUnits: number;
  unreadableUnits: number;
  dependentUnits: number;
  /** Those of them whose parameter sets were there: they lacked nothing but a key picture. */
  keylessUnits: number;
}

/**
 * Puts packets' bytes together to access units: decides where a picture ends, whether it is whole, and whether what it
 * refers to is there. The bytes themselves are the business of the codec's depayloader, which calls `begin` or
 * `goOn` for each part of a picture.
 */
export class UnitAssembler {
  readonly buffer = new UnitBuffer();
  readonly chain = new ReferenceChain();
  readonly #trust = new MarkerTrust();
  #open: OpenUnit | null = null;
  /** Bytes of the buffer that belong to the open unit; the rest waits for the next. */
  #ownBytes = 0;
  /** Packets of which whole pictures may be missing. */
  #lost = 0;
  /** The last unit, if a marker ended it and no packet is missing since. */
  #endedByMarker: { readonly timestamp: number } | null = null;
  /** Pictures of one slice so far; -1 from the first that had more. */
  #singleSlice = 0;
  /** The packet added to the open unit. */
  #extended = false;
  #timestamp = 0;
  #mediaTimeMs = 0;
  #arrivedAt = 0;

  constructor(
    private readonly codec: PictureCodec,
    private readonly sink: RtpSink,
    private readonly counts: UnitCounts,
    private readonly keepDamaged: boolean,
  ) {}

  /**
   * A packet begins. `lost`: packets missing right before it, -1 for any number. `goesOn`: it continues a part that the
   * packet before began, so its timestamp decides nothing.
   */
  packet(timestamp: number, mediaTimeMs: number, arrivedAt: number, lost: number, goesOn: boolean): void {
    this.#timestamp = timestamp;
    this.#mediaTimeMs = mediaTimeMs;
    this.#arrivedAt = arrivedAt;
    this.#extended = false;
    const open = this.#open;
    if (lost !== 0) this.#loss(lost < 0 ? ANY_NUMBER : lost);
    else if (open !== null && open.timestamp !== timestamp && !goesOn && !this.codec.awaitsMore()) {
      this.#finish(open.marked);
    }
  }

  get open(): boolean {
    return this.#open !== null;
  }

  /** A new picture begins with what the buffer holds beyond the open one. Answers how many bytes went out in front. */
  begin(): number {
    const [before, ownBytes] = [this.#open, this.#ownBytes];
    if (before !== null) {
      this.#finish(before.marked);
      // With a timestamp that stands still, a loss may have swallowed whole pictures as well.
      if (before.damaged && before.timestamp === this.#timestamp) this.#lost += 1;
    }
    if (this.#endedByMarker !== null) this.#trust.confirm();
    this.#start(false);
    return before === null ? 0 : ownBytes;
  }

  /** What was appended last belongs to a picture that has begun already. */
  goOn(): void {
    const open = this.#open;
    if (open === null) {
      this.#startWithoutHead();
      return;
    }
    if (open.marked && !open.damaged) this.#contradict();
    open.marked = false;
    open.settledAt = Infinity;
    this.#singleSlice = -1;
  }

  /** All bytes of the buffer belong to the open picture. */
  extend(): void {
    if (this.#open === null) return;
    this.#ownBytes = this.buffer.length;
    this.#open.arrivedAt = this.#arrivedAt;
    this.#extended = true;
  }

  /** The open unit had only headers: its picture comes with this packet, and has its time. */
  restamp(): void {
    if (this.#open === null) return;
    this.#open.timestamp = this.#timestamp;
    this.#open.mediaTimeMs = this.#mediaTimeMs;
  }

  /** The open picture cannot be whole any more. */
  damage(): void {
    if (this.#open !== null) this.#open.damaged = true;
  }

  /** The packet is through. `partEnds`: no part of a picture is left unfinished. */
  packetEnd(marker: boolean, partEnds: boolean): void {
    const open = this.#open;
    if (open === null || !this.#extended) {
      const carried = this.buffer.length - this.#ownBytes;
      if (partEnds && carried > MAX_CARRIED_BYTES) this.buffer.truncate(this.#ownBytes);
      return;
    }
    open.settledAt = Infinity;
    if (!partEnds) return;
    if (marker && this.#trust.state !== 'untrue') this.#marked(open);
    else {
      if (!marker) open.unmarkedParts += 1;
      if (this.#singleSlice >= SINGLE_SLICE_PICTURES) open.settledAt = this.#arrivedAt + QUIET_MS;
    }
  }

  /** When the open unit is complete unless more comes; Infinity if time does not tell. */
  get deadline(): number {
    return this.#open?.settledAt ?? Infinity;
  }

  tick(now: number): void {
    if (this.#open !== null && this.#open.settledAt <= now) this.#finish(this.#open.marked);
  }

  /** Another source: nothing of the old one is continued. */
  restart(): void {
    this.#loss(ANY_NUMBER);
  }

  #marked(open: OpenUnit): void {
    if (open.unmarkedParts > 0 && !open.damaged) this.#trust.prove();
    open.marked = true;
    if (this.codec.awaitsMore()) return;
    if (open.damaged || this.#trust.state === 'trusted') this.#finish(true);
    else open.settledAt = this.#arrivedAt + SETTLE_MS;
  }

  #loss(packets: number): void {
    const open = this.#open;
    let unaccounted = packets;
    if (open !== null) {
      this.buffer.truncate(this.#ownBytes);
      if (open.timestamp === this.#timestamp && packets !== ANY_NUMBER) {
        open.damaged = true;
        unaccounted = 0;
      } else {
        if (!open.marked || this.codec.awaitsMore()) {
          open.damaged = true;
          // One of the packets was the one with the marker.
          if (this.#trust.state === 'trusted') unaccounted -= 1;
        }
        this.#finish(open.marked);
      }
    } else this.buffer.truncate(0);
    this.#lost += unaccounted;
    this.#endedByMarker = null;
    this.codec.forget();
  }

  #start(damaged: boolean): void {
    this.codec.begin();
    this.#endedByMarker = null;
    this.#open = {
      timestamp: this.#timestamp,
      mediaTimeMs: this.#mediaTimeMs,
      firstArrivedAt: this.#arrivedAt,
      arrivedAt: this.#arrivedAt,
      damaged,
      marked: false,
      unmarkedParts: 0,
      settledAt: Infinity,
    };
    this.#ownBytes = this.buffer.length;
  }

  /** The first part of a picture is missing, or it was handed over already because a marker lied. */
  #startWithoutHead(): void {
    if (this.#endedByMarker?.timestamp === this.#timestamp) {
      this.#contradict();
      this.chain.break();
    }
    if (this.#lost > 0 && this.#lost < ANY_NUMBER) this.#lost -= 1;
    this.#start(true);
  }

  #contradict(): void {
    if (this.#trust.contradict()) this.sink.problem({ kind: 'untrue_markers' });
  }

  #finish(byMarker: boolean): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    const picture = this.codec.end(this.buffer.bytes, this.#ownBytes, this.#lost, open.mediaTimeMs);
    const verdict = this.#judge(picture, open);
    this.#lost = 0;
    this.#endedByMarker = byMarker ? { timestamp: open.timestamp } : null;
    if (this.#singleSlice >= 0) this.#singleSlice += 1;
    if (open.damaged) this.counts.damagedUnits += 1;
    const wanted =
      verdict === 'whole' || verdict === 'unsettled' || (this.keepDamaged && this.codec.conceals);
    const unit =
      wanted && picture !== null
        ? accessUnit(this.codec.codec, open, picture, verdict, this.chain.beganAnew, () =>
            this.buffer.copy(picture.prefix, picture.skip, this.#ownBytes, picture.suffix),
          )
        : null;
    this.buffer.discardFront(this.#ownBytes);
    this.#ownBytes = 0;
    if (unit === null) {
      if (!open.damaged) this.counts[this.codec.isUnreadable ? 'unreadableUnits' : 'dependentUnits'] += 1;
      if (verdict === 'dependent' && picture !== null) this.counts.keylessUnits += 1;
      return;
    }
    this.counts.units += 1;
    if (picture !== null) this.codec.handedOver(picture);
    this.sink.accessUnit(unit);
  }

  #judge(picture: Picture | null, { damaged, mediaTimeMs }: OpenUnit): Verdict {
    if (picture !== null) return this.chain.judge(picture, damaged, this.#lost > 0, mediaTimeMs);
    this.chain.break();
    return damaged ? 'damaged' : 'dependent';
  }
}
