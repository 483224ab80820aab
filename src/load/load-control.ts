import { type Degradation, KEY_FRAMES_ONLY, LEAST_RATE } from '../decoding/decode-plan.js';
import { StepHold } from './step-hold.js';

/**
 * Decides which cameras get less, when the machine cannot decode all in real time, and when they get it back. Pure.
 *
 * A queue that is never empty is a standing queue: what comes in is more than what goes out (the idea of CoDel, RFC 8289). On a
 * busy machine it is chance whose queue that is, so the loss is shared: all cameras lose some frame rate before any loses more, and
 * none is left at key frames while others have everything. Only a queue that stays long sends its camera to key frames at once:
 * that opens a fresh connection, which leaves the backlog behind. On a machine with room, a standing queue is its camera's own
 * matter (a stream too large for one core), and nobody else pays. When there is room again, cameras get a step back, few at a time,
 * and a step that proves too much is not tried again soon.
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
/** Over a second of a substream: if what the others give up does not help soon, only a fresh connection does. */
export const DEEP_BYTES = 96 * 1024;
/** Looks in a row (one a second) before a queue counts as standing. */
export const STANDING_LOOKS = 3;
/** The same before one that is deep as well is left behind. */
export const DEEP_LOOKS = 6;
/** Share of the cameras that lose some rate at one look: it is mild, and the sooner it helps the fewer queues get deep. */
export const STEP_DOWN_SHARE = 0.5;
/** Share of the cameras that goes to key frames at one look: what they give up is much, and helps the others a moment later. */
export const LOST_SHARE = 0.15;
/** Looks until a step down of some has shown what it does for the others. */
export const SETTLE_LOOKS = 3;

/** Idle share of all cores that counts as room for one more step up. */
export const ROOM_IDLE = 0.1;
/** So much is room whatever was too much before. */
export const MUCH_IDLE = 0.2;
/** Looks in a row with room before a step up, and without standing queues before the loss is levelled. */
export const ROOM_LOOKS = 3;
/** Part of the idle share beyond ROOM_IDLE that one look's steps up may take. */
export const STEP_UP_SHARE = 0.5;
/**
 * What a camera of 25 frames a second costs at each level, in frames encoded a second: decoding all of a substream costs about what
 * encoding 38 does. Measured with 640x360; only the proportions matter.
 */
export const COST: Readonly<Record<Degradation, number>> = { 0: 38 + 25, 1: 38 + 15, 2: 38 + 10, 3: 2 };
/** Queues that lose less than this in a look are not getting shorter. */
const SHRINKING = 0.95;

interface Memory {
  /** Looks in a row with a queue. */
  standing: number;
  /** The part of `standing` that was deep. */
  deep: number;
  /** Of what the camera alone was too much for. */
  readonly hold: StepHold;
}

export class LoadControl {
  readonly #memory = new Map<string, Memory>();
  /** Of what the machine had too much of. */
  readonly #hold = new StepHold();
  #look = 0;
  #room = 0;
  #calm = 0;
  #settledAt = 0;
  /** Bytes in all queues at the last look. */
  #queued = 0;

