/**
 * Which pictures are left out when only a share of them is to be decoded: those at the end of each group, since every picture needs
 * the one before it. So both decoding and encoding get cheaper in proportion. A group is as long as the one before it. Pure.
 */
export class GroupThinning {
  /** Pictures of the last whole group; 0 before there was one. */
  #length = 0;
  #index = 0;
  #hasBegun = false;
  /** What is to be left out of the present group: from this picture on. */
  #from = Infinity;
  /** Parts of pictures that earlier groups had too many or too few. */
  #carry = 0;

  /**
   * Judges the next picture in decoding order.
   * @param isKey whether it needs no other
   * @param share of the pictures to be decoded, above 0, to 1
   */
  leavesOut(isKey: boolean, share: number): boolean {
    if (isKey) this.#begin(share);
    return this.#index++ >= this.#from;
  }

  #begin(share: number): void {
    this.#length = this.#hasBegun ? this.#index : 0;
    this.#hasBegun = true;
    this.#index = 0;
    this.#from = Infinity;
    if (share >= 1 || this.#length === 0) {
      this.#carry = 0;
      return;
    }
    const wanted = this.#length * share + this.#carry;
    this.#from = Math.max(1, Math.round(wanted));
    this.#carry = Math.min(1, Math.max(-1, wanted - this.#from));
  }
}
