import { StepHold } from './step-hold.js';

/** What one camera's worker tells of its load. */
export interface CameraLoad {
  readonly key: string;
  /** Access units received, and let go because they had waited too long: totals of its run. */
  readonly units: number;
  readonly droppedUnits: number;
  /** Shortest wait of a unit for the decoder since the last look, ms: a queue that was empty once is no standing one. */
  readonly waitMs: number;
}

/** How much of its pictures a camera decodes: above 0, to 1. */
export interface CameraShare {
  readonly key: string;
  readonly share: number;
}

/** A queue in which every unit waited longer than this is never empty. */
export const STANDING_MS = 60;
/** A camera that has let go more than this part of its units in a look is behind, whatever waits. */
const LOST_SHARE = 0.02;
/** Looks in a row (one a second) before a queue counts as standing. */
export const STANDING_LOOKS = 2;
/** A decoder that was just started has a group of pictures to catch up with: its queue says nothing for so many looks. */
export const YOUNG_LOOKS = 4;
/** Looks until a step has shown what it does. */
export const SETTLE_LOOKS = 3;

/** Shares are multiples of this: viewers do not see less, and a decoder's plan does not change with every look. */
export const STEP = 0.02;
/** Least share of one step down in what there was: what the first step gives up may be enough. */
export const LARGEST_STEP = 0.8;
/** Taken off beyond what was measured as too much, so that the queues get shorter. */
const RELIEF = 0.97;
/**
 * A queue that one camera in ten has, and has again although all gave something up, is that camera's own matter even on a busy
 * machine: a stream too large for one core.
 */
const FEW = 0.1;
/** Taken off when only a few cameras have a queue. */
const SMALL_STEP = 0.95;

/** Idle share of all cores that counts as room for more. */
export const ROOM_IDLE = 0.07;
/** So much is room whatever was too much before. */
export const MUCH_IDLE = 0.2;
/** Looks in a row with room, and without standing queues, before a step up. */
export const ROOM_LOOKS = 3;
/** Idle share that a step up means to leave, and the part of the rest that it takes. */
const KEPT_IDLE = 0.05;
const UP_SHARE = 0.6;

interface Memory {
  looks: number;
  /** Looks in a row with a queue. */
  standing: number;
  /** Steps in a row at which it had one. */
  stood: number;
  units: number;
  dropped: number;
  /** Of what this camera alone was too much for. */
  readonly own: Allowance;
}

/** A share that is lowered by what is too much, and raised again with care. */
class Allowance {
  readonly hold = new StepHold();
  share = 1;

  lower(factor: number, look: number): void {
    this.hold.steppedDown(look);
    this.share = rounded(Math.max(STEP, Math.min(down(this.share * factor), this.share - STEP)));
  }

  raise(factor: number, look: number): void {
    this.hold.steppedUp(look);
    this.share = rounded(Math.min(1, Math.max(down(this.share * factor), this.share + STEP)));
  }
}

/**
 * Decides how much of its pictures each camera decodes when the machine cannot decode all in time. Pure.
 *
 * A queue that is never empty is a standing queue: what comes in is more than what goes out (the idea of CoDel, RFC 8289). On a busy
 * machine it is chance whose queue that is, so all cameras share the loss: each decodes the same share, lowered by what the machine
 * was seen to let go. On a machine with room a standing queue is its camera's own matter. When there is room again the shares grow, by
 * what the idle part can carry; a step that proves too much is not tried again soon.
 */
export class LoadControl {
  readonly #memory = new Map<string, Memory>();
  /** Of what the machine has too much of. */
  readonly #all = new Allowance();
  #look = 0;
  #room = 0;
  #calm = 0;
  #settledAt = 0;
  /** Units since the last step: those that were to be decoded, and those that were let go. */
  #due = 0;
  #lost = 0;

