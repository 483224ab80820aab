import type { Socket } from 'node:net';
import type { Clip } from '../virtual-camera/clip.js';
import type { RtspRequest } from '../virtual-camera/rtsp-parser.js';

/** What a camera sends at one moment of its stream. */
export interface MediaMoment {
  /** Pictures since PLAY: 0, 1, 2 ... */
  readonly picture: number;
  /** Interleaved channel of RTP. */
  readonly channel: number;
  readonly clip: Clip;
  /** A clip of another size. */
  readonly otherClip: Clip;
}

/** One way in which a camera is broken or hostile; what it leaves out is as it should be. */
export interface HostileKind {
  readonly name: string;
  /** Takes the connection over: no request is read. */
  connect?(socket: Socket): void;
  /** The bytes that go out instead of the answer; null: none. */
  answer?(request: RtspRequest, answer: string, socket: Socket): string | Buffer | null;
  /** The session description instead of the right one. */
  sdp?(right: string): string | Buffer;
  /** The interleaved packets of one picture, ten times a second, instead of the right ones. */
  media?(moment: MediaMoment): Buffer;
}

/** Bytes behind an interleaved header (RFC 2326, 10.12). */
export function interleaved(channel: number, packet: Buffer, length = packet.length): Buffer {
  const head = Buffer.of(0x24, channel, 0, 0);
  head.writeUInt16BE(length, 2);
  return Buffer.concat([head, packet]);
}
