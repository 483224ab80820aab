import { findStartCode, START_CODE_BYTES } from '../../video/annex-b.js';
import { SLICE_HEAD_BYTES } from '../../video/h264-nal.js';
import type { NalKind, NalPictures } from './nal-pictures.js';
import type { UnitAssembler } from '../unit-assembler.js';

/** NAL units in one picture, at most. H.265 allows 600 slice segments (A.4.1), SEI messages come on top. */
const MAX_NALS = 4096;
const NO_SECOND_BYTE = -1;

/** A NAL unit that comes in several packets. */
interface Fragmented {
  readonly kind: NalKind;
  /** Of its start code in the buffer. */
  at: number;
  /** The picture that the slice belongs to is known. */
  placed: boolean;
}

/** `none`; `open`: its fragments are appended; `skipped`: one whose begin is missing. */
type Fragment = { readonly state: 'none' | 'skipped' } | ({ readonly state: 'open' } & Fragmented);

const NONE: Fragment = { state: 'none' };
const SKIPPED: Fragment = { state: 'skipped' };

export interface NalCounts {
  /** NAL units that make no sense as this codec's. */
  implausible: number;
}

/**
 * NAL units and their fragments, in order, as they come out of RTP packets: put into the assembler's buffer with start
 * codes, sorted into pictures. Knows nothing of the packets' format.
 */
export class NalStream {
  #fragment: Fragment = NONE;
  #nals = 0;

  constructor(
    private readonly assembler: UnitAssembler,
    private readonly pictures: NalPictures,
    private readonly counts: NalCounts,
    private readonly tooLarge: (what: string) => void,
  ) {}

  /** A packet begins. `lost`: packets missing right before it. `continues`: it holds a fragment that is not the first. */
  packet(timestamp: number, mediaTimeMs: number, arrivedAt: number, lost: number, continues: boolean): void {
    if (lost !== 0) this.#drop();
    else if (!continues) this.#close();
    this.assembler.packet(
      timestamp,
      mediaTimeMs,
      arrivedAt,
      lost,
      continues && this.#fragment.state === 'open',
    );
  }

  packetEnd(marker: boolean): void {
    this.assembler.packetEnd(marker, this.#fragment.state !== 'open');
  }

  /** A whole NAL unit, header included. */
  whole(data: Uint8Array, from: number, to: number): void {
    const { headerBytes } = this.pictures;
    if (to - from <= headerBytes) return;
    const kind = this.pictures.kindOf(data[from] ?? 0, data[from + 1] ?? 0);
    if (kind !== 'slice') {
      // Some cameras send parameter sets and picture as one piece of Annex B.
      const next = findStartCode(data.subarray(from, to), 0);
      if (next >= 0) {
        this.#split(data.subarray(from, to), next);
        return;
      }
    }
    this.#place(data, from, to, kind);
  }

  /**
   * A part of a NAL unit, with the header that the packet tells (`second` is -1 in H.264), payload from `from` to `to`.
   */
  fragment(data: Uint8Array, from: number, to: number, header: FragmentHeader): void {
    if (header.first) this.#begin(header);
    const fragment = this.#fragment;
    if (fragment.state === 'none') this.#headless(header);
    if (fragment.state !== 'open') return;
    if (!this.assembler.buffer.append(data, from, to)) {
      this.#overflow();
      return;
    }
    if (header.last) this.#close();
    else if (fragment.kind === 'slice') this.#grown(fragment, SLICE_HEAD_BYTES);
  }

  #begin({ header, second }: FragmentHeader): void {
    const { buffer } = this.assembler;
    const kind = this.pictures.kindOf(header, second);
    if (kind === 'implausible') this.counts.implausible += 1;
    const at = buffer.length;
    const fits = buffer.startCode() && buffer.appendByte(header);
    if (second !== NO_SECOND_BYTE) buffer.appendByte(second);
    this.#fragment = { state: 'open', kind, at, placed: false };
    if (!fits) this.#overflow();
  }

