import type { VideoCodec, VideoFormat } from './video-format.js';

/**
 * Whether a decoder can begin here. `key`: an IDR picture, an H.265 IRAP picture, an MPEG-4 I-VOP, every JPEG.
 * `recovery`: H.264 or H.265 that becomes right from here on without a key picture (recovery point SEI: open GOP, intra
 * refresh). `none`: needs the units before it.
 */
export type RandomAccess = 'key' | 'recovery' | 'none';

/** One coded picture, as it came from the camera. Never torn: all of its bytes are there, unless `damaged` says so. */
export interface AccessUnit {
  readonly codec: VideoCodec;
  /**
   * The whole picture as FFmpeg and browsers read it: H.264 and H.265 as Annex B with 4-byte start codes, without access
   * unit delimiters and filler; MPEG-4 Visual as elementary stream; JPEG as a file. A unit with random access has the
   * parameter sets (VPS, SPS, PPS; the VOL header) once in front. An ArrayBuffer of its own, exactly filled; nobody
   * writes to it any more.
   */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly randomAccess: RandomAccess;
  /**
   * Pictures to decode from a `recovery` unit on until the picture is right (H.264 recovery_frame_cnt, H.265
   * recovery_poc_cnt); 0 for everything that is right at once.
   */
  readonly recoveryFrames: number;
  /**
   * RTP time in ms, unwrapped; 0 at the stream's first packet. It is the time of display: with B-frames it goes back and
   * forth. A restart of the camera's clock is bridged with the time between the packets' arrivals.
   */
  readonly mediaTimeMs: number;
  /** When the first packet arrived (Unix epoch, ms with fraction), as handed in with it. */
  readonly firstArrivedAt: number;
  /** When the last packet arrived (Unix epoch, ms with fraction). */
  readonly arrivedAt: number;
  /**
   * The decoder needs these bytes, but the picture it makes of them may be wrong: do not show it. Without `keepDamaged`
   * that is so only between a `recovery` unit and its `recoveryFrames`-th successor, after a loss or at the start: an
   * FFmpeg that begins at that unit shows none of them by itself, one that runs on shows some.
   */
  readonly damaged: boolean;
  /**
   * Decoding begins here: at the start, or because units before it are missing. A decoder that is running may go on at
   * a `key` unit; at a `recovery` unit it must be a new one (FFmpeg's H.264 decoder takes what it made up for the gap as
   * references, and B-pictures come out wrong).
   */
  readonly discontinuity: boolean;
  /** No other picture refers to this one (nal_ref_idc 0, H.265 non-reference picture of the highest sub-layer, B-VOP). */
  readonly disposable: boolean;
  /**
   * Comes behind a random access unit but is shown before it, and needs the pictures before that unit (open GOP, RASL).
   * Leave it out when decoding begins at that unit.
   */
  readonly leading: boolean;
  /** The same object while nothing changed. */
  readonly format: VideoFormat;
}
