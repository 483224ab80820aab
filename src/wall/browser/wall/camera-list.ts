import { listDelay } from '../../page/retry-delay.js';
import { type ListedCamera, parseCameraList, parseViewList } from '../../page/server-messages.js';
import type { View } from '../../page/view.js';
import { servicePath } from './navigation.js';

export interface CameraListEvents {
  /** @param editable whether administrators may change the cameras of the configuration */
  listed(cameras: readonly ListedCamera[], views: readonly View[], editable: boolean): void;
  /** The service wants a token, or another one. */
  refused(): void;
}

/** Asks the service again and again which cameras and views there are. Without an answer the last list stands. */
export class CameraList {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** When it may be asked again after a refusal: page time, ms. */
  #notBefore = 0;
  #asking = false;
  #views: readonly View[] = [];

  constructor(private readonly events: CameraListEvents) {
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.refresh();
    });
    this.refresh();
  }

  /** Asks now, unless that was refused a short while ago. Hidden pages ask when they are shown. */
  refresh(): void {
    if (this.#asking || document.hidden || performance.now() < this.#notBefore) return;
    clearTimeout(this.#timer);
    void this.#ask();
  }

  /** The service let this page in again: a list that it refused may be had now. */
  forgive(): void {
    this.#notBefore = 0;
    this.refresh();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    const [{ status, list: cameras }, { list: views }] = await Promise.all([
      fetchList(servicePath('api/cameras'), parseCameraList),
      fetchList(servicePath('api/views'), parseViewList),
    ]);
    this.#asking = false;
    this.#failures = cameras ? 0 : this.#failures + 1;
    const wait = listDelay(this.#failures, status, Math.random());
    const refused = status === 401 || status === 403 || status === 429;
    this.#notBefore = refused ? performance.now() + wait : 0;
    this.#timer = setTimeout(() => this.refresh(), wait);
    if (views) this.#views = views;
    if (cameras) this.events.listed(cameras.list, this.#views, cameras.editable);
    else if (status === 401 || status === 403) this.events.refused();
  }
}

async function fetchList<T>(
  path: string,
  parse: (json: unknown) => T | null,
): Promise<{ readonly status: number; readonly list: T | null }> {
  try {
    const answer = await fetch(path, { headers: { Accept: 'application/json' }, cache: 'no-store' });
    return { status: answer.status, list: answer.ok ? parse(await answer.json()) : null };
  } catch {
    return { status: 0, list: null };
  }
}
