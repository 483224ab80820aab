import type { Strings } from './strings.js';
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

/** `7 s`, `3 min`, `5 h`, `2 d`. */
export function ago(ms: number, strings: Strings): string {
  const [s, min, h, d] = strings.agoUnits;
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} ${s}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} ${min}`;
  if (seconds < 86_400 * 2) return `${Math.floor(seconds / 3600)} ${h}`;
  return `${Math.floor(seconds / 86_400)} ${d}`;
}

/** The text for a stable code, else the server's own English one. */
export function reasonText(reason: string | null, text: string, strings: Strings): string {
  const known: Readonly<Record<string, string>> = strings.reasons;
  return reason !== null && Object.hasOwn(known, reason) ? (known[reason] ?? text) : text;
}

/** Why there is no connection to the server, for the close codes that a person can do something about. */
export function closedText(code: number, strings: Strings): string {
  if (code === 4401) return strings.reasons.unauthenticated;
  if (code === 4403) return strings.reasons.origin_denied;
  return code === 4429 ? strings.reasons.too_many_connections : strings.link;
}
