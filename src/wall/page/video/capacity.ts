import { StepTrial, type Direction } from './step-trial.js';

/**
 * How many tiles, and which, take video: the rest is given JPEG. Pure; times in ms.
 *
 * A decoder must decode every picture of its camera, while JPEG is sent only as fast as it is drawn, and in the tile's size. So a
 * browser that decodes in software is mostly best off with JPEG once it has more to do than it can. Mostly: `StepTrial` sees what a
 * step brought, and one that brought nothing is taken back. Measured in Chromium on two cores, 640x360: 1,760 H.264 pictures a second
 * by WebCodecs, 1,455 JPEGs.
 */

/** What a tile's video costs, or would. */
export interface VideoTile {
  readonly tile: number;
  /** Pixels to decode a second. */
  readonly cost: number;
  /** It has video now. */
  readonly video: boolean;
  /** Most pictures a second that the tile asks for; null is the camera's rate. */
  readonly fps: number | null;
  /** Pictures drawn since the last beat. */
  readonly drawn: number;
  /** It has drawn something at all. */
  readonly shown: boolean;
}

export interface CapacityFacts {
  readonly now: number;
  /** Tiles that are seen, and could be given video. */
  readonly tiles: readonly VideoTile[];
  /**
   * From received to decoded (video) or drawn (JPEG) of the pictures since the last time, ms; of video less what the stream itself
   * needs for its order.
   */
  readonly videoDelays: readonly number[];
  readonly jpegDelays: readonly number[];
}

/** Cost of a tile of which nothing is known yet: 640x360 at 25 pictures a second. */
export const USUAL_COST = 640 * 360 * 25;

/** Pixels a second for each core to begin with: half of what was measured, for the page is not alone. */
const START_PER_CORE = 100e6;
/** More cores do not help a browser that decodes in software: it shares its threads among all decoders. */
const MOST_CORES = 8;
/** In software, tiles that ask for no more than this many pictures a second are better off with JPEG, which is sent at that rate. */
const FEW_FPS = 5;

/** The slowest tenth of the pictures waits longer than this: there is more to do than the machine can. 2 pictures at 25 a second. */
const OVERLOAD_MS = 80;
/** It waits less than this: there is room for more. */
const ROOM_MS = 25;
/** Overload must last so many beats in a row: one is any hiccup. */
const OVERLOAD_BEATS = 2;
/** With so little video the machine is rather busy with something else: it must last longer then. */
const LITTLE = 4 * USUAL_COST;
const OVERLOAD_BEATS_LITTLE = 10;
/** A step shows its effect after this. */
const SETTLE_MS = 3_000;
/** Room must last so long before video is added; doubled each time that it turned out to be too much. */
const FIRST_RAISE_MS = 10_000;
const LONGEST_RAISE_MS = 600_000;
/** Video that was added and is well for so long was not too much. */
const PROVEN_MS = 300_000;
const LESS = 0.5;
/** What is tried on a machine that is behind, after less video has brought nothing. */
const MORE_BEHIND = 1.6;
/** Video tiles draw so many times as much as the others: the first step is to more of them. */
const MUCH_BETTER = 1.5;
/** So long after a tile was added or drew its first picture the wall is still being opened. */
const OPENING_MS = 5_000;
/** What has video keeps it up to so much over the budget: costs vary by the second, and tiles are not to go to and fro for it. */
const KEPT = 1.15;
const MORE = 1.25;
/** Fewer pictures say nothing about the slowest tenth. */
const FEWEST_DELAYS = 5;

export class Capacity {
  /** Pixels a second. */
  #budget: number;
  #overloaded = 0;
  #roomSince: number | null = null;
  #changedAt = -Infinity;
  /** The last step up, until it has proven right. */
  #raise: { readonly at: number; readonly from: number } | null = null;
  #raiseMs = FIRST_RAISE_MS;
  readonly #trial = new StepTrial();
  /** Tiles that had drawn something at the last beat, and since when there are so many. */
  #shown = 0;
  #shownSince = -Infinity;

  /** @param cores of the machine, as the browser tells them */
  constructor(
    private readonly hardware: boolean,
    cores: number,
  ) {
    this.#budget = hardware ? Infinity : START_PER_CORE * Math.min(MOST_CORES, Math.max(1, cores));
  }

