/** `WIDTHxHEIGHT` of a baseline JPEG, from its SOF0 segment (ITU-T T.81, B.2.2). */
export function jpegSize(jpeg: Uint8Array): string {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  for (let at = 2; at + 9 < jpeg.length; at += 2 + view.getUint16(at + 2)) {
    if (view.getUint16(at) === 0xffc0) return `${view.getUint16(at + 7)}x${view.getUint16(at + 5)}`;
  }
  return 'no SOF0';
}
