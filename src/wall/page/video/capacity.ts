import { FormTrial, type WallForm } from './form-trial.js';

/**
 * Whether a wall shows video or JPEG: one decision for all tiles that may have video. Pure; times in ms.
 *
 * A decoder must decode every picture of its camera, while JPEG is sent only as fast as it is drawn, and in the tile's size. So a
 * browser that decodes in software shows video as long as it decodes all of it with ease, and JPEG alone beyond: with some tiles of
 * each it draws fewer pictures than with JPEG alone, for the video is late and takes the time that the JPEGs need.
 */

/** What a tile's video costs, or would. */
export interface VideoTile {
  readonly tile: number;
  /** Pixels to decode a second; 0 if its camera sends no video; null before it is known. */
  readonly cost: number | null;
  /** It has video now. */
  readonly video: boolean;
  /** Most pictures a second that the tile asks for; null is the camera's rate. */
  readonly fps: number | null;
  /** Pictures a second that its camera sends; null before it is known. */
  readonly rate: number | null;
  /** Pictures drawn since the last beat. */
  readonly drawn: number;
  /** It has drawn something at all. */
  readonly shown: boolean;
  /** The service sends JPEG because its video came too late. */
  readonly late: boolean;
}

/** What was late since the last beat, ms. */
export interface Delays {
  /** From received to decoded, less what the stream itself needs for its order. */
  readonly video: readonly number[];
  /** From received to drawn. */
  readonly jpeg: readonly number[];
  /** How long tasks of the worker waited for it: in its queue nothing has been received yet. */
  readonly queue: readonly number[];
}

export interface CapacityFacts {
  readonly now: number;
  /** Tiles that are seen, and could be given video. */
  readonly tiles: readonly VideoTile[];
  readonly delays: Delays;
}

/** Cost of a tile while none is known: 640x360 at 25 pictures a second. */
export const USUAL_COST = 640 * 360 * 25;

/** Pixels a second for each core. Chromium decodes 200e6 on one that is its own; the page is not alone, and decoding not all of it. */
const BUDGET_PER_CORE = 57e6;
/** More cores do not help a browser that decodes in software: it shares its threads among all decoders. */
const MOST_CORES = 8;
/** Video is kept up to so much over the budget: costs vary by the second, and the wall is not to go to and fro for it. */
const KEPT = 1.15;
/** In software, tiles that ask for no more than this many pictures a second are better off with JPEG, which is sent at that rate. */
const FEW_FPS = 5;
/** So long after the first tile's cost is known the others are reckoned like it. */
const PROBE_MS = 3_000;

/** The slowest tenth of the pictures waits longer than this: there is more to do than the machine can. 2 pictures at 25 a second. */
const OVERLOAD_MS = 80;
/** Or the service gave up the video of more than this part of the tiles: the rest of them is to follow. */
const MANY_LATE = 0.25;
/** It waits less than this, and nearly all pictures of the cameras are drawn: there is room. */
const ROOM_MS = 25;
const NEARLY_ALL = 0.95;
/** Overload must last so many beats in a row: one is any hiccup. */
const OVERLOAD_BEATS = 2;
/** With so little video, or half the budget, it is rather other work: it must last longer then, for JPEG takes a decoder for each tile. */
const LITTLE = 4 * USUAL_COST;
const OVERLOAD_BEATS_LITTLE = 30;
/** Room must last so long before a wall that costs more than the budget is tried as video. */
const ROOM_LASTS_MS = 30_000;
/** So long after a tile was added or drew its first picture the wall is still being opened. */
const OPENING_MS = 5_000;
/** A change of form makes pictures late for so long: decoders begin with all units since the last key unit. */
const SETTLE_MS = 1_500;
/** Fewer values say nothing about the slowest tenth. */
const FEWEST_DELAYS = 5;

export class Capacity {
  /** Pixels a second that no tile alone may cost. */
  readonly #most: number;
  /** Pixels a second of all tiles with video: #most until a trial taught better. */
  #budget: number;
  #form: WallForm = 'jpeg';
  #formSince = -Infinity;
  /** The first of the present tiles' costs is known since then. */
  #knownSince: number | null = null;
  #overloaded = 0;
  #roomSince: number | null = null;
  readonly #trial = new FormTrial();
  /** To go back to if the trial fails. */
  #budgetBefore = 0;
  /** Tiles that had drawn something at the last beat, and since when there are so many. */
  #shown = 0;
  #shownSince = -Infinity;

  /** @param cores of the machine, as the browser tells them */
  constructor(
    private readonly hardware: boolean,
    cores: number,
  ) {
    this.#most = hardware ? Infinity : BUDGET_PER_CORE * Math.min(MOST_CORES, Math.max(1, cores));
    this.#budget = this.#most;
  }