  /** Call about once a second. */
  beat({ now, tiles, videoDelays, jpegDelays }: CapacityFacts): void {
    const used = costOf(tiles.filter(({ video }) => video));
    const delay = Math.max(slowestTenth(videoDelays), slowestTenth(jpegDelays));
    this.#overloaded = delay > OVERLOAD_MS ? this.#overloaded + 1 : 0;
    if (delay < ROOM_MS) this.#roomSince ??= now;
    else this.#roomSince = null;
    if (this.#raise && now - this.#raise.at > PROVEN_MS) {
      this.#raise = null;
      this.#raiseMs = FIRST_RAISE_MS;
    }
    this.#trial.note(tiles.reduce((sum, { drawn }) => sum + drawn, 0));
    if (this.#isOpening(tiles, now) || this.#isTrying(now) || now - this.#changedAt < SETTLE_MS) return;
    const beats = used > LITTLE ? OVERLOAD_BEATS : OVERLOAD_BEATS_LITTLE;
    if (this.#overloaded >= beats) this.#behind(used, tiles, now);
    else if (this.#hasRoom(now) && this.#couldHaveMore(tiles)) this.#more(used, tiles, now);
  }

  /** The tiles that are to have video now. Those that have it keep it as long as they can; cheap ones come first. */
  choose(tiles: readonly VideoTile[]): ReadonlySet<number> {
    const ordered = tiles
      .filter((tile) => this.#mayEver(tile))
      .sort((a, b) => Number(b.video) - Number(a.video) || a.cost - b.cost);
    const chosen = new Set<number>();
    let left = this.#budget;
    const over = this.#budget * (KEPT - 1);
    for (const { tile, cost, video } of ordered) {
      if (cost > (video ? left + over : left)) continue;
      left -= cost;
      chosen.add(tile);
    }
    return chosen;
  }

  #mayEver({ fps }: VideoTile): boolean {
    return this.hardware || fps === null || fps > FEW_FPS;
  }

  #hasRoom(now: number): boolean {
    return this.#roomSince !== null && now - Math.max(this.#roomSince, this.#changedAt) >= this.#raiseMs;
  }

  #couldHaveMore(tiles: readonly VideoTile[]): boolean {
    return tiles.some((tile) => !tile.video && tile.cost > 0 && this.#mayEver(tile));
  }

  /** While cameras are being connected everything is late, and ever more is drawn. */
  #isOpening(tiles: readonly VideoTile[], now: number): boolean {
    const shown = tiles.filter((tile) => tile.shown).length;
    if (shown !== this.#shown) {
      this.#shownSince = now;
      this.#trial.forget();
    }
    this.#shown = shown;
    return now - this.#shownSince < OPENING_MS;
  }

  #isTrying(now: number): boolean {
    const verdict = this.#trial.verdict(now);
    if (!verdict) return this.#trial.running;
    if (verdict.back !== null) this.#budget = verdict.back;
    this.#changed(now);
    return true;
  }

  #behind(used: number, tiles: readonly VideoTile[], now: number): void {
    if (this.#raise) {
      // A step that was too much is taken back; the next one is tried later.
      this.#raiseMs = Math.min(LONGEST_RAISE_MS, this.#raiseMs * 2);
      this.#budget = this.#raise.from / KEPT;
      this.#raise = null;
      this.#changed(now);
      return;
    }
    const order: readonly Direction[] = isVideoMuchBetter(tiles) ? ['more', 'less'] : ['less', 'more'];
    const possible = { less: used > 0, more: this.#couldHaveMore(tiles) };
    const direction = order.find((one) => possible[one] && this.#trial.mayTry(one, now));
    if (direction === undefined) return;
    this.#trial.begin(direction, Math.max(this.#budget, used), now);
    this.#budget = direction === 'less' ? (used * LESS) / KEPT : moreThan(used, tiles, MORE_BEHIND);
    this.#changed(now);
  }

  #changed(now: number): void {
    this.#changedAt = now;
    this.#overloaded = 0;
  }

  #more(used: number, tiles: readonly VideoTile[], now: number): void {
    const budget = moreThan(used, tiles, MORE);
    if (budget <= this.#budget) return;
    this.#raise = { at: now, from: used };
    this.#budget = budget;
    this.#changedAt = now;
  }
}

const costOf = (tiles: readonly VideoTile[]): number => tiles.reduce((sum, { cost }) => sum + cost, 0);

/** So many times the present, and enough for one tile more. */
function moreThan(used: number, tiles: readonly VideoTile[], factor: number): number {
  const cheapest = Math.min(...tiles.flatMap((tile) => (tile.video ? [] : [tile.cost])));
  return Math.max(used * factor, used + cheapest);
}

/** Whether tiles with video draw so much more than those with JPEG that JPEG is plainly no relief. */
function isVideoMuchBetter(tiles: readonly VideoTile[]): boolean {
  const meanOf = (some: readonly VideoTile[]): number =>
    some.length === 0 ? NaN : some.reduce((sum, { drawn }) => sum + drawn, 0) / some.length;
  const shown = tiles.filter((tile) => tile.shown);
  return (
    meanOf(shown.filter(({ video }) => video)) > MUCH_BETTER * meanOf(shown.filter((tile) => !tile.video))
  );
}

/** The delay that a tenth of the pictures exceeds; 0 when there are too few to tell. */
function slowestTenth(delays: readonly number[]): number {
  if (delays.length < FEWEST_DELAYS) return 0;
  return [...delays].sort((a, b) => a - b)[Math.floor(delays.length * 0.9)] ?? 0;
}
