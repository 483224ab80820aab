/** The tables that RFC 2435 leaves out of its packets. */

/** ITU-T T.81, tables K.1 and K.2, in zigzag order: for Q of 50. */
const LUMA = Uint8Array.of(
  ...[16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40],
  ...[26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51],
  ...[56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87],
  ...[95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99],
);
const CHROMA = Uint8Array.of(
  ...[17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99],
  ...new Array<number>(48).fill(99),
);

/** Both quantization tables of a Q from 1 to 99, luma first (RFC 2435, appendix A). */
export function quantizationTables(q: number): Uint8Array {
  const factor = q < 50 ? Math.floor(5000 / q) : 200 - q * 2;
  const scaled = (value: number): number =>
    Math.max(1, Math.min(255, Math.floor((value * factor + 50) / 100)));
  return Uint8Array.from([...LUMA, ...CHROMA], scaled);
}

/** T.81, K.3.3: code lengths, then values. */
const DC_VALUES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const LUMA_DC = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const CHROMA_DC = [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0];
const LUMA_AC = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d];
const CHROMA_AC = [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77];

const hex = (digits: string): number[] => [...Buffer.from(digits.replaceAll(' ', ''), 'hex')];

/** T.81, table K.5 */
const LUMA_AC_VALUES = hex(
  '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a' +
    '3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a' +
    '92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9da' +
    'e1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
);
/** T.81, table K.6 */
const CHROMA_AC_VALUES = hex(
  '0001020311040521310612415107617113223281081442 91a1b1c109233352f0156272d10a162434e125f11718191a262728292a' +
    '35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a' +
    '92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9da' +
    'e2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa',
);

/** The four Huffman tables of baseline JPEG, as the content of one DHT segment: class and id, lengths, values. */
export const HUFFMAN_TABLES: readonly number[] = [
  ...[0x00, ...LUMA_DC, ...DC_VALUES],
  ...[0x10, ...LUMA_AC, ...LUMA_AC_VALUES],
  ...[0x01, ...CHROMA_DC, ...DC_VALUES],
  ...[0x11, ...CHROMA_AC, ...CHROMA_AC_VALUES],
];
