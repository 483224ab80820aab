import type { Page } from 'playwright-core';
import { numberOfBlocks } from '../../bench/lib/frame-number.js';

/**
 * Looks at the canvases of a page in each of its frames, and keeps every change: which number the picture carries, how large it
 * is, and whether there is one at all.
 */

const IN_PAGE = `(() => {
  const seen = {};
  Object.defineProperty(window, 'seen', { value: seen });
  const copy = new OffscreenCanvas(1920, 8).getContext('2d', { willReadFrequently: true });
  const look = (canvas) => {
    const { width, height } = canvas;
    if (width === 0) return { width: 0, blocks: '', dark: true };
    const y = Math.round(height / 24);
    copy.clearRect(0, 0, width, 1);
    copy.drawImage(canvas, 0, y, width, 1, 0, 0, width, 1);
    const { data } = copy.getImageData(0, 0, width, 1);
    let blocks = '';
    for (let block = 0; block < 24; block += 1) {
      const at = 4 * Math.floor(((block + 0.5) * width) / 24);
      blocks += data[at + 1] > 127 ? '1' : '0';
    }
    return { width, blocks, dark: data[3] !== 255 };
  };
  const each = () => {
    for (const tile of document.querySelectorAll('camera-tile')) {
      const list = (seen[tile.camera] ??= []);
      const now = look(tile.shadowRoot.querySelector('canvas'));
      const last = list.at(-1);
      if (last && last.blocks === now.blocks && last.width === now.width && last.dark === now.dark) continue;
      list.push({ at: performance.timeOrigin + performance.now(), ...now });
    }
    requestAnimationFrame(each);
  };
  addEventListener('DOMContentLoaded', each);
})()`;

/** A change of a tile's picture. */
export interface SeenPicture {
  /** Unix epoch, ms. */
  readonly at: number;
  readonly width: number;
  /** Null if none can be read. */
  readonly number: number | null;
  /** There is no picture. */
  readonly dark: boolean;
}

/** Call before the page is opened. */
export const watchCanvases = (page: Page): Promise<void> => page.addInitScript(IN_PAGE).then(() => undefined);

/** What a tile showed since the page was opened, oldest first. */
export async function seenPictures(page: Page, camera: string): Promise<SeenPicture[]> {
  const seen = await page.evaluate<{ at: number; width: number; blocks: string; dark: boolean }[]>(
    `(seen[${JSON.stringify(camera)}] ?? []).slice()`,
  );
  return seen.map(({ at, width, blocks, dark }) => ({
    at,
    width,
    dark,
    number: dark ? null : numberOfBlocks(Array.from(blocks, (block) => block === '1')),
  }));
}