  /**
   * Looks once; to be called once a second.
   * @param idle idle share of all cores since the last look, 0-1; `null` when unknown (then nothing is stepped up)
   */
  look(cameras: readonly CameraLoad[], idle: number | null): LoadStep[] {
    this.#look++;
    for (const key of this.#memory.keys())
      if (!cameras.some((camera) => camera.key === key)) this.#memory.delete(key);
    for (const camera of cameras) this.#remember(camera);
    const hasRoom = idle !== null && idle >= ROOM_IDLE;
    this.#calm = cameras.some((camera) => this.#of(camera).standing > 0) ? 0 : this.#calm + 1;
    this.#room = hasRoom && this.#calm > 0 ? this.#room + 1 : 0;

    const queued = cameras.reduce((sum, camera) => sum + (camera.backlogBytes ?? 0), 0);
    const isShrinking = queued < this.#queued * SHRINKING;
    this.#queued = queued;

    const behind = cameras.filter(
      (camera) => camera.level < KEY_FRAMES_ONLY && this.#of(camera).standing >= STANDING_LOOKS,
    );
    if (behind.length > 0) {
      return hasRoom ? this.#stepDownAlone(behind) : this.#shareLoss(cameras, behind, isShrinking);
    }
    if (idle === null || this.#calm < ROOM_LOOKS) return [];
    if (hasRoom) return this.#room < ROOM_LOOKS ? [] : this.#stepUpSome(cameras, idle);
    return this.#levelOut(cameras);
  }

  #stepDownAlone(behind: readonly CameraLoad[]): LoadStep[] {
    return behind.map((camera) => {
      this.#of(camera).hold.steppedDown(this.#look);
      return this.#step(camera, this.#of(camera).deep > 0 ? KEY_FRAMES_ONLY : below(camera.level));
    });
  }

  #shareLoss(
    cameras: readonly CameraLoad[],
    behind: readonly CameraLoad[],
    isShrinking: boolean,
  ): LoadStep[] {
    // Not all at once: what the first ones give up may be enough for the others.
    if (this.#look < this.#settledAt) return [];
    const most = Math.max(2, Math.ceil(cameras.length * STEP_DOWN_SHARE));
    const mostLost = Math.max(1, Math.ceil(cameras.length * LOST_SHARE));
    const lost = [...behind]
      .filter((camera) => this.#of(camera).deep >= DEEP_LOOKS)
      .sort(byBacklog)
      .slice(0, mostLost);
    const steps = lost.map((camera) => this.#step(camera, KEY_FRAMES_ONLY));
    // As long as the queues get shorter, enough was given up.
    if (!isShrinking) {
      // The last step is not for others' sake: only a queue of its own takes a camera to key frames.
      const givers = cameras
        .filter((camera) => !lost.includes(camera))
        .filter(({ level }) => level < LEAST_RATE)
        .sort((a, b) => a.level - b.level || byBacklog(a, b));
      const shared =
        givers.length > 0
          ? givers.slice(0, most)
          : behind
              .filter((camera) => !lost.includes(camera))
              .sort(byBacklog)
              .slice(0, mostLost - lost.length);
      steps.push(...shared.map((camera) => this.#step(camera, below(camera.level))));
    }
    if (steps.length > 0) {
      this.#settledAt = this.#look + SETTLE_LOOKS;
      this.#hold.steppedDown(this.#look);
    }
    return steps;
  }

  #stepUpSome(cameras: readonly CameraLoad[], idle: number): LoadStep[] {
    if (!this.#hold.isOver(this.#look) && idle < MUCH_IDLE) return [];
    // What keeps the machine busy now tells what its idle part could carry.
    const load = cameras.reduce((sum, { level }) => sum + COST[level], 0);
    let budget = (load / (1 - Math.min(idle, 0.99))) * (idle - ROOM_IDLE) * STEP_UP_SHARE;
    const steps: LoadStep[] = [];
    for (const camera of this.#waiting(cameras)) {
      budget -= COST[above(camera.level)] - COST[camera.level];
      if (budget < 0 && steps.length > 0) break;
      steps.push(this.#stepUp(camera));
    }
    if (steps.length > 0) this.#hold.steppedUp(this.#look);
    // The next step waits until this one has shown what it costs.
    this.#room = 0;
    return steps;
  }

  /** Gives one camera its decoder back, at the price of some frames of those that have most. */
  #levelOut(cameras: readonly CameraLoad[]): LoadStep[] {
    const [worst] = this.#waiting(cameras);
    if (worst?.level !== KEY_FRAMES_ONLY || !this.#hold.isOver(this.#look)) return [];
    const payers: LoadStep[] = [];
    let price = COST[LEAST_RATE] - COST[KEY_FRAMES_ONLY];
    for (const camera of [...cameras].sort((a, b) => a.level - b.level)) {
      if (price <= 0 || camera.level >= LEAST_RATE) break;
      price -= COST[camera.level] - COST[below(camera.level)];
      payers.push(this.#step(camera, below(camera.level)));
    }
    if (price > 0) return [];
    this.#hold.steppedUp(this.#look);
    this.#calm = 0;
    return [this.#stepUp(worst), ...payers];
  }

  /** Cameras that may get a step back, the worst first. */
  #waiting(cameras: readonly CameraLoad[]): CameraLoad[] {
    return cameras
      .filter((camera) => camera.level > 0 && this.#of(camera).hold.isOver(this.#look))
      .sort((a, b) => b.level - a.level);
  }

  #stepUp(camera: CameraLoad): LoadStep {
    this.#of(camera).hold.steppedUp(this.#look);
    return this.#step(camera, above(camera.level));
  }

  #step(camera: CameraLoad, level: Degradation): LoadStep {
    const memory = this.#of(camera);
    // The new level gets as much time as the old one to show what it does.
    memory.standing = 0;
    memory.deep = 0;
    return { key: camera.key, level };
  }

  #remember(camera: CameraLoad): void {
    const memory = this.#of(camera);
    const bytes = camera.backlogBytes ?? 0;
    memory.standing = bytes > STANDING_BYTES ? memory.standing + 1 : 0;
    memory.deep = bytes > DEEP_BYTES ? memory.deep + 1 : 0;
  }

  #of({ key }: CameraLoad): Memory {
    let memory = this.#memory.get(key);
    if (!memory) this.#memory.set(key, (memory = { standing: 0, deep: 0, hold: new StepHold() }));
    return memory;
  }
}

/** The longest queue first. */
const byBacklog = (a: CameraLoad, b: CameraLoad): number => (b.backlogBytes ?? 0) - (a.backlogBytes ?? 0);

const BELOW = { 0: 1, 1: 2, 2: 3, 3: 3 } as const;
const ABOVE = { 0: 0, 1: 0, 2: 1, 3: 2 } as const;
const below = (level: Degradation): Degradation => BELOW[level];
const above = (level: Degradation): Degradation => ABOVE[level];
