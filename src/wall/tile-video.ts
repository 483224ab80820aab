/** The part of `/wall`'s protocol that is about video: what a tile is given, and why. Pure, as protocol.ts. */

/** Video that a tile can be given as the camera sends it. */
export type VideoForm = 'h264' | 'h265';

export const VIDEO_FORMS: readonly VideoForm[] = ['h264', 'h265'];

/** Why a client names fewer codecs than before; for events and metrics. */
export type ClientVideoReason = 'decoder' | 'capacity' | 'unsupported' | 'user';

export const CLIENT_VIDEO_REASONS = [
  'decoder',
  'capacity',
  'unsupported',
  'user',
] as const satisfies readonly ClientVideoReason[];

/**
 * Why a tile that can show video is given JPEG. Besides what its client says:
 * - `not_asked`: the client names no codec any more, and gives no reason
 * - `camera_codec`: the camera sends a codec that the tile does not name
 * - `no_key_frame`: the camera sends none, or none for long: video cannot begin
 * - `slow_line`: the whole socket was behind, `slow_tile`: this tile alone was
 */
export type JpegReason =
  ClientVideoReason | 'not_asked' | 'camera_codec' | 'no_key_frame' | 'slow_line' | 'slow_tile';

export type TileVideo =
  | ({ readonly form: VideoForm } & VideoDescription)
  /** `why` is a JpegReason; a later server may know others. */
  | { readonly form: 'jpeg'; readonly why: string };

export interface VideoDescription {
  /** RFC 6381, as WebCodecs takes it: `avc1.4d401e`. */
  readonly codec: string;
  /** Of the coded picture after cropping, pixels. */
  readonly width: number;
  readonly height: number;
  /** Size to show it in, if its samples are not square or its configured aspect is another. */
  readonly displayWidth?: number | undefined;
  readonly displayHeight?: number | undefined;
  /** There if the stream names no colour matrix: it is to be taken for BT.601 of this range, as for its JPEGs. */
  readonly bt601?: 'limited' | 'full' | undefined;
}
