import { setTimeout as sleep } from 'node:timers/promises';
import { frameNumberOfJpeg } from './frame-number.js';
import { Histogram } from './stats.js';
import {
  END_BYTES,
  type LoadResult,
  type MessageEnd,
  type NewestPicture,
  type ViewerLoad,
} from './viewer-load.js';
import { READ_BUFFER_BYTES, connectViewer, type Viewer } from './ws-viewer.js';

const RAMP_TICK_MS = 20;
const POLL_MS = 50;
const CLOSE_WAIT_MS = 2000;

/** The viewers of one load process: opened along a ramp, measured together in one window. */
export class ViewerCrowd {
  readonly #load: ViewerLoad;
  readonly #viewers: Viewer[] = [];
  readonly #newest = new Map<Viewer, { readonly jpeg: Buffer; readonly receivedAt: number }>();
  /** Of the window. */
  readonly #ends = new Map<Viewer, MessageEnd[]>();
  #isMeasuring = false;
  /** Shared by all: a read is handled before the next one begins. */
  readonly #buffer = Buffer.alloc(READ_BUFFER_BYTES);

  constructor(load: ViewerLoad) {
    this.#load = load;
  }

  /** Resolves when every viewer has a frame, is closed, or the time for first frames is over. */
  async open(): Promise<void> {
    const { viewers, rampPerSecond, firstFrameTimeoutMs } = this.#load;
    const began = performance.now();
    while (this.#viewers.length < viewers) {
      const due = Math.ceil(((performance.now() - began + 1) * rampPerSecond) / 1000);
      while (this.#viewers.length < Math.min(viewers, due)) this.#connectNext();
      await sleep(RAMP_TICK_MS);
    }
    await Promise.all(this.#viewers.map((viewer) => viewer.opened.catch(() => undefined)));
    const deadline = performance.now() + firstFrameTimeoutMs;
    const waiting = (viewer: Viewer): boolean =>
      viewer.stats.firstFrameMs === undefined && viewer.stats.closed === undefined;
    while (performance.now() < deadline && this.#viewers.some(waiting)) await sleep(POLL_MS);
    await sleep(this.#load.settleMs);
  }

  async measure(): Promise<LoadResult> {
    const cpu = process.cpuUsage();
    const loop = performance.eventLoopUtilization();
    const began = performance.now();
    for (const viewer of this.#viewers) viewer.stats.beginWindow();
    this.#isMeasuring = true;
    await sleep(this.#load.durationMs);
    this.#isMeasuring = false;
    const ended = performance.now();
    const used = process.cpuUsage(cpu);
    const loopBusy = performance.eventLoopUtilization(loop).utilization;
    const gaps = new Histogram();
    for (const viewer of this.#viewers) gaps.merge(viewer.stats.gaps);
    const newest = this.#viewers.map((viewer) => this.#newestOf(viewer));
    return {
      viewers: this.#viewers.map(({ stats }, at) => ({
        frames: stats.frames,
        bytes: stats.bytes,
        torn: stats.torn,
        openGapMs: stats.openGapMs(ended),
        ...(stats.firstFrameMs === undefined ? {} : { firstFrameMs: stats.firstFrameMs }),
        ...(stats.closed === undefined ? {} : { closed: stats.closed }),
        ...(newest[at] === undefined ? {} : { newest: newest[at] }),
        ...this.#endsOf(at),
      })),
      gaps: gaps.toData(),
      seconds: (ended - began) / 1000,
      cpuSeconds: (used.user + used.system) / 1e6,
      loopBusy,
    };
  }

  #endsOf(at: number): { ends?: MessageEnd[] } {
    const viewer = this.#viewers[at];
    const ends = viewer && this.#ends.get(viewer);
    return ends ? { ends } : {};
  }

  #newestOf(viewer: Viewer): NewestPicture | undefined {
    const kept = this.#newest.get(viewer);
    const number = kept && frameNumberOfJpeg(kept.jpeg);
    return kept && typeof number === 'number' ? { number, receivedAt: kept.receivedAt } : undefined;
  }

  async close(): Promise<void> {
    for (const viewer of this.#viewers) viewer.close();
    await Promise.race([Promise.all(this.#viewers.map((viewer) => viewer.ended)), sleep(CLOSE_WAIT_MS)]);
    for (const viewer of this.#viewers) viewer.destroy();
  }

  #connectNext(): void {
    const { host, port, paths, mode, openTimeoutMs, readRate, headers, tellNewest, tellEnds } = this.#load;
    const path = paths[this.#viewers.length % paths.length] ?? '/';
    const limited = readRate === undefined ? {} : { readRate };
    const extra = headers === undefined ? {} : { headers };
    const ends: MessageEnd[] | null = tellEnds > 0 && this.#viewers.length % tellEnds === 0 ? [] : null;
    const onFrame = (message: Buffer, receivedAt: number): void => {
      if (tellNewest) this.#newest.set(viewer, { jpeg: message, receivedAt });
      if (this.#isMeasuring) ends?.push([message.subarray(-END_BYTES).toString('latin1'), receivedAt]);
    };
    const viewer = connectViewer({
      ...{ host, port, path, mode: ends ? 'keep' : mode, openTimeoutMs, buffer: this.#buffer, onFrame },
      ...limited,
      ...extra,
    });
    if (ends) this.#ends.set(viewer, ends);
    this.#viewers.push(viewer);
  }
}
