import type { PictureCodec } from './picture-codec.js';

/**
 * What becomes of a NAL unit. `slice`: a part of a picture. `set`: a parameter set. `prefix`: stands in front of a
 * picture (SEI). `suffix`: belongs to the picture before it. `skip`: not handed over (delimiters, filler, enhancement
 * layers). `implausible`: of no use to anybody, or another codec's.
 */
export type NalKind = 'slice' | 'set' | 'prefix' | 'suffix' | 'skip' | 'implausible';

/** What H.264 and H.265 pictures are made of. Offsets are those of NAL unit headers, without start code. */
export interface NalPictures extends PictureCodec {
  readonly headerBytes: 1 | 2;
  kindOf(first: number, second: number): NalKind;
  /** A parameter set, to hold from the next picture on. */
  parameterSet(nal: Uint8Array): void;
  prefix(data: Uint8Array, at: number, end: number): void;
  /** Whether the slice begins a picture, not counting the second field of the open one. */
  beginsPicture(data: Uint8Array, at: number, end: number): boolean;
  /** A slice of the picture that has begun. */
  slice(data: Uint8Array, at: number, end: number): void;
  /** A slice whose begin is missing: only its NAL unit header is known. */
  headlessSlice(first: number, second: number): void;
}
