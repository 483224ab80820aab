import { START_CODE_BYTES } from '../../video/annex-b.js';
import { FormatError } from '../../video/video-format.js';
import { copyOf } from '../rtp-packet.js';

/** Bytes of one parameter set, at most: with all scaling lists they are under 2 KiB. */
const MAX_SET_BYTES = 4096;
/** All sets together: they stand in front of every key picture. */
const MAX_ALL_BYTES = 64 * 1024;

const RANKS = { vps: 0, sps: 1, pps: 2 } as const;
type SetKind = keyof typeof RANKS;

/** How a codec names and reads its sets. */
export interface SetSyntax<Sps extends { readonly id: number }> {
  kindOf(nal: Uint8Array): SetKind;
  /** Throws FormatError. */
  parseSps(nal: Uint8Array): Sps;
  ppsIds(nal: Uint8Array): { readonly id: number; readonly sps: number } | null;
  vpsId(nal: Uint8Array): number | null;
}

interface StoredSet<Sps> {
  readonly key: number;
  readonly nal: Uint8Array;
  readonly sps: Sps | null;
  /** Of a PPS: the SPS it refers to. */
  readonly refersTo: number;
}

const keyOf = (kind: SetKind, id: number): number => RANKS[kind] * 1000 + id;

/**
 * The parameter sets that hold, by kind and id. New ones wait until the picture begins that they stand in front of: the
 * one before may not be at its end yet.
 */
export class ParameterSets<Sps extends { readonly id: number }> {
  readonly #stored = new Map<number, StoredSet<Sps>>();
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #annexB: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #version = 0;

  constructor(
    private readonly syntax: SetSyntax<Sps>,
    private readonly refused: (kind: 'bad_data' | 'too_large', what: string) => void,
  ) {}

  /** Takes a NAL unit with header, without start code; copies it if it is new. */
  offer(nal: Uint8Array): void {
    let length = nal.length;
    // Some cameras fill up with zeros; no NAL unit ends with one.
    while (length > 0 && nal[length - 1] === 0) length -= 1;
    const trimmed = nal.subarray(0, length);
    if (this.#pending.length === 0 && this.#holds(trimmed)) return;
    if (length > MAX_SET_BYTES || this.#pendingBytes + length > MAX_ALL_BYTES) {
      this.refused('too_large', 'parameter sets');
      return;
    }
    this.#pending.push(copyOf(trimmed));
    this.#pendingBytes += length;
  }

  /** The sets that wait hold from here on. */
  apply(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    let changed = false;
    for (const nal of pending) changed = this.#store(nal) || changed;
    if (!changed) return;
    this.#version += 1;
    this.#annexB = this.#written();
  }

  /** The SPS that a PPS refers to, if both are known. */
  spsOf(pps: number): Sps | null {
    const refersTo = this.#stored.get(keyOf('pps', pps))?.refersTo;
    return refersTo === undefined ? null : (this.#stored.get(keyOf('sps', refersTo))?.sps ?? null);
  }

  /** Grows with each change. */
  get version(): number {
    return this.#version;
  }

  /** All sets with start codes: VPS, SPS, PPS, each by id. The same array while nothing changes. */
  get annexB(): Uint8Array<ArrayBuffer> {
    return this.#annexB;
  }

  #holds(nal: Uint8Array): boolean {
    for (const stored of this.#stored.values()) if (Buffer.compare(stored.nal, nal) === 0) return true;
    return false;
  }

  /** Answers whether it changed anything. */
  #store(nal: Uint8Array): boolean {
    const set = this.#parsed(nal);
    if (set === null) return false;
    const known = this.#stored.get(set.key);
    if (known !== undefined && Buffer.compare(known.nal, nal) === 0) return false;
    if (this.#annexB.length - (known?.nal.length ?? 0) + nal.length > MAX_ALL_BYTES) {
      this.refused('too_large', 'parameter sets');
      return false;
    }
    this.#stored.set(set.key, set);
    return true;
  }

  #parsed(nal: Uint8Array): StoredSet<Sps> | null {
    const kind = this.syntax.kindOf(nal);
    const none = { nal, sps: null, refersTo: -1 };
    if (kind === 'vps') {
      const id = this.syntax.vpsId(nal);
      return id === null ? null : { ...none, key: keyOf(kind, id) };
    }
    if (kind === 'pps') {
      const ids = this.syntax.ppsIds(nal);
      return ids === null ? null : { ...none, key: keyOf(kind, ids.id), refersTo: ids.sps };
    }
    try {
      const sps = this.syntax.parseSps(nal);
      return { ...none, key: keyOf(kind, sps.id), sps };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.refused('bad_data', error.message);
      return null;
    }
  }

  #written(): Uint8Array<ArrayBuffer> {
    const sets = [...this.#stored.values()].sort((one, other) => one.key - other.key);
    const bytes = sets.reduce((sum, { nal }) => sum + START_CODE_BYTES + nal.length, 0);
    const annexB = new Uint8Array(bytes);
    let at = 0;
    for (const { nal } of sets) {
      annexB[at + START_CODE_BYTES - 1] = 1;
      annexB.set(nal, at + START_CODE_BYTES);
      at += START_CODE_BYTES + nal.length;
    }
    return annexB;
  }
}
