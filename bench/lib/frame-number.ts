import jpegTurbo from 'jpeg-turbo';

/**
 * A number written into the picture itself, as one row of black and white blocks along its upper edge.
 *
 * The row has 24 blocks of equal width: black, white (start), 12 data bits, 8 check bits, white, black (end); most
 * significant bit first, white is 1. It is a twelfth of the picture's height. A block of a 320x180 picture is thus
 * 13x15 pixels, which scaling and JPEG leave readable. The check is a CRC-8 (polynomial 0x07, start value 0xff):
 * with the start and end blocks, and as every block must be clearly black or white, a damaged row reads as `null`.
 */

/** Numbers run from 0 to this, less one. */
export const FRAME_NUMBER_LIMIT = 4096;

const DATA_BITS = 12;
const CHECK_BITS = 8;
const BLOCKS = 24;
const FIRST_DATA_BLOCK = 2;
const FIRST_CHECK_BLOCK = FIRST_DATA_BLOCK + DATA_BITS;
/** Below this width a block is under four pixels: scaling and JPEG blur it into its neighbours. */
const MIN_WIDTH = BLOCKS * 4;
const MIN_HEIGHT = 48;
const ROWS_OF_HEIGHT = 12;
/** Luma (0-255, limited or full range) up to which a block is black, and from which it is white. */
const BLACK_MAX = 88;
const WHITE_MIN = 168;

/** CRC-8 of a 12-bit number: remainder by x^8+x^2+x+1, register preset to ones. */
function check(value: number): number {
  let register = 0xff;
  for (let bit = DATA_BITS - 1; bit >= 0; bit--) {
    const out = ((register >> 7) ^ (value >> bit)) & 1;
    register = (register << 1) & 0xff;
    if (out === 1) register ^= 0x07;
  }
  return register;
}

/** The 24 blocks of `value` from left to right; true is white. */
export function blocksOf(value: number): boolean[] {
  const bits = (word: number, count: number): boolean[] =>
    Array.from({ length: count }, (_, i) => ((word >> (count - 1 - i)) & 1) === 1);
  return [false, true, ...bits(value, DATA_BITS), ...bits(check(value), CHECK_BITS), true, false];
}

/** Reads the 24 blocks (true is white); null if they are no valid number. */
export function numberOfBlocks(blocks: readonly boolean[]): number | null {
  let value = 0;
  for (let i = FIRST_DATA_BLOCK; i < FIRST_CHECK_BLOCK; i++) value = value * 2 + (blocks[i] === true ? 1 : 0);
  const expected = blocksOf(value);
  return blocks.length === BLOCKS && expected.every((white, i) => white === blocks[i]) ? value : null;
}

const edge = (block: number, width: number): number => Math.round((block * width) / BLOCKS);
const rowHeight = (height: number): number => Math.floor(height / ROWS_OF_HEIGHT);

/**
 * FFmpeg filter that draws the frame counter `n` (taken modulo 4096) on pictures of this size.
 *
 * A bit is white when a sum of shifted counters is odd: the CRC is linear, so each check bit is the parity of a fixed
 * set of data bits, and plain `drawbox` with an `enable` expression draws it; `geq` would be hundreds of times slower.
 */
export function frameNumberFilter(width: number, height: number): string {
  const h = rowHeight(height);
  const box = (block: number, enable?: string): string => {
    const x = edge(block, width);
    const timeline = enable === undefined ? '' : `:enable='${enable}'`;
    return `drawbox=x=${x}:y=0:w=${edge(block + 1, width) - x}:h=${h}:color=white:t=fill${timeline}`;
  };
  const shifted = (bit: number): string => `floor(n/${2 ** bit})`;
  const boxes = [`drawbox=x=0:y=0:w=${width}:h=${h}:color=black:t=fill`, box(1), box(BLOCKS - 2)];
  for (let bit = 0; bit < DATA_BITS; bit++) {
    boxes.push(box(FIRST_CHECK_BLOCK - 1 - bit, `mod(${shifted(bit)},2)`));
  }
  for (let bit = 0; bit < CHECK_BITS; bit++) {
    const terms = [String((check(0) >> bit) & 1)];
    for (let data = 0; data < DATA_BITS; data++) {
      if ((((check(1 << data) ^ check(0)) >> bit) & 1) === 1) terms.push(shifted(data));
    }
    boxes.push(box(BLOCKS - 3 - bit, `mod(${terms.join('+')},2)`));
  }
  return boxes.join(',');
}

/** Mean luma of the middle half of a block. */
function blockLuma(luma: Uint8Array, stride: number, block: number, width: number, h: number): number {
  const left = edge(block, width);
  const right = edge(block + 1, width);
  const margin = Math.floor((right - left) / 4);
  const top = Math.floor(h / 4);
  let sum = 0;
  let count = 0;
  for (let y = top; y < h - top; y++) {
    for (let x = left + margin; x < right - margin; x++) {
      sum += luma[y * stride + x] ?? 0;
      count++;
    }
  }
  return sum / count;
}

/**
 * Reads the number from a luma plane (or any grey picture).
 * @param stride bytes from row to row; `width` if left out.
 * @returns 0-4095, or null if the picture carries no number that can be trusted.
 */
export function readFrameNumber(
  luma: Uint8Array,
  width: number,
  height: number,
  stride = width,
): number | null {
  if (width < MIN_WIDTH || height < MIN_HEIGHT) return null;
  const h = rowHeight(height);
  if (luma.length < stride * (h - 1) + width) return null;
  const blocks: boolean[] = [];
  for (let block = 0; block < BLOCKS; block++) {
    const mean = blockLuma(luma, stride, block, width, h);
    if (mean > BLACK_MAX && mean < WHITE_MIN) return null;
    blocks.push(mean >= WHITE_MIN);
  }
  return numberOfBlocks(blocks);
}

/** Reads the number from a JPEG; null if it cannot be decoded or carries none. */
export function frameNumberOfJpeg(jpeg: Uint8Array): number | null {
  try {
    const source = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
    const picture = jpegTurbo.decompressSync(source, { format: jpegTurbo.FORMAT_GRAY });
    return readFrameNumber(picture.data, picture.width, picture.height);
  } catch {
    return null;
  }
}

/**
 * The absolute count that shows as `number` on pictures counted modulo `modulo`, and is nearest to `near`.
 * @param near the absolute count of the picture before, or any guess that is off by less than half of `modulo`.
 */
export function unwrap(number: number, near: number, modulo: number): number {
  const ahead = (((number - near) % modulo) + modulo) % modulo;
  return ahead * 2 <= modulo ? near + ahead : near + ahead - modulo;
}
