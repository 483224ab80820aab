const START_OF_IMAGE = Buffer.from([0xff, 0xd8]);
const END_OF_IMAGE = Buffer.from([0xff, 0xd9]);

/**
 * Cuts a stream of JPEGs at their markers the way that the usual scripts do it: everything unread in one buffer,
 * searched anew for each chunk. It belongs to the baseline: the cost is the point.
 */
export class JpegSplitter {
  #unread: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    const jpegs: Buffer[] = [];
    for (;;) {
      const start = this.#unread.indexOf(START_OF_IMAGE);
      if (start < 0) return jpegs;
      const end = this.#unread.indexOf(END_OF_IMAGE, start + 2);
      if (end < 0) return jpegs;
      jpegs.push(this.#unread.subarray(start, end + 2));
      this.#unread = this.#unread.subarray(end + 2);
    }
  }
}
