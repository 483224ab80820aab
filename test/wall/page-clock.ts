import type { Page } from 'playwright-core';
import { until } from '../support/until.js';

/**
 * The clock of a wall page, driven by the test: `Date` and timers of the page's thread jump ahead, so that dwells of real length pass in
 * no time. Sockets, decoders and canvases stay in real time. The pictures are taken along: their capture times come from the worker,
 * which knows nothing of it, and a jump waits for a report of the worker that names every open tile, since a picture that is
 * older than the jump would be stale, and rightly so.
 */
const IN_PAGE = `(() => {
  const clock = { ahead: 0, jump: 0 };
  Object.defineProperty(window, 'pageClock', { value: clock });
  const RealDate = Date;
  const realNow = Date.now;
  Date.now = () => realNow.call(RealDate) + clock.ahead;
  const waiting = new Map();
  const realSet = setTimeout.bind(window);
  const realClear = clearTimeout.bind(window);
  window.setTimeout = (action, ms = 0, ...args) => {
    const id = realSet(() => {
      waiting.delete(id);
      action(...args);
    }, ms);
    waiting.set(id, { due: Date.now() + ms, run: () => action(...args) });
    return id;
  };
  window.clearTimeout = (id) => {
    waiting.delete(id);
    realClear(id);
  };
  const leap = () => {
    clock.ahead += clock.jump;
    clock.jump = 0;
    const now = Date.now();
    const due = [...waiting].filter(([, timer]) => timer.due <= now).sort(([, a], [, b]) => a.due - b.due);
    for (const [id, { run }] of due) {
      if (!waiting.delete(id)) continue;
      realClear(id);
      realSet(run, 0);
    }
  };
  const tiles = new Map();
  const isTold = (told) => {
    const cameras = new Set(told.map(({ tile }) => tiles.get(tile)));
    const open = document.querySelectorAll('li:not(.away) > camera-tile');
    return [...open].every(({ camera }) => cameras.has(camera));
  };
  const RealWorker = Worker;
  window.Worker = class extends RealWorker {
    constructor(...args) {
      super(...args);
      // Registered before the page's own listener: what it reads is what is written here.
      this.addEventListener('message', ({ data }) => {
        if (data.type !== 'stats') return;
        if (clock.jump > 0 && isTold(data.tiles)) leap();
        for (const stats of data.tiles) stats.capturedAt += clock.ahead;
      });
    }
    postMessage(message, transfer) {
      if (message.type === 'add') tiles.set(message.tile, message.request.camera);
      super.postMessage(message, transfer);
    }
  };
})()`;

export interface PageClock {
  /** Now, by the page: Unix epoch, ms. */
  now(): Promise<number>;
  /** Lets `ms` pass, when all open tiles have just had a picture. */
  advance(ms: number): Promise<void>;
}

/** Call before the page is opened. */
export async function installClock(page: Page): Promise<PageClock> {
  await page.addInitScript(IN_PAGE);
  return {
    now: () => page.evaluate<number>('Date.now()'),
    advance: async (ms) => {
      await page.evaluate(`pageClock.jump = ${ms}`);
      await until('the page has jumped', () => page.evaluate<boolean>('pageClock.jump === 0'));
    },
  };
}
