/** How long the death of a thread is remembered, ms. */
const REMEMBERED_MS = 10 * 60_000;
/** A camera of which so many threads have died within that time is given one of its own. */
const MOST_DEATHS = 2;

/**
 * Tells which cameras run in a thread of their own: those of which threads have died again and again. If one of them is what kills
 * the threads, it then kills only its own. Its neighbours are not known to be innocent, and are kept apart as well. Pure.
 */
export class ThreadDeaths {
  /** Times of the deaths, by camera, monotonic ms. */
  readonly #deaths = new Map<string, readonly number[]>();

  /** The thread of a camera's run has died. */
  note(camera: string, now: number): void {
    for (const [other, times] of this.#deaths)
      if (recent(times, now).length === 0) this.#deaths.delete(other);
    this.#deaths.set(camera, [...recent(this.#deaths.get(camera) ?? [], now), now].slice(-MOST_DEATHS));
  }

  runsAlone(camera: string, now: number): boolean {
    return recent(this.#deaths.get(camera) ?? [], now).length >= MOST_DEATHS;
  }
}

const recent = (times: readonly number[], now: number): readonly number[] =>
  times.filter((at) => now - at < REMEMBERED_MS);
