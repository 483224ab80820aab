import { BoundedMap } from '../shared/bounded-map.js';
import type { Clock } from '../shared/clock.js';
import { CAMERA_FAULTS, type CameraErrorCode } from '../shared/errors.js';
import type { RunEnd } from '../shared/worker-protocol.js';
import type { RtspUrl } from '../source/rtsp-url.js';
import { type CameraOpener, deferRun } from '../decoding/camera-run.js';

/** A person may have the same credentials tried again this often, ms: cameras lock accounts after some wrong tries in a row. */
const RELEASE_EVERY_MS = 30_000;

/** Sources that are remembered at a time; beyond it the oldest is forgotten. */
const REMEMBERED_SOURCES = 1000;

interface Hold {
  readonly code: CameraErrorCode;
  readonly since: number;
  readonly until: number;
}

/**
 * Credentials that a camera refused, and until when they are not tried again: cameras lock accounts. A hold belongs to the URL
 * with its credentials, not to the camera's name: a corrected URL is tried at once, and the wrong one under another name is not.
 */
export class CredentialHolds {
  /** By the source's identity. */
  readonly #holds = new BoundedMap<string, Hold>(REMEMBERED_SOURCES);

  /** @param holdMs how long refused credentials are left alone, ms */
  constructor(
    private readonly holdMs: number,
    private readonly clock: Clock,
  ) {}

  /** Why this source is left alone now; `null` when it may be tried. */
  find(url: RtspUrl): CameraErrorCode | null {
    const hold = this.#holds.get(url.identity);
    if (!hold) return null;
    if (this.clock.now() < hold.until) return hold.code;
    this.#holds.delete(url.identity);
    return null;
  }

  /**
   * Ends the hold of a source, for a person who has reason to believe that the camera accepts it now.
   * @returns false while it was tried less than RELEASE_EVERY_MS ago
   */
  release(url: RtspUrl): boolean {
    const hold = this.#holds.get(url.identity);
    if (hold && this.clock.now() < hold.since + RELEASE_EVERY_MS) return false;
    this.#holds.delete(url.identity);
    return true;
  }

  /** Forgets a source: it was changed in CONFIG_FILE. */
  forget(url: RtspUrl): void {
    this.#holds.delete(url.identity);
  }

  /** All of them: the source's identity, why, and for how long still, ms. */
  list(): { readonly identity: string; readonly code: CameraErrorCode; readonly leftMs: number }[] {
    const now = this.clock.now();
    return [...this.#holds.entries()]
      .map(([identity, { code, until }]) => ({ identity, code, leftMs: until - now }))
      .filter(({ leftMs }) => leftMs > 0);
  }

  /** An opener that leaves a held source alone, and remembers when it is refused itself. */
  guard(url: RtspUrl, opener: CameraOpener): CameraOpener {
    return {
      open: (request, events) => {
        const code = this.find(url);
        return deferRun(request.plan, async (it): Promise<RunEnd> => {
          if (code) return { code, detail: 'refused a short while ago: not asked again so soon' };
          const end = await it.run((plan) => opener.open({ ...request, plan }, events));
          if (end.code !== 'stopped' && CAMERA_FAULTS[end.code].retry === 'hold') this.#note(url, end.code);
          return end;
        });
      },
    };
  }

  #note(url: RtspUrl, code: CameraErrorCode): void {
    const since = this.clock.now();
    this.#holds.set(url.identity, { code, since, until: since + this.holdMs });
  }
}