  /** Call about once a second, and `choose` after it. */
  beat({ now, tiles, delays }: CapacityFacts): void {
    const able = tiles.filter((tile) => tile.cost !== 0 && this.#mayEver(tile));
    const drawn = able.reduce((sum, tile) => sum + tile.drawn, 0);
    const delay = Math.max(
      quantile(delays.video, 0.9),
      quantile(delays.jpeg, 0.9),
      quantile(delays.queue, 0.5),
    );
    const isManyLate = able.filter(({ late }) => late).length > able.length * MANY_LATE;
    this.#overloaded = delay > OVERLOAD_MS || isManyLate ? this.#overloaded + 1 : 0;
    this.#trial.note(drawn);
    if (delay < ROOM_MS && (this.#trial.rate ?? 0) >= NEARLY_ALL * wantedRate(able)) this.#roomSince ??= now;
    else this.#roomSince = null;
    if (this.#isOpening(able, now)) return;
    if (now - this.#formSince < SETTLE_MS) this.#overloaded = 0;
    if (this.#trial.running) this.#judge(now);
    else if (this.#form === 'video') this.#mindOverload(able, now);
    else this.#mindRoom(able, now);
  }

  /** The tiles that are to have video now. */
  choose(tiles: readonly VideoTile[], now: number): ReadonlySet<number> {
    const able = tiles.filter((tile) => this.#mayEver(tile));
    return new Set(this.#chosen(able, now).map(({ tile }) => tile));
  }

  #chosen(able: readonly VideoTile[], now: number): readonly VideoTile[] {
    const free = able.filter(({ cost }) => cost === 0);
    const some = able.filter(({ cost }) => cost !== 0);
    if (costOf(some) <= this.#budget * (this.#form === 'video' ? KEPT : 1)) {
      if (some.some(({ cost }) => cost !== null)) this.#become('video', now);
      return able;
    }
    const probed = this.#fitting(some);
    if (!this.#isCertain(some, probed, now)) return [...free, ...probed];
    this.#become('jpeg', now);
    // A camera without video costs nothing, whatever is asked for; asked for video, the service says why it sends none.
    return free;
  }

  #become(form: WallForm, now: number): void {
    if (form === this.#form) return;
    this.#form = form;
    this.#formSince = now;
    this.#roomSince = null;
  }

  /** Whether enough costs are known to say of the rest that it is too much. */
  #isCertain(tiles: readonly VideoTile[], probed: readonly VideoTile[], now: number): boolean {
    const known = tiles.filter(({ cost }) => cost !== null);
    if (known.length === 0) {
      this.#knownSince = null;
      return false;
    }
    this.#knownSince ??= now;
    const isAllKnown = probed.every(({ cost }) => cost !== null);
    return isAllKnown || costOf(known) > this.#budget || now - this.#knownSince >= PROBE_MS;
  }

  /** Those that fit the budget: first those that have video, and cheap ones first. */
  #fitting(tiles: readonly VideoTile[]): readonly VideoTile[] {
    const usual = usualCost(tiles);
    let left = this.#budget;
    return [...tiles]
      .sort((a, b) => Number(b.video) - Number(a.video) || (a.cost ?? usual) - (b.cost ?? usual))
      .filter(({ cost }) => {
        if ((cost ?? usual) > left) return false;
        left -= cost ?? usual;
        return true;
      });
  }

  #mayEver({ fps, cost, video }: VideoTile): boolean {
    if (this.hardware) return true;
    return (fps === null || fps > FEW_FPS) && (cost ?? 0) <= this.#most * (video ? KEPT : 1);
  }

  /** While cameras are being connected everything is late, and ever more is drawn. */
  #isOpening(tiles: readonly VideoTile[], now: number): boolean {
    const shown = tiles.filter((tile) => tile.shown).length;
    if (shown !== this.#shown) {
      this.#shown = shown;
      this.#shownSince = now;
      if (this.#trial.running) this.#budget = this.#budgetBefore;
      this.#trial.forget();
      this.#roomSince = null;
    }
    return now - this.#shownSince < OPENING_MS;
  }

  #judge(now: number): void {
    const verdict = this.#trial.verdict(now, this.#overloaded >= OVERLOAD_BEATS);
    if (verdict === 'taken_back') this.#budget = this.#budgetBefore;
  }

  #mindOverload(tiles: readonly VideoTile[], now: number): void {
    const cost = costOf(tiles);
    const beats = cost > (this.hardware ? LITTLE : this.#most / 2) ? OVERLOAD_BEATS : OVERLOAD_BEATS_LITTLE;
    if (cost === 0 || this.#overloaded < beats || !this.#trial.mayTry('jpeg', now)) return;
    // Less than the present cost, and enough less that it does not come back because that varies.
    this.#try('jpeg', cost / KEPT ** 2, now);
  }

  #mindRoom(tiles: readonly VideoTile[], now: number): void {
    const cost = costOf(tiles);
    const hasRoom = this.#roomSince !== null && now - this.#roomSince >= ROOM_LASTS_MS;
    if (cost > 0 && hasRoom && this.#trial.mayTry('video', now)) this.#try('video', cost, now);
  }

  #try(form: WallForm, budget: number, now: number): void {
    this.#trial.begin(form, now);
    this.#budgetBefore = this.#budget;
    this.#budget = budget;
    this.#overloaded = 0;
  }
}

/** Of all tiles together; those that are not known yet count like the others. */
function costOf(tiles: readonly VideoTile[]): number {
  const usual = usualCost(tiles);
  return tiles.reduce((sum, { cost }) => sum + (cost ?? usual), 0);
}

function usualCost(tiles: readonly VideoTile[]): number {
  return meanOf(tiles.flatMap(({ cost }) => cost ?? [])) ?? USUAL_COST;
}

/** Pictures a second that the tiles would show at best; Infinity while nothing is known. */
function wantedRate(tiles: readonly VideoTile[]): number {
  const usual = meanOf(tiles.flatMap(({ rate }) => rate ?? [])) ?? Infinity;
  return tiles.reduce((sum, { rate, fps }) => sum + Math.min(rate ?? usual, fps ?? Infinity), 0);
}

const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** The delay that all but this part of the values exceed; 0 when there are too few to tell. */
function quantile(delays: readonly number[], part: number): number {
  if (delays.length < FEWEST_DELAYS) return 0;
  return [...delays].sort((a, b) => a - b)[Math.floor(delays.length * part)] ?? 0;
}
