import { frameNumberOfJpeg } from './frame-number.js';

/** When a camera sent its pictures: absolute number and Unix epoch in ms, ascending. What the virtual cameras' log gives. */
export type SentLog = readonly (readonly [absolute: number, epochMs: number])[];

/** Which picture of the camera a received JPEG is. */
export interface FrameIdentity {
  readonly absolute: number;
  /** From the camera's socket to the viewer's last byte, ms. */
  readonly ageMs: number;
}

/**
 * Finds a received frame in the camera's log.
 * @param modulo number of frames in the camera's loop: a frame that is older than one loop would be taken for a younger one.
 * @returns null when the number cannot be read, or the log does not reach back to it.
 */
export function identify(
  jpeg: Uint8Array,
  receivedAt: number,
  log: SentLog,
  modulo: number,
): FrameIdentity | null {
  const number = frameNumberOfJpeg(jpeg);
  return number === null ? null : identifyNumber(number, receivedAt, log, modulo);
}

/** The same for a number that was read before. */
export function identifyNumber(
  number: number,
  receivedAt: number,
  log: SentLog,
  modulo: number,
): FrameIdentity | null {
  const newest = log[firstIndex(log, ([, at]) => at > receivedAt) - 1];
  if (newest === undefined) return null;
  const behind = (((newest[0] - number) % modulo) + modulo) % modulo;
  const absolute = newest[0] - behind;
  const sent = log[firstIndex(log, ([other]) => other >= absolute)];
  return sent?.[0] === absolute ? { absolute, ageMs: receivedAt - sent[1] } : null;
}

/** Index of the first entry that is past; the log's length when none is. */
function firstIndex(log: SentLog, isPast: (entry: readonly [number, number]) => boolean): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = log[middle];
    if (entry === undefined || isPast(entry)) high = middle;
    else low = middle + 1;
  }
  return low;
}
