import type { Page, Worker } from 'playwright-core';
import { numberOfBlocks } from '../lib/frame-number.js';

/**
 * Reads the number of every picture that the wall's worker draws, at the moment when it goes to its canvas. Scripts are text: this
 * project's benches know no DOM types.
 */

/** Run in the worker. `drawn` is what was drawn since it was last asked for: canvas, then the 24 blocks as bits. */
const IN_WORKER = `(() => {
  const ids = new WeakMap();
  let canvases = 0;
  let drawn = [];
  const context = new OffscreenCanvas(24, 1).getContext('2d', { willReadFrequently: true });
  context.imageSmoothingEnabled = false;
  const transfer = ImageBitmapRenderingContext.prototype.transferFromImageBitmap;
  ImageBitmapRenderingContext.prototype.transferFromImageBitmap = function (bitmap) {
    if (!ids.has(this)) ids.set(this, canvases++);
    context.drawImage(bitmap, 0, Math.round(bitmap.height / 24), bitmap.width, 1, 0, 0, 24, 1);
    const { data } = context.getImageData(0, 0, 24, 1);
    let blocks = 0;
    for (let block = 0; block < 24; block += 1) blocks = blocks * 2 + (data[block * 4 + 1] > 127 ? 1 : 0);
    drawn.push(ids.get(this), blocks);
    transfer.call(this, bitmap);
  };
  globalThis.takeDrawn = () => {
    const taken = drawn;
    drawn = [];
    return taken;
  };
})()`;

const BLOCKS = 24;

/** What one canvas showed. */
export interface Drawn {
  pictures: number;
  /** Whose number could not be read. */
  unreadable: number;
  /** The same picture again. */
  repeated: number;
  /** Steps of half of the clip or more: time went back. */
  back: number;
  last: number | null;
}

/** Begins to count. */
export const countDrawn = async (page: Page): Promise<void> => workerOf(page).evaluate(IN_WORKER);

/** Adds what was drawn since the last call to `canvases`. @param modulo numbers of the clip */
export async function takeDrawn(page: Page, canvases: Map<number, Drawn>, modulo: number): Promise<void> {
  const taken = await workerOf(page).evaluate<number[]>('takeDrawn()');
  for (let at = 0; at + 1 < taken.length; at += 2) {
    const canvas = taken[at] ?? -1;
    const drawn = canvases.get(canvas) ?? { pictures: 0, unreadable: 0, repeated: 0, back: 0, last: null };
    canvases.set(canvas, drawn);
    note(drawn, numberOf(taken[at + 1] ?? 0), modulo);
  }
}

function workerOf(page: Page): Worker {
  const [worker] = page.workers();
  if (!worker) throw new Error('the page has no worker');
  return worker;
}

function note(drawn: Drawn, number: number | null, modulo: number): void {
  drawn.pictures += 1;
  if (number === null) {
    drawn.unreadable += 1;
    return;
  }
  const step = drawn.last === null ? 1 : (number - drawn.last + modulo) % modulo;
  if (step === 0) drawn.repeated += 1;
  if (step > modulo / 2) drawn.back += 1;
  drawn.last = number;
}

const numberOf = (blocks: number): number | null =>
  numberOfBlocks(Array.from({ length: BLOCKS }, (_, at) => ((blocks >> (BLOCKS - 1 - at)) & 1) === 1));
