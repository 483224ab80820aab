import { ago, closedText, reasonText, type Strings } from './strings.js';
import { isHeld, type Verdict } from './verdict.js';

/** Texts of a tile for one verdict. */
export interface TileTexts {
  /** Short, for the corner: the word and how long it has been so. */
  readonly badge: string;
  readonly what: string;
  /** Why, and what a person can do; empty when there is nothing to say. */
  readonly todo: string;
}

/**
 * @param closedCode close code of the last connection to the server; 0 without one
 * @param retryDenied a person had the camera tried again, and it was too soon
 */
export function tileTexts(
  verdict: Verdict,
  strings: Strings,
  closedCode: number,
  retryDenied = false,
): TileTexts {
  const word = strings.words[verdict.word];
  // Live and refused verdicts have no age.
  const timed = verdict.age >= 1000;
  const badge = timed ? `${word} ${ago(verdict.age, strings)}` : word;
  if (verdict.word === 'frozen') return { badge, what: badge, todo: strings.frozen };
  if (verdict.word === 'waiting' && verdict.reason === null)
    return { badge, what: badge, todo: strings.waiting };
  if (retryDenied && isHeld(verdict)) return { badge, what: badge, todo: strings.retryDenied };
  if (verdict.word === 'link')
    return { badge, what: strings.linkTitle, todo: closedText(closedCode, strings) };
  return { badge, what: badge, todo: reasonText(verdict.reason, verdict.text, strings) };
}