  /** Fragments came whose first did not: their picture cannot be whole. */
  #headless({ header, second, last }: FragmentHeader): void {
    if (this.pictures.kindOf(header, second) === 'slice') this.#damaged(header, second);
    this.#fragment = last ? NONE : SKIPPED;
  }

  /** A slice of which packets are missing: all that is known is its header. */
  #damaged(header: number, second: number): void {
    if (!this.assembler.open) this.assembler.goOn();
    this.assembler.damage();
    this.pictures.headlessSlice(header, second);
    this.assembler.extend();
  }

  /** A slice's fragments say which picture it belongs to as soon as its header is there. */
  #grown(fragment: Fragmented, headBytes: number): void {
    const { buffer } = this.assembler;
    if (!fragment.placed && buffer.length - fragment.at >= START_CODE_BYTES + headBytes) {
      fragment.at = this.#placeSlice(fragment.at);
      fragment.placed = true;
    }
    if (fragment.placed) this.assembler.extend();
  }

  /** The fragmented NAL unit is complete: by its last fragment, or because another begins and no packet is missing. */
  #close(): void {
    const fragment = this.#fragment;
    this.#fragment = NONE;
    if (fragment.state !== 'open') return;
    const { buffer } = this.assembler;
    const from = fragment.at + START_CODE_BYTES;
    if (fragment.kind === 'slice' && buffer.length - from > this.pictures.headerBytes) {
      this.#grown(fragment, 0);
      this.#count();
      return;
    }
    const nal = buffer.bytes.slice(from, buffer.length);
    buffer.truncate(fragment.at);
    this.whole(nal, 0, nal.length);
  }

  /** Packets are missing: the rest of the fragmented NAL unit is worth nothing. */
  #drop(): void {
    const fragment = this.#fragment;
    this.#fragment = NONE;
    if (fragment.state !== 'open') return;
    const { buffer } = this.assembler;
    const header = fragment.at + START_CODE_BYTES;
    const [first = 0, second = 0] = [buffer.bytes[header], buffer.bytes[header + 1]];
    buffer.truncate(fragment.at);
    if (fragment.kind === 'slice') this.#damaged(first, second);
  }

  #split(lump: Uint8Array, firstCode: number): void {
    if (firstCode > 0) this.whole(lump, 0, trimmed(lump, 0, firstCode));
    for (let start = firstCode; start >= 0;) {
      const next = findStartCode(lump, start + 3);
      const end = next < 0 ? lump.length : trimmed(lump, start + 3, next);
      if (end > start + 3) this.whole(lump, start + 3, end);
      start = next;
    }
  }

  #place(data: Uint8Array, from: number, to: number, kind: NalKind): void {
    if (kind === 'implausible') this.counts.implausible += 1;
    if (kind === 'implausible' || kind === 'skip') return;
    if (kind === 'set') {
      this.pictures.parameterSet(data.subarray(from, to));
      return;
    }
    const { buffer } = this.assembler;
    const at = buffer.length;
    if (!buffer.startCode() || !buffer.append(data, from, to)) {
      buffer.truncate(at);
      this.#overflow();
      return;
    }
    if (kind === 'slice') this.#placeSlice(at);
    else if (kind === 'prefix') this.pictures.prefix(buffer.bytes, at + START_CODE_BYTES, buffer.length);
    if (kind !== 'prefix') this.assembler.extend();
    this.#count();
  }

  /** The slice at the buffer's end, whose start code is at `at`, begins a picture or belongs to the open one. */
  #placeSlice(at: number): number {
    const { buffer } = this.assembler;
    let head = at + START_CODE_BYTES;
    if (this.pictures.beginsPicture(buffer.bytes, head, buffer.length)) {
      head -= this.assembler.begin();
      this.#nals = 0;
    } else this.assembler.goOn();
    this.pictures.slice(buffer.bytes, head, buffer.length);
    return head - START_CODE_BYTES;
  }

  #count(): void {
    this.#nals += 1;
    if (this.#nals <= MAX_NALS) return;
    this.assembler.damage();
    this.tooLarge('NAL units of a picture');
  }

  #overflow(): void {
    this.#fragment = SKIPPED;
    this.assembler.damage();
    this.tooLarge('access unit');
  }
}

export interface FragmentHeader {
  /** The NAL unit's header, and its second byte in H.265 (-1 in H.264). */
  readonly header: number;
  readonly second: number;
  readonly first: boolean;
  readonly last: boolean;
}

/** `end` without the zeros before a start code. */
function trimmed(data: Uint8Array, from: number, end: number): number {
  let last = end;
  while (last > from && data[last - 1] === 0) last -= 1;
  return last;
}
