import type { Page } from 'playwright-core';

/** Means of the pixels of one colour: red, green, blue of each, 0-255. */
export type PureColours = readonly (readonly number[])[];

/** What is nearly pure red, green and blue in a tile's picture: where a wrong matrix shows most. Empty lists for colours that it lacks. */
export const pureColours = (page: Page, camera: string): Promise<PureColours> =>
  page.evaluate(`(() => {
    const canvas = document.querySelector('camera-tile[camera="${camera}"]').shadowRoot.querySelector('canvas');
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    return [0, 1, 2].map((channel) => {
      const sum = [0, 0, 0];
      let count = 0;
      for (let at = 0; at < data.length; at += 4) {
        const pixel = [data[at], data[at + 1], data[at + 2]];
        if (pixel.some((value, i) => (i === channel ? value < 200 : value > 90))) continue;
        count++;
        pixel.forEach((value, i) => (sum[i] += value));
      }
      return count < 50 ? [] : sum.map((value) => value / count);
    });
  })()`);
