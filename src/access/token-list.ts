import { createHash, timingSafeEqual } from 'node:crypto';

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Tokens of a setting, which are kept as digests: those have one length, whatever is compared. */
export class TokenList {
  readonly #digests: readonly Buffer[];

  constructor(tokens: readonly string[]) {
    this.#digests = tokens.filter((token) => token !== '').map(sha256);
  }

  get size(): number {
    return this.#digests.length;
  }

  /** Place of a token in the list, from 0, or -1. The whole list is walked whatever matches. */
  placeOf(token: string): number {
    const presented = sha256(token);
    let place = -1;
    this.#digests.forEach((digest, index) => {
      if (timingSafeEqual(digest, presented)) place = index;
    });
    return place;
  }
}