  /**
   * Looks once; to be called once a second.
   * @param idle idle share of all cores since the last look, 0-1; `null` when unknown (then nothing is stepped up)
   * @returns the shares of all cameras
   */
  look(cameras: readonly CameraLoad[], idle: number | null): CameraShare[] {
    this.#look++;
    this.#forgetOthers(cameras);
    for (const camera of cameras) this.#note(camera);
    const behind = cameras
      .map(({ key }) => this.#of(key))
      .filter(({ standing }) => standing >= STANDING_LOOKS);
    const hasRoom = idle !== null && idle >= ROOM_IDLE;
    this.#calm = behind.length === 0 ? this.#calm + 1 : 0;
    this.#room = hasRoom && behind.length === 0 ? this.#room + 1 : 0;
    if (behind.length > 0) this.#stepDown(behind, hasRoom, behind.length < cameras.length * FEW);
    else if (idle !== null && this.#room >= ROOM_LOOKS) this.#stepUp(idle);
    else if (idle !== null && this.#calm >= ROOM_LOOKS) this.#levelOut();
    return cameras.map(({ key }) => ({ key, share: this.#shareOf(key) }));
  }

  #stepDown(behind: readonly Memory[], hasRoom: boolean, areFew: boolean): void {
    if (this.#look < this.#settledAt) return;
    for (const memory of this.#memory.values()) memory.stood = behind.includes(memory) ? memory.stood + 1 : 0;
    const culprits = hasRoom ? behind : behind.filter(({ stood }) => areFew && stood > 1);
    for (const { own } of culprits) own.lower(LARGEST_STEP, this.#look);
    if (culprits.length === 0) {
      const carried = this.#due === 0 ? 1 : 1 - this.#lost / this.#due;
      const factor = areFew ? SMALL_STEP : Math.max(LARGEST_STEP, carried * RELIEF);
      this.#all.lower(factor, this.#look);
    }
    this.#settle();
  }

  /** What keeps the machine busy now tells what its idle part could carry. */
  #stepUp(idle: number): void {
    const factor = 1 + (UP_SHARE * (idle - KEPT_IDLE)) / (1 - Math.min(idle, 0.9));
    this.#room = 0;
    const isAllowed = this.#all.hold.isOver(this.#look) || idle >= MUCH_IDLE;
    if (this.#all.share === 1 || !isAllowed) {
      this.#levelOut();
      return;
    }
    this.#all.raise(factor, this.#look);
    this.#settle();
  }

  /** Gives cameras a step back that were lowered for their own sake: one that stood for all is not to pay for it alone. */
  #levelOut(): void {
    const lowered = [...this.#memory.values()]
      .map(({ own }) => own)
      .filter(({ share, hold }) => share < 1 && hold.isOver(this.#look));
    for (const own of lowered) own.raise(1, this.#look);
    if (lowered.length > 0) this.#settle();
  }

  #settle(): void {
    this.#settledAt = this.#look + SETTLE_LOOKS;
    this.#calm = 0;
    this.#due = 0;
    this.#lost = 0;
    for (const memory of this.#memory.values()) memory.standing = 0;
  }

  #note({ key, units, droppedUnits, waitMs }: CameraLoad): void {
    const memory = this.#of(key);
    // The totals of a new run begin anew.
    const isNewRun = units < memory.units;
    if (isNewRun) memory.looks = 0;
    memory.looks++;
    const isYoung = memory.looks <= YOUNG_LOOKS;
    const due = isYoung ? 0 : (units - memory.units) * this.#shareOf(key);
    const lost = isYoung ? 0 : droppedUnits - memory.dropped;
    const isBehind = !isYoung && (waitMs > STANDING_MS || lost > due * LOST_SHARE);
    memory.standing = isBehind ? memory.standing + 1 : 0;
    this.#due += due;
    this.#lost += lost;
    memory.units = units;
    memory.dropped = droppedUnits;
  }

  #shareOf(key: string): number {
    return Math.min(this.#all.share, this.#of(key).own.share);
  }

  #of(key: string): Memory {
    let memory = this.#memory.get(key);
    if (!memory) {
      memory = { looks: 0, standing: 0, stood: 0, units: 0, dropped: 0, own: new Allowance() };
      this.#memory.set(key, memory);
    }
    return memory;
  }

  #forgetOthers(cameras: readonly CameraLoad[]): void {
    const keys = new Set(cameras.map(({ key }) => key));
    for (const key of this.#memory.keys()) if (!keys.has(key)) this.#memory.delete(key);
  }
}

/** The next multiple of STEP below. */
const down = (share: number): number => Math.floor(share / STEP + 1e-6) * STEP;
const rounded = (share: number): number => Math.round(share * 100) / 100;
