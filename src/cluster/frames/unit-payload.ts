import { z } from 'zod';
import type { VideoUnit } from '../../camera/video-channel.js';
import type { UnitMessage } from '../../shared/worker-protocol.js';
import type { FrameKind } from './frame-codec.js';

/**
 * An access unit as the payload of a frame message. Big-endian:
 *
 * | bytes | field |
 * | --- | --- |
 * | 1 | 1: it needs units before the key unit that it follows; 2: a key unit in front of which units are missing |
 * | 2 | length of the format |
 * | n | the video's format as JSON, of key units; empty of others |
 * | | the unit in Annex B |
 */
const FIXED_BYTES = 3;
const LEADING = 1;
const FOLLOWS_GAP = 2;

const size = z.int().min(1).max(65_535);
/** What an edge's viewers are told of the video: a node of another version may tell more. */
const passedFormat = z.object({
  codec: z.enum(['h264', 'h265']),
  codecString: z.string().regex(/^[A-Za-z0-9.]{1,64}$/),
  width: size,
  height: size,
  displayWidth: size.optional(),
  displayHeight: size.optional(),
  bt601: z.enum(['limited', 'full']).optional(),
});

export function writeUnit({ kind, data, isLeading, followsGap, format }: VideoUnit): Uint8Array {
  const words = kind === 'key' ? Buffer.from(JSON.stringify(format)) : Buffer.alloc(0);
  const payload = Buffer.allocUnsafeSlow(FIXED_BYTES + words.length + data.byteLength);
  payload.writeUInt8(isLeading ? LEADING : followsGap ? FOLLOWS_GAP : 0, 0);
  payload.writeUInt16BE(words.length, 1);
  payload.set(words, FIXED_BYTES);
  payload.set(new Uint8Array(data), FIXED_BYTES + words.length);
  return payload;
}

/** @returns `null` for what is no such payload */
export function readUnit(
  kind: Exclude<FrameKind, 'jpeg'>,
  payload: ArrayBuffer,
  capturedAt: number,
): UnitMessage | null {
  if (payload.byteLength < FIXED_BYTES) return null;
  const bytes = Buffer.from(payload);
  const begin = FIXED_BYTES + bytes.readUInt16BE(1);
  if (begin >= bytes.length) return null;
  const unit = {
    type: 'unit',
    data: payload.slice(begin),
    capturedAt,
    isLeading: bytes.readUInt8(0) === LEADING,
  } as const;
  if (kind === 'delta-unit') return { ...unit, kind: 'delta' };
  const format = parseFormat(bytes.toString('utf8', FIXED_BYTES, begin));
  return format && { ...unit, kind: 'key', format, followsGap: bytes.readUInt8(0) === FOLLOWS_GAP };
}

function parseFormat(text: string): Extract<UnitMessage, { kind: 'key' }>['format'] | null {
  try {
    const { displayWidth, displayHeight, bt601, ...rest } = passedFormat.parse(JSON.parse(text));
    const format = bt601 ? { ...rest, bt601 } : rest;
    return displayWidth && displayHeight ? { ...format, displayWidth, displayHeight } : format;
  } catch {
    return null;
  }
}
