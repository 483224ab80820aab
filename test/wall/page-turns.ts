import type { Page } from 'playwright-core';

/** Which cameras a screen of a view shows, and since when. */
export interface PageTurn {
  /** By the machine's clock, whatever the page takes for the time: Unix epoch, ms. */
  readonly at: number;
  readonly shown: string;
}

const NOTE = `(() => {
  window.turns = [];
  const look = () => {
    const tiles = [...document.querySelectorAll('li:not(.next, .away) > camera-tile')];
    const shown = tiles.map(({ camera }) => camera).join();
    if (shown !== turns.at(-1)?.shown) turns.push({ at: performance.timeOrigin + performance.now(), shown });
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()`;

/** From now on; ask for them by `turnsOf`. */
export const noteTurns = (page: Page): Promise<unknown> => page.evaluate(NOTE);

export const turnsOf = (page: Page): Promise<readonly PageTurn[]> => page.evaluate<PageTurn[]>('turns');

/** Part of the time, from where both are noted to the last turn of either, in which both showed the same; 0-1. */
export function sameShare(a: readonly PageTurn[], b: readonly PageTurn[]): number {
  const shownAt = (turns: readonly PageTurn[], at: number): string =>
    turns.findLast((turn) => turn.at <= at)?.shown ?? '';
  const from = Math.max(a[0]?.at ?? 0, b[0]?.at ?? 0);
  const times = [...new Set([...a, ...b].map(({ at }) => at))]
    .filter((at) => at >= from)
    .sort((x, y) => x - y);
  let same = 0;
  for (const [i, at] of times.entries())
    if (shownAt(a, at) === shownAt(b, at)) same += (times[i + 1] ?? at) - at;
  return same / ((times.at(-1) ?? from) - from);
}
