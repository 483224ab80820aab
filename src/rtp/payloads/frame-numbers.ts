import type { H264Sps } from '../../video/h264-sps.js';

/** What frame_num of H.264 pictures (7.4.3) proves: it is one more than that of the last reference picture. */
export class FrameNumbers {
  /** frame_num of the last reference picture; -1 if it is not known. */
  #reference = -1;
  /** The camera counts as the standard says: then numbers prove that nothing is missing. */
  #countsRight = true;

  /**
   * The next picture in the stream. Answers whether it follows on the last reference picture. With `lost` packets
   * missing, fewer than a whole cycle of numbers, that proves that no reference picture is.
   * @param sps `null` if the picture's number is not known
   */
  next(
    sps: H264Sps | null,
    frameNum: number,
    picture: { idr: boolean; reference: boolean },
    lost: number,
  ): boolean {
    const before = this.#reference;
    if (sps === null) {
      if (picture.reference) this.#reference = -1;
      return false;
    }
    const cycle = 2 ** sps.frameNumBits;
    // A picture that is no reference has the number that the next reference has.
    this.#reference = picture.reference ? frameNum : (frameNum + cycle - 1) % cycle;
    if (sps.frameNumGaps || picture.idr || before < 0) return false;
    const follows = frameNum === (before + 1) % cycle;
    if (lost === 0 && !follows) this.#countsRight = false;
    return follows && this.#countsRight && lost < cycle;
  }
}
