import type { Socket } from 'node:net';
import type { Clip } from '../virtual-camera/clip.js';
import type { RtspRequest } from '../virtual-camera/rtsp-parser.js';

/** What a camera sends at one moment of its stream. */
export interface MediaMoment {
  /** Pictures since PLAY: 0, 1, 2 ... */
  readonly picture: number;
  /** Interleaved channel of RTP. */
  readonly channel: number;
  /** Of this session, for kinds that send without gaps: the number of the next packet. */
  readonly stream: { sequence: number };
  readonly clip: Clip;
  /** A clip of another size. */
  readonly otherClip: Clip;
}

/** A host and port that nobody may contact. */
export interface Elsewhere {
  readonly host: string;
  readonly port: number;
}

/** One way in which a camera is broken or hostile; what it leaves out is as it should be. */
export interface HostileKind {
  readonly name: string;
  /** Takes the connection over: no request is read. */
  connect?(socket: Socket): void;
  /** The bytes that go out instead of the answer; null: none. */
  answer?(request: RtspRequest, answer: string, socket: Socket, elsewhere: Elsewhere): string | Buffer | null;
  /** The session description instead of the right one. */
  sdp?(right: string, elsewhere: Elsewhere): string | Buffer;
  /** The packets of one picture, each behind an interleaved header, ten times a second, instead of the right ones. */
  media?(moment: MediaMoment): Buffer;
  /** Pictures are sent as fast as they are taken. */
  readonly isFlood?: true;
}

/** Bytes behind an interleaved header (RFC 2326, 10.12). */
export function interleaved(channel: number, packet: Buffer, length = packet.length): Buffer {
  const head = Buffer.of(0x24, channel, 0, 0);
  head.writeUInt16BE(length, 2);
  return Buffer.concat([head, packet]);
}

/** Changes the answers to one method alone. */
export const only =
  (
    method: string,
    change: (answer: string, socket: Socket, elsewhere: Elsewhere) => string | Buffer | null,
  ): NonNullable<HostileKind['answer']> =>
  (request, answer, socket, elsewhere) =>
    request.method === method ? change(answer, socket, elsewhere) : answer;

export const withHeader = (answer: string, header: string): string =>
  answer.replace('\r\n', `\r\n${header}\r\n`);

/** Sends the same bytes again and again until the other side has had enough. */
export function flood(socket: Socket, chunk: Buffer): void {
  const write = (): void => {
    if (socket.writable && socket.write(chunk)) setImmediate(write);
  };
  socket.on('drain', write);
  write();
}
