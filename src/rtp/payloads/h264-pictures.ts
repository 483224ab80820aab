import {
  H264_NAL,
  H264SliceReader,
  h264PpsIds,
  h264Type,
  isBSlice,
  isIntraSlice,
} from '../../video/h264-nal.js';
import { h264Format, parseH264Sps, type H264Sps } from '../../video/h264-sps.js';
import { recoveryPoint } from '../../video/sei.js';
import type { NalKind, NalPictures } from './nal-pictures.js';
import { FrameNumbers } from './frame-numbers.js';
import { ParameterSets, type SetSyntax } from './parameter-sets.js';
import type { Picture } from './picture-codec.js';
import { SetFormat } from './set-format.js';

const SYNTAX: SetSyntax<H264Sps> = {
  kindOf: (nal) => (h264Type(nal[0] ?? 0) === H264_NAL.sps ? 'sps' : 'pps'),
  parseSps: parseH264Sps,
  ppsIds: h264PpsIds,
  vpsId: () => null,
};

/**
 * So many pictures without a key picture or a recovery point, and a camera that only sends plain intra pictures is
 * taken at its word: 4 s at 25 a second.
 */
const PATIENCE_PICTURES = 100;
const NOTHING = new Uint8Array(0);

/** What is known of the picture that is being put together. */
interface Current {
  slices: number;
  idr: boolean;
  reference: boolean;
  intra: boolean;
  bidirectional: boolean;
  readable: boolean;
  plausible: boolean;
  sps: H264Sps | null;
  frameNum: number;
  /** 0: a frame; 1 or 2: that many fields. */
  fields: number;
  bottomField: boolean;
  /** recovery_frame_cnt, or -1. */
  recovery: number;
  /** Parameter sets stood in front. */
  withSets: boolean;
}

const emptyPicture = (): Current => ({
  slices: 0,
  idr: false,
  reference: false,
  intra: true,
  bidirectional: false,
  readable: true,
  plausible: true,
  sps: null,
  frameNum: -1,
  fields: 0,
  bottomField: false,
  recovery: -1,
  withSets: false,
});

/** H.264 pictures: random access, references and format. */
export class H264Pictures implements NalPictures {
  readonly codec = 'h264';
  readonly conceals = true;
  readonly headerBytes = 1;
  readonly #sets: ParameterSets<H264Sps>;
  readonly #reader = new H264SliceReader();
  readonly #spsOf = (pps: number): H264Sps | null => this.#sets.spsOf(pps);
  #current = emptyPicture();
  #pendingRecovery = -1;
  #setsCame = false;
  #sentVersion = -1;
  readonly #format = new SetFormat<H264Sps>(h264Format);
  readonly #numbers = new FrameNumbers();
  #sinceRandomAccess = 0;
  #randomAccessTime = 0;

  constructor(sets: readonly Uint8Array[], refused: (kind: 'bad_data' | 'too_large', what: string) => void) {
    this.#sets = new ParameterSets(SYNTAX, refused);
    for (const nal of sets) if (this.kindOf(nal[0] ?? 0) === 'set') this.#sets.offer(nal);
    this.#sets.apply();
  }

  kindOf(first: number): NalKind {
    if ((first & 0x80) !== 0) return 'implausible';
    switch (h264Type(first)) {
      case H264_NAL.slice:
      case H264_NAL.idr:
        return 'slice';
      case H264_NAL.sps:
      case H264_NAL.pps:
        return 'set';
      case H264_NAL.sei:
        return 'prefix';
      case H264_NAL.delimiter:
      case H264_NAL.endOfSequence:
      case H264_NAL.endOfStream:
      case H264_NAL.filler:
      case H264_NAL.spsExtension:
      case H264_NAL.prefix:
      case H264_NAL.subsetSps:
      case H264_NAL.auxiliary:
      case H264_NAL.extension:
      case H264_NAL.depthExtension:
        return 'skip';
      default:
        return 'implausible';
    }
  }

  parameterSet(nal: Uint8Array): void {
    this.#setsCame = true;
    this.#sets.offer(nal);
  }

