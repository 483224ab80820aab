import type { AccessUnit } from '../../video/access-unit.js';
import type { VideoCodec, VideoFormat } from '../../video/video-format.js';
import type { PictureFacts, Verdict } from '../reference-chain.js';

/** A picture at its end, as its codec sees it. */
export interface Picture extends PictureFacts {
  /** `null` while no parameter sets are known. */
  readonly format: VideoFormat | null;
  readonly prefix: Uint8Array;
  /** Bytes at the buffer's begin that are not handed over: they are in the prefix. */
  readonly skip: number;
  readonly suffix: Uint8Array;
}

/** What a codec does for the assembler. */
export interface PictureCodec {
  readonly codec: VideoCodec;
  /** Damaged pictures can be shown somehow. */
  readonly conceals: boolean;
  /** A picture begins with what is in the buffer. */
  begin(): void;
  /** More of the picture is sure to come, whatever the marker says. */
  awaitsMore(): boolean;
  /** The picture is at its end. `lost`: packets that are missing before it, or 0. `null` if it cannot be decoded. */
  end(bytes: Uint8Array, length: number, lost: number, mediaTimeMs: number): Picture | null;
  /** What came for the picture that ended last cannot be slices at all. */
  readonly isUnreadable: boolean;
  /** The picture was handed over. */
  handedOver(picture: Picture): void;
  /** Packets are missing: what waits for a picture may belong to one that is lost. */
  forget(): void;
}

/** A picture of which packets are coming in. */
export interface OpenUnit {
  timestamp: number;
  mediaTimeMs: number;
  readonly firstArrivedAt: number;
  arrivedAt: number;
  damaged: boolean;
  marked: boolean;
  /** Parts of it ended without marker. */
  unmarkedParts: number;
  /** When it is complete unless more of it comes. */
  settledAt: number;
}

/** The unit to hand over; `null` if its format is not known. */
export function accessUnit(
  codec: VideoCodec,
  open: OpenUnit,
  picture: Picture,
  verdict: Verdict,
  discontinuity: boolean,
  data: () => Uint8Array<ArrayBuffer>,
): AccessUnit | null {
  if (picture.format === null) return null;
  return {
    codec,
    data: data(),
    randomAccess: verdict === 'damaged' ? 'none' : picture.randomAccess,
    recoveryFrames: picture.recoveryFrames,
    mediaTimeMs: open.mediaTimeMs,
    firstArrivedAt: open.firstArrivedAt,
    arrivedAt: open.arrivedAt,
    damaged: verdict !== 'whole',
    discontinuity,
    disposable: picture.disposable,
    leading: picture.leading,
    format: picture.format,
  };
}
