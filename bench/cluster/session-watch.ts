import type { SpawnedCameras } from '../virtual-camera/index.js';

const LOOK_MS = 50;

/** Watches how many sessions each camera has. */
export class SessionWatch {
  /** Since when a camera has had more than one: monotonic, ms. */
  readonly #doubleSince = new Map<string, number>();
  /** Longest time that a camera had more than one session, ms, by name. */
  readonly longestDouble = new Map<string, number>();
  /** When that began: monotonic, ms. */
  readonly #longestSince = new Map<string, number>();
  readonly #began = performance.now();
  /** Most sessions of any camera at a time. */
  most = 0;
  #latest: ReadonlyMap<string, number> = new Map();
  #stopped = false;
  readonly #done: Promise<void>;

  /**
   * @param isExcused whether two sessions of the camera count for nothing now: a node that is cut off goes on for its own viewers, and
   * one that is stopped closes nothing. What lasts beyond that counts from its end.
   */
  constructor(
    private readonly cameras: Pick<SpawnedCameras, 'list'>,
    private readonly isExcused: (camera: string) => boolean = () => false,
  ) {
    this.#done = this.#watch();
  }

  /** Sessions of all cameras at the last look. */
  get now(): ReadonlyMap<string, number> {
    return this.#latest;
  }

  get longest(): number {
    return Math.max(0, ...this.longestDouble.values());
  }

  /** When the camera's longest time with more than one session began, since this watch did. */
  when(camera: string): string {
    return `${(((this.#longestSince.get(camera) ?? NaN) - this.#began) / 1000).toFixed(1)} s`;
  }

  /** Forgets what was seen. */
  reset(): void {
    this.longestDouble.clear();
    this.#doubleSince.clear();
    this.most = 0;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      const list = await this.cameras.list().catch(() => []);
      const at = performance.now();
      this.#latest = new Map(list.map(({ name, clients }) => [name, clients]));
      for (const [name, clients] of this.#latest) this.#note(name, clients, at);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  #note(name: string, clients: number, at: number): void {
    this.most = Math.max(this.most, clients);
    if (clients < 2 || this.isExcused(name)) {
      this.#doubleSince.delete(name);
      return;
    }
    const since = this.#doubleSince.get(name) ?? at;
    this.#doubleSince.set(name, since);
    if (at - since <= (this.longestDouble.get(name) ?? 0)) return;
    this.longestDouble.set(name, at - since);
    this.#longestSince.set(name, since);
  }
}
