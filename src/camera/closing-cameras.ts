import type { Clock } from '../shared/clock.js';
import { type CameraOpener, openAfter } from '../decoding/camera-run.js';
import type { RtspUrl } from '../source/rtsp-url.js';

/** A new camera waits at most this long for an old one's session, ms: longer than the worker pool lets a run hang (5 s). */
const CLOSE_MS = 6000;

/** A stream's key, and where it comes from; `null` is another node of the cluster. */
interface Source {
  readonly key: string;
  readonly url: RtspUrl | null;
}

/** Cameras that were dropped and have not ended yet. */
export class ClosingCameras {
  readonly #closing = new Set<Source & { readonly gone: Promise<void> }>();

  constructor(private readonly clock: Clock) {}

  /** @param gone resolves when nothing of the camera is left */
  add({ key, url }: Source, gone: Promise<void>): void {
    const camera = { key, url, gone: gone.finally(() => this.#closing.delete(camera)) };
    this.#closing.add(camera);
  }

  async allGone(): Promise<void> {
    await Promise.all([...this.#closing].map(({ gone }) => gone));
  }

  /**
   * An opener that first waits for closing cameras of the same key or the same host: a camera that grants one session would refuse
   * the new run as long as the old one holds it.
   */
  after(key: string, url: RtspUrl, opener: CameraOpener): CameraOpener {
    const before = [...this.#closing].filter(
      (camera) => camera.key === key || (camera.url?.host === url.host && camera.url.port === url.port),
    );
    if (before.length === 0) return opener;
    return openAfter(atMost(Promise.all(before.map(({ gone }) => gone)), CLOSE_MS, this.clock), opener);
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
