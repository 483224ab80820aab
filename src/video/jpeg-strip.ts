import { JPEG, jpegSegments } from './jpeg.js';

/** What a decoder does not need: APP1 to APP15 but Adobe's (it names the colour transform), and comments. */
const isMetadata = (code: number): boolean =>
  code === JPEG.comment ||
  (code > JPEG.firstApplication && code <= JPEG.lastApplication && code !== JPEG.adobe);

/**
 * A JPEG file without EXIF, other application segments and comments, and without what lies behind its end; the picture's
 * own bytes stay as they are. The same array if there is nothing to take out; `null` if it is no whole JPEG file.
 */
export function stripJpegMetadata(data: Uint8Array): Uint8Array | null {
  const kept: (readonly [number, number])[] = [];
  let keptBytes = 0;
  const keep = (from: number, to: number): void => {
    const last = kept.at(-1);
    if (last?.[1] === from) kept[kept.length - 1] = [last[0], to];
    else kept.push([from, to]);
    keptBytes += to - from;
  };
  if (data[0] !== 0xff || data[1] !== JPEG.startOfImage) return null;
  let at = 0;
  for (;;) {
    let last = -1;
    for (const { code, from, to } of jpegSegments(data, at)) {
      if (!isMetadata(code)) keep(from, to);
      at = to;
      last = code;
    }
    if (last === JPEG.endOfImage) break;
    // Entropy-coded data up to the next marker; a progressive picture has several scans.
    const scanEnd = last === -1 ? -1 : endOfScan(data, at);
    if (scanEnd < 0) return null;
    keep(at, scanEnd);
    at = scanEnd;
  }
  return keptBytes === data.length ? data : joined(data, kept, keptBytes);
}

/** Index of the first marker behind `from` that is neither a stuffed 0xFF nor a restart; -1 if there is none. */
function endOfScan(data: Uint8Array, from: number): number {
  for (let at = data.indexOf(0xff, from); at >= 0; at = data.indexOf(0xff, at + 1)) {
    const code = data[at + 1] ?? 0;
    if (code !== 0 && code !== 0xff && (code < JPEG.firstRestart || code > JPEG.lastRestart)) return at;
  }
  return -1;
}

function joined(data: Uint8Array, parts: readonly (readonly [number, number])[], bytes: number): Uint8Array {
  const file = new Uint8Array(bytes);
  let at = 0;
  for (const [from, to] of parts) {
    file.set(data.subarray(from, to), at);
    at += to - from;
  }
  return file;
}
