import assert from 'node:assert/strict';
import type { CDPSession, Page } from 'playwright-core';

/**
 * Watches a wall page from inside, without touching what it does: frames drawn by each tile (as its worker reports them),
 * sockets opened, long tasks of the page's thread and the processor time that it used. Scripts are text: this project's tests
 * know no DOM types.
 */

/** Before the page's own scripts: listens along with the page on its worker. */
const IN_PAGE = `(() => {
  const probe = { cameras: {}, drawn: {}, longTasks: [] };
  Object.defineProperty(window, 'probe', { value: probe });
  const RealWorker = Worker;
  window.Worker = class extends RealWorker {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => {
        if (data.type === 'stats') for (const { tile, drawn } of data.tiles) probe.drawn[probe.cameras[tile]] = drawn;
      });
    }
    postMessage(message, transfer) {
      if (message.type === 'add') probe.cameras[message.tile] = message.request.camera;
      super.postMessage(message, transfer);
    }
  };
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) probe.longTasks.push({ at: startTime, ms: duration });
  }).observe({ type: 'longtask', buffered: true });
})()`;

/** A task of the page's thread that took more than 50 ms. */
export interface LongTask {
  /** Page time, ms. */
  readonly at: number;
  /** From its begin to its end, with the time in which the machine ran something else. */
  readonly ms: number;
}

/** Processor time that the page's thread has used up to a page time, both ms. */
interface Usage {
  readonly at: number;
  readonly cpuMs: number;
}

export interface Colours {
  /** Size of the picture as it was drawn. */
  readonly width: number;
  /** Brightest value of any channel in a small copy, 0-255; -1 while there is no picture. */
  readonly brightest: number;
  /** All of the small copy, to compare with another. */
  readonly pixels: string;
}

export class PageProbe {
  /** Sockets that the page and its worker have opened, the closed ones included. */
  sockets = 0;
  readonly #usage: Usage[] = [];
  #sampler: NodeJS.Timeout | undefined;

  private constructor(
    private readonly page: Page,
    private readonly cdp: CDPSession,
  ) {
    page.on('websocket', () => (this.sockets += 1));
  }

  /** Call before the page is opened. */
  static async install(page: Page): Promise<PageProbe> {
    await page.addInitScript(IN_PAGE);
    const cdp = await page.context().newCDPSession(page);
    // "threadTicks": durations are processor time of the page's thread, not time on the wall.
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    return new PageProbe(page, cdp);
  }

  /** Frames drawn since the page began, by camera. */
  drawn(): Promise<Readonly<Record<string, number>>> {
    return this.page.evaluate('({ ...probe.drawn })');
  }

  /** Page time, ms. */
  now(): Promise<number> {
    return this.page.evaluate('performance.now()');
  }

  longTasks(): Promise<readonly LongTask[]> {
    return this.page.evaluate('probe.longTasks.slice()');
  }

  /** A small copy of a tile's canvas. */
  colours(camera: string): Promise<Colours> {
    return this.page.evaluate(`(() => {
      const source = document.querySelector('camera-tile[camera="${camera}"]').shadowRoot.querySelector('canvas');
      const copy = window.probeCopy ??= new OffscreenCanvas(16, 9).getContext('2d', { willReadFrequently: true });
      copy.clearRect(0, 0, 16, 9);
      if (source.width === 0) return { width: 0, brightest: -1, pixels: '' };
      copy.drawImage(source, 0, 0, 16, 9);
      const { data } = copy.getImageData(0, 0, 16, 9);
      const opaque = data[3] === 255;
      return {
        width: source.width,
        brightest: opaque ? Math.max(...data.filter((_, at) => at % 4 !== 3)) : -1,
        pixels: data.join(),
      };
    })()`);
  }

  /** Processor time of the page's thread so far, ms. */
  async usage(): Promise<Usage> {
    const { metrics } = await this.cdp.send('Performance.getMetrics');
    const task = metrics.find(({ name }) => name === 'TaskDuration');
    assert.ok(task, 'this Chromium tells no TaskDuration');
    return { at: await this.now(), cpuMs: task.value * 1000 };
  }

  /** Samples the processor time every `everyMs` until `stopSampling`. */
  startSampling(everyMs: number): void {
    const sample = (): void => {
      this.usage()
        .then((usage) => this.#usage.push(usage))
        // The page is gone: its test has ended, or says so itself.
        .catch(() => undefined)
        .finally(() => {
          if (this.#sampler) this.#sampler = setTimeout(sample, everyMs);
        });
    };
    this.#sampler = setTimeout(sample, 0);
  }

  stopSampling(): void {
    clearTimeout(this.#sampler);
    this.#sampler = undefined;
  }

  /**
   * The most processor time that a long task can have used, ms: what the thread used between the samples around it, and never
   * more than it lasted. A thread that waits for a processor is blocked too, but not by its page.
   */
  workOf({ at, ms }: LongTask): number {
    const before = this.#usage.findLast((usage) => usage.at <= at);
    const after = this.#usage.find((usage) => usage.at >= at + ms);
    return before && after ? Math.min(ms, after.cpuMs - before.cpuMs) : ms;
  }
}
