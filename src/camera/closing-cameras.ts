import type { Clock } from '../shared/clock.js';
import { type CameraOpener, openAfter } from '../decoding/camera-run.js';
import type { RtspUrl } from '../source/rtsp-url.js';

/** A new camera waits at most this long for an old one's session, ms: longer than the worker pool lets a run hang (5 s). */
const LEAVE_MS = 6000;

/** A stream's key, and where it comes from. */
interface Source {
  readonly key: string;
  readonly url: RtspUrl;
}

/** Cameras that were dropped and are still on their way out. */
export class ClosingCameras {
  readonly #leaving = new Set<Source & { readonly gone: Promise<void> }>();

  constructor(private readonly clock: Clock) {}

  /** @param gone resolves when nothing of the camera is left */
  add({ key, url }: Source, gone: Promise<void>): void {
    const leaver = { key, url, gone: gone.finally(() => this.#leaving.delete(leaver)) };
    this.#leaving.add(leaver);
  }

  async allGone(): Promise<void> {
    await Promise.all([...this.#leaving].map(({ gone }) => gone));
  }

  /**
   * An opener that first lets those go that leave the same key or the same host now: a camera that grants one session would refuse
   * the new run as long as the old one holds it.
   */
  after({ key, url }: Source, opener: CameraOpener): CameraOpener {
    const before = [...this.#leaving].filter(
      (leaver) => leaver.key === key || (leaver.url.host === url.host && leaver.url.port === url.port),
    );
    if (before.length === 0) return opener;
    return openAfter(atMost(Promise.all(before.map(({ gone }) => gone)), LEAVE_MS, this.clock), opener);
  }
}

/** Resolves with `promise`, or after `ms`. */
function atMost(promise: Promise<unknown>, ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    void promise.then(() => {
      cancel();
      resolve();
    });
  });
}
