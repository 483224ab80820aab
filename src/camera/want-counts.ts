import type { PictureWant, Want } from '../decoding/decode-plan.js';
import { type Rendition, type RenditionKey, renditionKey } from '../shared/rendition.js';

/** How many viewers want each rendition at each rate. Counted in and out, so that a plan need not look at every viewer. */
export class WantCounts {
  readonly #renditions = new Map<
    RenditionKey,
    { readonly rendition: Rendition; readonly rates: Map<number | null, number> }
  >();

  /** Viewers who want the video as it comes. */
  #video = 0;

  add(want: Want): void {
    if (want === 'video') this.#video++;
    else this.#addPicture(want);
  }

  /** @param want one that was added */
  remove(want: Want): void {
    if (want === 'video') this.#video--;
    else this.#removePicture(want);
  }

  /** For each wanted rendition one want, at the highest of its rates; and one for video. */
  wants(): Want[] {
    const pictures = [...this.#renditions.values()].map(({ rendition, rates }) => ({
      rendition,
      fps: highest(rates.keys()),
    }));
    return this.#video > 0 ? [...pictures, 'video'] : pictures;
  }

  #addPicture({ rendition, fps }: PictureWant): void {
    const key = renditionKey(rendition);
    let entry = this.#renditions.get(key);
    if (!entry) this.#renditions.set(key, (entry = { rendition, rates: new Map() }));
    entry.rates.set(fps, (entry.rates.get(fps) ?? 0) + 1);
  }

  #removePicture({ rendition, fps }: PictureWant): void {
    const key = renditionKey(rendition);
    const rates = this.#renditions.get(key)?.rates;
    const left = (rates?.get(fps) ?? 0) - 1;
    if (left > 0) rates?.set(fps, left);
    else rates?.delete(fps);
    if (rates?.size === 0) this.#renditions.delete(key);
  }
}

/** `null` is the rate of the source. */
function highest(rates: Iterable<number | null>): number | null {
  let most = 0;
  for (const fps of rates) {
    if (fps === null) return null;
    most = Math.max(most, fps);
  }
  return most;
}
