/** How many zero bits a ue(v) may begin with: 32 is the longest code of H.264 and H.265 (9.1). */
const MAX_LEADING_ZEROS = 32;

const NO_DATA = new Uint8Array(0);

/**
 * Reads bits and Exp-Golomb codes. What lies beyond the end reads as 0 and makes `ranOut` true, so that callers look once
 * at the end instead of at each field. A reader can be used again and again: it allocates nothing.
 */
export class BitReader {
  #data: Uint8Array = NO_DATA;
  #next = 0;
  #end = 0;
  #escaped = false;
  #byte = 0;
  #bitsLeft = 0;
  /** Zero bytes in a row just before `#next`. */
  #zeros = 0;
  #truncated = false;

  /** `escaped`: H.264 and H.265, where a 3 behind two zero bytes is an emulation prevention byte and is passed over. */
  reset(data: Uint8Array, from: number, to: number, escaped: boolean): this {
    this.#data = data;
    this.#next = from;
    this.#end = Math.min(to, data.length);
    this.#escaped = escaped;
    this.#bitsLeft = 0;
    this.#zeros = 0;
    this.#truncated = false;
    return this;
  }

  /** Whether something was read that is not there. */
  ranOut(): boolean {
    return this.#truncated;
  }

  bit(): number {
    if (this.#bitsLeft === 0) this.#fetch();
    this.#bitsLeft -= 1;
    return (this.#byte >> this.#bitsLeft) & 1;
  }

  flag(): boolean {
    return this.bit() === 1;
  }

  /** 0 to 32 bits as an unsigned number. */
  bits(count: number): number {
    let value = 0;
    let wanted = count;
    while (wanted > 0) {
      if (this.#bitsLeft === 0) this.#fetch();
      const taken = Math.min(wanted, this.#bitsLeft);
      this.#bitsLeft -= taken;
      wanted -= taken;
      // Not by shifts: 32 bits would turn negative.
      value = value * (1 << taken) + ((this.#byte >> this.#bitsLeft) & ((1 << taken) - 1));
    }
    return value;
  }

  skip(count: number): void {
    let wanted = count;
    while (wanted > 0 && !this.#truncated) {
      if (this.#bitsLeft === 0) this.#fetch();
      const taken = Math.min(wanted, this.#bitsLeft);
      this.#bitsLeft -= taken;
      wanted -= taken;
    }
  }

  /** ue(v): 0 to 2^32 - 1. A code that is too long counts as run out and reads as 0. */
  unsignedGolomb(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      zeros += 1;
      if (zeros > MAX_LEADING_ZEROS || this.#truncated) {
        this.#truncated = true;
        return 0;
      }
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v) */
  signedGolomb(): number {
    const code = this.unsignedGolomb();
    return code % 2 === 1 ? (code + 1) / 2 : 0 - code / 2;
  }

  #fetch(): void {
    if (this.#escaped && this.#zeros >= 2 && this.#next < this.#end && this.#data[this.#next] === 3) {
      this.#next += 1;
      this.#zeros = 0;
    }
    this.#bitsLeft = 8;
    if (this.#next >= this.#end) {
      this.#truncated = true;
      this.#byte = 0;
      return;
    }
    this.#byte = this.#data[this.#next] ?? 0;
    this.#next += 1;
    this.#zeros = this.#byte === 0 ? this.#zeros + 1 : 0;
  }
}
