import type { CameraSpec } from '../config/camera-spec.js';
import { RefusedError } from '../shared/errors.js';
import { sameStream } from './stream.js';

/** More is nobody's list of viewers that still ask for an old name. */
const MAX_NAMES = 1000;

/**
 * Names that cameras of CONFIG_FILE had before, since the start of this service: who still asks for one is told the new one. A camera is
 * the same one under another name if its streams are the same, and no other new camera's are. Pure.
 */
export class Renames {
  readonly #now = new Map<string, string>();

  /** CONFIG_FILE was read again. */
  note(before: ReadonlyMap<string, CameraSpec>, after: ReadonlyMap<string, CameraSpec>): void {
    const added = [...after.values()].filter(({ name }) => !before.has(name));
    for (const [name, spec] of before) {
      if (after.has(name)) continue;
      const [renamed, ...more] = added.filter((other) => sameStream({ ...spec, name: other.name }, other));
      if (renamed && more.length === 0) this.#put(name, renamed.name);
    }
    for (const [name, now] of this.#now) if (after.has(name) || !after.has(now)) this.#now.delete(name);
  }

  /** For who asks for a camera by the name that it had before; `null` if none had it. */
  refusal(name: string): RefusedError | null {
    const now = this.#now.get(name);
    if (now === undefined) return null;
    return new RefusedError('camera_renamed', `camera ${name} is named ${now} now: ask for that name`);
  }

  /** Names that a camera had before, oldest first. */
  formerNames(camera: string): string[] {
    return [...this.#now].flatMap(([name, now]) => (now === camera ? [name] : []));
  }

  #put(name: string, now: string): void {
    for (const [older, to] of this.#now) if (to === name) this.#now.set(older, now);
    this.#now.set(name, now);
    const [oldest] = this.#now.keys();
    if (this.#now.size > MAX_NAMES && oldest !== undefined) this.#now.delete(oldest);
  }
}
