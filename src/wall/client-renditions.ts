import { RefusedError } from '../shared/errors.js';

/**
 * Most renditions of one camera that one browser may have at once. Each is encoded for itself. The wall page has one or two
 * of a camera: a small tile's, a large tile's, and for a moment both.
 */
export const MAX_RENDITIONS_PER_CAMERA = 4;

/** Which renditions of which cameras one browser is sent, over all of its tiles. */
export class ClientRenditions {
  readonly #tiles = new Map<string, Map<string, number>>();

  /**
   * Counts a tile in.
   * @param stream stream key of the camera
   * @param rendition as it is encoded, after the service has chosen among the sizes that it offers
   * @throws RefusedError `too_many_renditions`
   */
  add(stream: string, rendition: string): void {
    const tiles = this.#tiles.get(stream) ?? new Map<string, number>();
    const count = tiles.get(rendition) ?? 0;
    if (count === 0 && tiles.size >= MAX_RENDITIONS_PER_CAMERA)
      throw new RefusedError(
        'too_many_renditions',
        `at most ${MAX_RENDITIONS_PER_CAMERA} sizes and qualities of one camera on one socket: use one that you have`,
      );
    this.#tiles.set(stream, tiles.set(rendition, count + 1));
  }

  /** Counts a tile out that was counted in. */
  remove(stream: string, rendition: string): void {
    const tiles = this.#tiles.get(stream);
    const left = (tiles?.get(rendition) ?? 0) - 1;
    if (left > 0) tiles?.set(rendition, left);
    else tiles?.delete(rendition);
    if (tiles?.size === 0) this.#tiles.delete(stream);
  }
}
