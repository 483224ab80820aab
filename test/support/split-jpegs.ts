const START = Buffer.of(0xff, 0xd8, 0xff);
const END = Buffer.of(0xff, 0xd9);

/** The JPEG files in bytes that hold several, whatever stands between them. An unfinished one at the end is left out. */
export function splitJpegs(bytes: Buffer): Buffer[] {
  const files: Buffer[] = [];
  for (let from = bytes.indexOf(START); from >= 0;) {
    const end = bytes.indexOf(END, from);
    if (end < 0) break;
    files.push(bytes.subarray(from, end + END.length));
    from = bytes.indexOf(START, end);
  }
  return files;
}
