import { BitReader } from '../../video/bit-reader.js';
import {
  H265_NAL,
  h265Layer,
  h265PpsIds,
  h265SlicePps,
  h265Type,
  h265VpsId,
  isFirstSegment,
  isIrap,
  isRasl,
  isSubLayerNonReference,
} from '../../video/h265-nal.js';
import { h265Format, parseH265Sps, type H265Sps } from '../../video/h265-sps.js';
import { recoveryPoint } from '../../video/sei.js';
import type { VideoFormat } from '../../video/video-format.js';
import type { NalKind, NalPictures } from './nal-pictures.js';
import { ParameterSets, type SetSyntax } from './parameter-sets.js';
import type { RandomAccess } from '../../video/access-unit.js';
import type { Picture } from './picture-codec.js';
import { SetFormat } from './set-format.js';

const SYNTAX: SetSyntax<H265Sps> = {
  kindOf: (nal) => {
    const type = h265Type(nal[0] ?? 0);
    return type === H265_NAL.vps ? 'vps' : type === H265_NAL.sps ? 'sps' : 'pps';
  },
  parseSps: parseH265Sps,
  ppsIds: h265PpsIds,
  vpsId: h265VpsId,
};

const NOTHING = new Uint8Array(0);

interface Current {
  slices: number;
  type: number;
  /** TemporalId */
  subLayer: number;
  readable: boolean;
  plausible: boolean;
  sps: H265Sps | null;
  /** recovery_poc_cnt, or -1. */
  recovery: number;
}

const emptyPicture = (): Current => ({
  slices: 0,
  type: 0,
  subLayer: 0,
  readable: true,
  plausible: true,
  sps: null,
  recovery: -1,
});

/** H.265 pictures: random access, references and format. */
export class H265Pictures implements NalPictures {
  readonly codec = 'h265';
  readonly conceals = true;
  readonly headerBytes = 2;
  readonly #sets: ParameterSets<H265Sps>;
  readonly #bits = new BitReader();
  #current = emptyPicture();
  #pendingRecovery = -1;
  #sentVersion = -1;
  readonly #format = new SetFormat<H265Sps>(h265Format);

  constructor(sets: readonly Uint8Array[], refused: (kind: 'bad_data' | 'too_large', what: string) => void) {
    this.#sets = new ParameterSets(SYNTAX, refused);
    for (const nal of sets) if (this.kindOf(nal[0] ?? 0, nal[1] ?? 0) === 'set') this.#sets.offer(nal);
    this.#sets.apply();
  }

  kindOf(first: number, second: number): NalKind {
    // forbidden_zero_bit, and nuh_temporal_id_plus1 that must not be 0.
    if ((first & 0x80) !== 0 || (second & 7) === 0) return 'implausible';
    const type = h265Type(first);
    if (type > H265_NAL.suffixSei) return 'implausible';
    if (h265Layer(first, second) > 0) return 'skip';
    if (type <= H265_NAL.lastVcl) return type <= H265_NAL.raslR || isIrap(type) ? 'slice' : 'implausible';
    switch (type) {
      case H265_NAL.vps:
      case H265_NAL.sps:
      case H265_NAL.pps:
        return 'set';
      case H265_NAL.prefixSei:
        return 'prefix';
      case H265_NAL.endOfSequence:
      case H265_NAL.endOfBitstream:
      case H265_NAL.suffixSei:
        return 'suffix';
      default:
        return 'skip';
    }
  }

  parameterSet(nal: Uint8Array): void {
    this.#sets.offer(nal);
  }

  prefix(data: Uint8Array, at: number, end: number): void {
    const recovery = recoveryPoint(data, at + 2, end, 'h265');
    if (recovery >= 0) this.#pendingRecovery = recovery;
  }

  beginsPicture(data: Uint8Array, at: number): boolean {
    return isFirstSegment(data, at);
  }

  slice(data: Uint8Array, at: number, end: number): void {
    const current = this.#current;
    if (current.slices === 0) this.#readHeader(data[at] ?? 0, data[at + 1] ?? 0);
    else this.#pendingRecovery = -1;
    current.slices += 1;
    const pps = h265SlicePps(this.#bits, data, at, end);
    current.plausible &&= pps >= 0;
    current.sps ??= this.#sets.spsOf(pps);
    if (current.sps === null) current.readable = false;
  }

  headlessSlice(first: number, second: number): void {
    const current = this.#current;
    if (current.slices === 0) this.#readHeader(first, second);
    current.slices += 1;
  }

  begin(): void {
    this.#sets.apply();
    this.#current = { ...emptyPicture(), recovery: this.#pendingRecovery };
    this.#pendingRecovery = -1;
  }

  awaitsMore(): boolean {
    return false;
  }

  end(): Picture | null {
    const { sps, readable, type } = this.#current;
    const randomAccess = this.#randomAccess();
    const disposable = this.#disposable(sps ?? this.#format.lastSps);
    if ((sps === null || !readable) && !disposable) return null;
    const usable = sps !== null && readable;
    const changed = randomAccess !== 'none' || this.#sets.version !== this.#sentVersion;
    return {
      randomAccess,
      recoveryFrames: randomAccess === 'recovery' ? this.#current.recovery : 0,
      disposable,
      leading: isRasl(type),
      // Slice headers name references by their order counts; to know whether all are there takes a decoder.
      followsOn: false,
      format: usable ? this.#formatAt(randomAccess, sps) : null,
      prefix: usable && changed ? this.#sets.annexB : NOTHING,
      skip: 0,
      suffix: NOTHING,
    };
  }

  get isUnreadable(): boolean {
    return !this.#current.plausible;
  }

  handedOver(picture: Picture): void {
    if (picture.prefix.length > 0) this.#sentVersion = this.#sets.version;
  }

  forget(): void {
    this.#pendingRecovery = -1;
  }

  #readHeader(first: number, second: number): void {
    this.#current.type = h265Type(first);
    this.#current.subLayer = (second & 7) - 1;
  }

  #randomAccess(): RandomAccess {
    if (isIrap(this.#current.type)) return 'key';
    return this.#current.recovery >= 0 ? 'recovery' : 'none';
  }

  /** Pictures of higher sub-layers may refer to one that is no reference within its own. */
  #disposable(sps: H265Sps | null): boolean {
    const { type, subLayer } = this.#current;
    return sps !== null && isSubLayerNonReference(type) && subLayer >= sps.highestSubLayer;
  }

  /** Sets that came since the last random access point are not in use yet. */
  #formatAt(randomAccess: RandomAccess, sps: H265Sps): VideoFormat | null {
    return randomAccess === 'none' ? this.#format.last : this.#format.of(this.#sets, sps);
  }
}
