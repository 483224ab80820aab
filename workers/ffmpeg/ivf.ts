/**
 * The container in which FFmpeg gets access units on its standard input. It says where each of them ends, so that no parser waits for
 * the next one, and gives each a time, which FFmpeg hands on to the picture (also where pictures are shown in another order, or left
 * out). It is 12 bytes a unit, and FFmpeg's demuxer takes any codec in it that is named by `-c:v`.
 *
 * Layout: libavformat/ivfdec.c. Header: `DKIF`, version (2 bytes), header's length (2), FourCC (4), width (2), height (2),
 * denominator (4) and numerator (4) of the time base, frames (4), unused (4). Each unit: length (4), time (8). Little endian.
 */
const IVF_HEADER_BYTES = 32;
const IVF_UNIT_BYTES = 12;

/** Ticks of the container's times in a second. */
export const TICKS_PER_SECOND = 1000;

const FOUR_GIGA = 2 ** 32;

/** @param size of the picture, pixels; FFmpeg learns the real one from the stream */
export function ivfHeader({ width, height }: { width: number; height: number }): Uint8Array {
  const header = new Uint8Array(IVF_HEADER_BYTES);
  const view = new DataView(header.buffer);
  header.set([0x44, 0x4b, 0x49, 0x46]);
  view.setUint16(6, IVF_HEADER_BYTES, true);
  // A FourCC that FFmpeg knows as video: which one does not matter.
  header.set([0x48, 0x32, 0x36, 0x34], 8);
  view.setUint16(12, width, true);
  view.setUint16(14, height, true);
  view.setUint32(16, TICKS_PER_SECOND, true);
  view.setUint32(20, 1, true);
  return header;
}

/**
 * What goes in front of a unit.
 * @param bytes of the unit
 * @param ticks its time of display, a whole number from 0 to 2^53
 */
export function ivfUnitHeader(bytes: number, ticks: number): Uint8Array {
  const header = new Uint8Array(IVF_UNIT_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, bytes, true);
  view.setUint32(4, ticks % FOUR_GIGA, true);
  view.setUint32(8, Math.floor(ticks / FOUR_GIGA), true);
  return header;
}
