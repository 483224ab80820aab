/** Bits as text, for Exp-Golomb codes (ITU-T H.264, 9.1). */
const ue = (value: number): string => {
  const code = (value + 1).toString(2);
  return '0'.repeat(code.length - 1) + code;
};

/** A sequence parameter set of the baseline profile with sixteen reference pictures (ITU-T H.264, 7.3.2.1.1). Blocks are of 16 pixels. */
export function parameterSet(set: { id: number; widthInBlocks: number; heightInBlocks: number }): Buffer {
  const size = [ue(set.widthInBlocks - 1), ue(set.heightInBlocks - 1)];
  const bits = [ue(set.id), ue(0), ue(2), ue(16), '0', ...size, '1', '1', '0', '0', '1'].join('');
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  const body = padded.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [];
  return Buffer.of(0x67, 66, 0, 62, ...body);
}
