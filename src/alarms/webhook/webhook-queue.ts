import type { Alarm } from '../news/alarm.js';

/** Most cameras in one request. */
const MAX_BATCH = 100;

/**
 * What one receiver has not been told yet: of each camera the newest state alone, so that a receiver that is down for a day costs no
 * more than one that is down for a second. Pure.
 */
export class WebhookQueue {
  /** Waits longest first. */
  readonly #waiting = new Map<string, Alarm>();
  /** What the receiver was told last. */
  readonly #delivered = new Map<string, Alarm['state']>();
  /** Another state was sent since, and whether the receiver has heard it is not known. */
  readonly #uncertain = new Set<string>();

  get size(): number {
    return this.#waiting.size;
  }

  /** @returns whether a state that waited is never told: a newer one took its place */
  add(alarm: Alarm): boolean {
    const { camera, state } = alarm;
    const replaced = this.#waiting.delete(camera);
    // It came back before the receiver was told that it was gone.
    const isKnown = this.#delivered.get(camera) === state && !this.#uncertain.has(camera);
    if (!isKnown) this.#waiting.set(camera, alarm);
    return replaced;
  }

  /** Another node of the cluster told it. */
  toldByOther({ camera, state }: Alarm): void {
    this.#waiting.delete(camera);
    this.#uncertain.delete(camera);
    this.#delivered.set(camera, state);
  }

  forget(camera: string): void {
    this.#waiting.delete(camera);
    this.#uncertain.delete(camera);
    this.#delivered.delete(camera);
  }

  /** The next ones to tell; they wait on until they are `delivered`. */
  next(): { readonly alarm: Alarm; readonly previous: Alarm['state'] | null }[] {
    const alarms = [...this.#waiting.values()].slice(0, MAX_BATCH);
    for (const { camera } of alarms) this.#uncertain.add(camera);
    return alarms.map((alarm) => ({ alarm, previous: this.#delivered.get(alarm.camera) ?? null }));
  }

  delivered(alarms: readonly Alarm[]): void {
    for (const alarm of alarms) {
      const { camera, state } = alarm;
      this.#delivered.set(camera, state);
      this.#uncertain.delete(camera);
      const waiting = this.#waiting.get(camera);
      // A newer one came meanwhile; unless it is the same state again.
      if (waiting === alarm || waiting?.state === state) this.#waiting.delete(camera);
    }
  }
}
