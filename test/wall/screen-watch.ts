import type { Page } from 'playwright-core';
import { decodeJpeg, pixel } from '../support/pictures.js';
import { until } from '../support/until.js';

/** What a screen showed, frame by frame, as seen from inside the page. */
export interface Watched {
  /** Shown tiles without a picture, or that said something else than live. */
  readonly faults: readonly string[];
  /** Cameras that were shown. */
  readonly seen: readonly string[];
  readonly frames: number;
}

/** Not those that wait for their turn, nor those that are given up. */
const SHOWN = `document.querySelectorAll('li:not(.next, .away) > camera-tile')`;

/** Looks in every frame of the page: a camera's pictures have a spot brighter than 20 everywhere, a new canvas is transparent. */
const WATCH = `(() => {
  window.watched = { faults: [], seen: [], frames: 0 };
  const copy = new OffscreenCanvas(8, 8).getContext('2d', { willReadFrequently: true });
  const hasPicture = (canvas) => {
    copy.clearRect(0, 0, 8, 8);
    copy.drawImage(canvas, 0, 0, 8, 8);
    const { data } = copy.getImageData(0, 0, 8, 8);
    return data[3] === 255 && Math.max(...data.filter((_, at) => at % 4 !== 3)) > 20;
  };
  const seen = new Set();
  const look = () => {
    watched.frames += 1;
    for (const tile of ${SHOWN}) {
      seen.add(tile.camera);
      const state = tile.getAttribute('state');
      if (state !== 'live' || !hasPicture(tile.shadowRoot.querySelector('canvas')))
        watched.faults.push(tile.camera + ' ' + state + ' at ' + Math.round(performance.now()));
    }
    watched.seen = [...seen];
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()`;

/** From now on; ask for it by `watchedBy`. */
export const watchScreen = (page: Page): Promise<unknown> => page.evaluate(WATCH);

export const watchedBy = (page: Page): Promise<Watched> => page.evaluate<Watched>('watched');

/** Cameras of the tiles that are shown, in their order. */
export const shown = (page: Page): Promise<string[]> =>
  page.evaluate(`[...${SHOWN}].map((tile) => tile.camera)`);

/** Waits until there are shown tiles, and all of them say so. */
export const allSay = (page: Page, state: string, withinMs = 15_000): Promise<true> =>
  until(
    `all shown tiles are ${state}`,
    () =>
      page.evaluate<boolean>(
        `((tiles) => tiles.length > 0 && tiles.every((tile) => tile.getAttribute('state') === '${state}'))([...${SHOWN}])`,
      ),
    withinMs,
  );

interface Box {
  readonly camera: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How bright each shown tile is in a picture of the screen: mean of green in the middle of the tile, 0-255. */
export async function lookAtTiles(
  page: Page,
): Promise<readonly { readonly camera: string; readonly brightness: number }[]> {
  const boxes = await page.evaluate<Box[]>(
    `[...${SHOWN}].map((tile) => ({ camera: tile.camera, ...tile.getBoundingClientRect().toJSON() }))`,
  );
  const screen = decodeJpeg(await page.screenshot({ type: 'jpeg', quality: 80, scale: 'css' }));
  return boxes.map(({ camera, x, y, width, height }) => {
    let sum = 0;
    let count = 0;
    for (let row = 0.3; row < 0.7; row += 0.05)
      for (let column = 0.1; column < 0.9; column += 0.05) {
        sum += pixel(screen, Math.floor(x + column * width), Math.floor(y + row * height))[1];
        count += 1;
      }
    return { camera, brightness: sum / count };
  });
}
