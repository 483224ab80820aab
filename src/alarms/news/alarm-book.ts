import type { CameraSummary } from '../../camera/telemetry/camera-summary.js';
import type { Alarm, AlarmNews } from './alarm.js';
import { conditionOf } from './condition.js';
import { type HoldOff, look, UNTOLD } from './hold-off.js';

/** What was seen and told of every configured camera. Ad-hoc streams are not told: viewers name them as they like. Pure. */
export class AlarmBook {
  readonly #cameras = new Map<string, HoldOff>();
  readonly #present = new Map<string, Alarm>();

  constructor(
    private readonly holdMs: number,
    /** Whether this node tells of the camera. */
    private readonly isOwn: (camera: CameraSummary) => boolean,
  ) {}

  /**
   * Takes the state of all cameras.
   * @param now monotonic, ms
   */
  look(cameras: readonly CameraSummary[], now: number): AlarmNews {
    const configured = cameras.filter((camera) => camera.configured);
    const changed = configured.map((camera) => this.#lookAt(camera, now)).filter((alarm) => alarm !== null);
    const names = new Set(configured.map(({ camera }) => camera));
    const removed = [...this.#cameras.keys()].filter((name) => !names.has(name));
    for (const name of removed) {
      this.#cameras.delete(name);
      this.#present.delete(name);
    }
    return { changed, present: this.#present, configured: names, removed };
  }

  #lookAt(camera: CameraSummary, now: number): Alarm | null {
    const { camera: name, title, reason, since } = camera;
    const before = this.#cameras.get(name) ?? UNTOLD;
    const { next, tell } = look(before, conditionOf(camera), now, this.holdMs);
    if (next !== before) this.#cameras.set(name, next);
    const own = this.isOwn(camera);
    const last = this.#present.get(name);
    if (tell !== null) {
      const alarm = {
        camera: name,
        title,
        state: tell,
        reason: tell === 'offline' ? reason : null,
        since,
        own,
      };
      this.#present.set(name, alarm);
      return alarm;
    }
    // Another title, or another node that tells it.
    if (last && (last.own !== own || last.title !== title)) this.#present.set(name, { ...last, own, title });
    return null;
  }
}
