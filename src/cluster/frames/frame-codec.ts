import type { PassedFormat } from '../../shared/worker-protocol.js';
import { parseRenditionKey, type RenditionKey } from '../../shared/rendition.js';

/**
 * One frame, or a part of one, as it crosses the bus: a header of fixed fields, two names, then bytes. Big-endian, as RTP is.
 *
 * | bytes | field |
 * | --- | --- |
 * | 1 | version, 1 |
 * | 1 | kind: 1 JPEG, 2 access unit that a decoder can begin with, 3 access unit that depends on others |
 * | 2 | length of the header, names included: a later version may add fields that this one skips |
 * | 8 | epoch of the owner's lease (float64: a whole number below 2^53) |
 * | 4 | session of the sender: sequences begin anew with it |
 * | 4 | sequence of the message in the session, for acknowledgements |
 * | 4 | age of the frame when it was sent, in 0.1 ms |
 * | 2 | round trip between the two nodes as the sender measured it, in 0.1 ms; 0 is unknown |
 * | 2 + 2 | part, from 0, and number of parts: larger than the server's `max_payload` goes in several |
 * | 1 + n | stream key |
 * | 1 + n | rendition, or the video's codec |
 */

const VERSION = 1;
const FIXED_BYTES = 30;
/** A frame of more parts than this is none of ours: 64 of 1 MiB. */
const MAX_PARTS = 64;
/** Fields are written in these units: 0.1 ms. */
const TENTHS = 10;

/** A rendition of JPEGs, or the video's codec. */
export type FrameForm = RenditionKey | PassedFormat['codec'];
export type FrameKind = 'jpeg' | 'key-unit' | 'delta-unit';
const KINDS: readonly FrameKind[] = ['jpeg', 'key-unit', 'delta-unit'];

export interface FrameHeader {
  readonly kind: FrameKind;
  readonly epoch: number;
  readonly session: number;
  readonly sequence: number;
  /** Since the frame was whole at its owner, ms. */
  readonly ageMs: number;
  /** 0 is unknown. */
  readonly roundTripMs: number;
  readonly part: number;
  readonly parts: number;
  readonly stream: string;
  readonly rendition: FrameForm;
}

export interface ParsedFrame extends FrameHeader {
  /** A view into the message. */
  readonly payload: Uint8Array;
}

/** Bytes of the header with the longest names: what a payload has to leave free. */
export const MAX_HEADER_BYTES = FIXED_BYTES + 2 * (1 + 96);

/** @throws RangeError when a name is longer than 255 bytes, which none of this service's is */
export function writeFrame(header: FrameHeader, payload: Uint8Array): Uint8Array {
  const stream = Buffer.from(header.stream, 'latin1');
  const rendition = Buffer.from(header.rendition, 'latin1');
  const headerBytes = FIXED_BYTES + 2 + stream.length + rendition.length;
  const message = Buffer.allocUnsafe(headerBytes + payload.byteLength);
  message.writeUInt8(VERSION, 0);
  message.writeUInt8(KINDS.indexOf(header.kind) + 1, 1);
  message.writeUInt16BE(headerBytes, 2);
  message.writeDoubleBE(header.epoch, 4);
  message.writeUInt32BE(header.session, 12);
  message.writeUInt32BE(header.sequence, 16);
  message.writeUInt32BE(tenths(header.ageMs, 0xffff_ffff), 20);
  message.writeUInt16BE(tenths(header.roundTripMs, 0xffff), 24);
  message.writeUInt16BE(header.part, 26);
  message.writeUInt16BE(header.parts, 28);
  let at = FIXED_BYTES;
  for (const name of [stream, rendition]) {
    message.writeUInt8(name.length, at);
    name.copy(message, at + 1);
    at += 1 + name.length;
  }
  message.set(payload, at);
  return message;
}

/** @returns `null` for what is no such message, or of a version or kind that this node does not know */
export function readFrame(message: Uint8Array): ParsedFrame | null {
  if (message.byteLength < FIXED_BYTES) return null;
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const kind = KINDS[bytes.readUInt8(1) - 1];
  const headerBytes = bytes.readUInt16BE(2);
  if (bytes.readUInt8(0) !== VERSION || !kind || headerBytes > bytes.length) return null;
  const names: string[] = [];
  let at = FIXED_BYTES;
  for (let i = 0; i < 2; i++) {
    if (at >= headerBytes) return null;
    const end = at + 1 + bytes.readUInt8(at);
    if (end > headerBytes) return null;
    names.push(bytes.toString('latin1', at + 1, end));
    at = end;
  }
  const [stream = '', form = ''] = names;
  const rendition = readForm(kind, form);
  if (!rendition) return null;
  const header = {
    epoch: bytes.readDoubleBE(4),
    part: bytes.readUInt16BE(26),
    parts: bytes.readUInt16BE(28),
  };
  if (!Number.isSafeInteger(header.epoch) || header.part >= header.parts || header.parts > MAX_PARTS)
    return null;
  return {
    ...header,
    kind,
    session: bytes.readUInt32BE(12),
    sequence: bytes.readUInt32BE(16),
    ageMs: bytes.readUInt32BE(20) / TENTHS,
    roundTripMs: bytes.readUInt16BE(24) / TENTHS,
    stream,
    rendition,
    payload: message.subarray(headerBytes),
  };
}

function readForm(kind: FrameKind, text: string): FrameForm | null {
  if (kind === 'jpeg') return isRenditionKey(text) ? text : null;
  return text === 'h264' || text === 'h265' ? text : null;
}

export const isRenditionKey = (text: string): text is RenditionKey => parseRenditionKey(text) !== null;

const tenths = (ms: number, most: number): number => Math.min(most, Math.max(0, Math.round(ms * TENTHS)));

/** What an edge tells an owner: everything up to `sequence` has been taken, the last of it `heldMs` ago. */
export interface Acknowledgement {
  readonly session: number;
  readonly sequence: number;
  readonly heldMs: number;
}

const ACK_BYTES = 10;

export function writeAck({ session, sequence, heldMs }: Acknowledgement): Uint8Array {
  const message = Buffer.allocUnsafe(ACK_BYTES);
  message.writeUInt32BE(session, 0);
  message.writeUInt32BE(sequence, 4);
  message.writeUInt16BE(tenths(heldMs, 0xffff), 8);
  return message;
}

export function readAck(message: Uint8Array): Acknowledgement | null {
  if (message.byteLength < ACK_BYTES) return null;
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  return {
    session: bytes.readUInt32BE(0),
    sequence: bytes.readUInt32BE(4),
    heldMs: bytes.readUInt16BE(8) / TENTHS,
  };
}
