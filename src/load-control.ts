import type { Degradation } from './decode-plan.js';

/**
 * Decides which cameras get less, when the machine cannot decode all in real time, and when they get it back. Pure.
 *
 * A queue that is never empty is a standing queue: what comes in is more than what goes out (the idea of CoDel, RFC 8289).
 * Such a camera first loses frame rate, then everything but key frames; the step to key frames opens a fresh connection,
 * which leaves the backlog behind. When the machine has had room for a while, cameras get a step back, few at a time, and a step that
 * proves too much is not tried again soon.
 */
export interface CameraLoad {
  readonly key: string;
  readonly level: Degradation;
  /** Unread bytes of its connection; `null` when unknown (nothing is decided then). */
  readonly backlogBytes: number | null;
}

export interface LoadStep {
  readonly key: string;
  readonly level: Degradation;
}

/** A key frame of a substream may lie in the queue for a moment; more than this, at every look, is a standing queue. */
export const STANDING_BYTES = 16 * 1024;
/** Over a second of a substream: frame rate alone will not catch up with that, so the camera goes to key frames at once. */
export const DEEP_BYTES = 96 * 1024;
/** Looks in a row (one a second) before a queue counts as standing. */
export const STANDING_LOOKS = 3;
/** Idle share of all cores that counts as room for one more step up. */
export const ROOM_IDLE = 0.15;
/** Looks in a row with room before a step up. */
export const ROOM_LOOKS = 5;
/** Share of the cameras that gets a step back at a time, for each share of the cores that is idle beyond ROOM_IDLE. */
export const STEP_UP_SHARE = 0.5;
/** A camera that had to be stepped down soon after a step up waits this long, doubling, before the next: looks. */
export const FIRST_HOLD_LOOKS = 30;
export const LONGEST_HOLD_LOOKS = 960;

/** Share of the cameras that may be stepped down at one look. */
export const STEP_DOWN_SHARE = 0.2;

interface Memory {
  standing: number;
  /** Look at which it may be stepped up again, and the hold after the next failure. */
  holdUntil: number;
  hold: number;
  steppedUpAt: number;
}

export class LoadControl {
  readonly #memory = new Map<string, Memory>();
  #look = 0;
  #room = 0;

  /**
   * Looks once; to be called once a second.
   * @param idle idle share of all cores since the last look, 0-1; `null` when unknown (then nothing is stepped up)
   */
  look(cameras: readonly CameraLoad[], idle: number | null): LoadStep[] {
    this.#look++;
    for (const key of this.#memory.keys())
      if (!cameras.some((camera) => camera.key === key)) this.#memory.delete(key);
    const behind = cameras
      .filter((camera) => this.#isStanding(camera) && camera.level < 2)
      .sort((a, b) => (b.backlogBytes ?? 0) - (a.backlogBytes ?? 0));
    const anyStanding = cameras.some((camera) => this.#of(camera.key).standing > 0);
    this.#room = idle !== null && idle >= ROOM_IDLE && !anyStanding ? this.#room + 1 : 0;
    if (behind.length > 0) {
      // Not all at once: what the first ones give up may be enough for the others. But a starved machine also looks late.
      const share = Math.max(2, Math.ceil(cameras.length * STEP_DOWN_SHARE));
      return behind.slice(0, share).map((camera) => this.#stepDown(camera));
    }
    if (idle === null || this.#room < ROOM_LOOKS) return [];
    // A machine whose cameras all run in full is busy: what is idle now could carry about this part of them.
    const share = Math.max(1, Math.floor(cameras.length * (idle - ROOM_IDLE) * STEP_UP_SHARE));
    return cameras
      .filter((camera) => camera.level > 0 && this.#look >= this.#of(camera.key).holdUntil)
      .sort((a, b) => b.level - a.level)
      .slice(0, share)
      .map((camera) => this.#stepUp(camera));
  }

  #isStanding(camera: CameraLoad): boolean {
    const memory = this.#of(camera.key);
    memory.standing = (camera.backlogBytes ?? 0) > STANDING_BYTES ? memory.standing + 1 : 0;
    return memory.standing >= STANDING_LOOKS;
  }

  #stepDown(camera: CameraLoad): LoadStep {
    const memory = this.#of(camera.key);
    memory.standing = 0;
    const tooSoon = this.#look - memory.steppedUpAt < FIRST_HOLD_LOOKS;
    memory.hold = tooSoon ? Math.min(LONGEST_HOLD_LOOKS, memory.hold * 2) : FIRST_HOLD_LOOKS;
    memory.holdUntil = this.#look + memory.hold;
    const isDeep = (camera.backlogBytes ?? 0) > DEEP_BYTES;
    return { key: camera.key, level: camera.level === 0 && !isDeep ? 1 : 2 };
  }

  #stepUp(camera: CameraLoad): LoadStep {
    this.#of(camera.key).steppedUpAt = this.#look;
    // The next step waits until this one has shown what it costs.
    this.#room = 0;
    return { key: camera.key, level: camera.level === 2 ? 1 : 0 };
  }

  #of(key: string): Memory {
    let memory = this.#memory.get(key);
    if (!memory) {
      memory = { standing: 0, holdUntil: 0, hold: FIRST_HOLD_LOOKS, steppedUpAt: -Infinity };
      this.#memory.set(key, memory);
    }
    return memory;
  }
}