  prefix(data: Uint8Array, at: number, end: number): void {
    const recovery = recoveryPoint(data, at + 1, end, 'h264');
    if (recovery >= 0) this.#pendingRecovery = recovery;
  }

  beginsPicture(data: Uint8Array, at: number, end: number): boolean {
    // first_mb_in_slice is 0: ue(v) of one bit.
    if (((data[at + 1] ?? 0) & 0x80) === 0) return false;
    if (!this.awaitsMore() || !this.#reader.read(data, at, end, this.#spsOf)) return true;
    const { slice } = this.#reader;
    const current = this.#current;
    return !slice.field || slice.bottomField === current.bottomField || slice.frameNum !== current.frameNum;
  }

  slice(data: Uint8Array, at: number, end: number): void {
    const header = data[at] ?? 0;
    const current = this.#current;
    const first = current.slices === 0;
    current.slices += 1;
    if (first) this.#readHeader(header);
    // Sets and recovery points behind a slice are the next picture's, unless this one goes on.
    else this.#pendingRecovery = -1;
    if (!this.#reader.read(data, at, end, this.#spsOf)) {
      current.readable = false;
      current.plausible &&= this.#reader.isPlausible;
      return;
    }
    const { slice } = this.#reader;
    current.intra &&= isIntraSlice(slice.type);
    current.bidirectional ||= isBSlice(slice.type);
    current.sps ??= this.#spsOf(slice.pps);
    current.frameNum = slice.frameNum;
    if (slice.field && (first || slice.bottomField !== current.bottomField)) current.fields += 1;
    current.bottomField = slice.bottomField;
  }

  headlessSlice(header: number): void {
    const current = this.#current;
    if (current.slices === 0) this.#readHeader(header);
    current.slices += 1;
  }

  begin(): void {
    this.#sets.apply();
    this.#current = { ...emptyPicture(), recovery: this.#pendingRecovery, withSets: this.#setsCame };
    this.#pendingRecovery = -1;
    this.#setsCame = false;
  }

  /** The other field of the frame: nothing can be shown without it. */
  awaitsMore(): boolean {
    return this.#current.fields === 1 && this.#current.readable;
  }

  end(_bytes: Uint8Array, _length: number, lost: number, mediaTimeMs: number): Picture | null {
    const current = this.#current;
    const { sps } = current;
    const followsOn = this.#numbers.next(sps, current.frameNum, current, lost);
    if (sps === null || !current.readable) return this.#unreadable(current);
    const randomAccess = this.#randomAccess(current);
    const leading = randomAccess === 'none' && current.bidirectional && mediaTimeMs < this.#randomAccessTime;
    this.#sinceRandomAccess = randomAccess === 'none' ? this.#sinceRandomAccess + 1 : 0;
    if (randomAccess !== 'none') this.#randomAccessTime = mediaTimeMs;
    return {
      randomAccess,
      recoveryFrames: randomAccess === 'recovery' ? Math.max(0, current.recovery) : 0,
      disposable: !current.reference,
      leading,
      followsOn,
      format: randomAccess === 'none' ? this.#format.last : this.#format.of(this.#sets, sps),
      prefix:
        randomAccess !== 'none' || this.#sets.version !== this.#sentVersion ? this.#sets.annexB : NOTHING,
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

  #readHeader(header: number): void {
    this.#current.idr = h264Type(header) === H264_NAL.idr;
    this.#current.reference = (header & 0x60) !== 0;
  }

  /** Without a slice header it can neither be handed over nor its number be known; whether others need it is. */
  #unreadable({ reference }: Current): Picture | null {
    if (reference || this.#format.last === null) return null;
    const none = { prefix: NOTHING, suffix: NOTHING, skip: 0, format: null };
    return {
      ...none,
      randomAccess: 'none',
      recoveryFrames: 0,
      disposable: true,
      leading: false,
      followsOn: false,
    };
  }

  #randomAccess({ idr, intra, recovery, withSets }: Current): Picture['randomAccess'] {
    if (idr) return 'key';
    if (recovery >= 0) return 'recovery';
    // Some cameras' key pictures are plain intra pictures with parameter sets in front.
    return intra && (withSets || this.#sinceRandomAccess >= PATIENCE_PICTURES) ? 'recovery' : 'none';
  }
}
