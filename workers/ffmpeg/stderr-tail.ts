import { redact } from '../../src/shared/redact.js';

/** Bytes of FFmpeg's stderr that are kept for each process. */
const TAIL_CHARS = 4096;

/** The line may have been cut before the `@` that tells a password from a host. */
const UNFINISHED_URL = /(rtsps?:\/\/)[^\s@]*$/i;

/** Keeps the end of a process's stderr, bounded and redacted line by line before it is kept. */
export class StderrTail {
  #kept = '';
  #line = '';

  push(chunk: string): void {
    // A flood without line breaks is cut as well: a line is at most the tail's size.
    const text = cut(this.#line + chunk, TAIL_CHARS * 2);
    const end = text.lastIndexOf('\n') + 1;
    this.#line = cut(text.slice(end), TAIL_CHARS);
    if (end > 0) this.#kept = (this.#kept + redact(withoutChatter(text.slice(0, end)))).slice(-TAIL_CHARS);
  }

  toString(): string {
    const line = redact(withoutChatter(this.#line)).replace(UNFINISHED_URL, '$1***');
    return (this.#kept + line).slice(-TAIL_CHARS);
  }
}

/** The end of `text`, begun at white space: half a URL would no longer be known as one, and its password would show. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = text.slice(-length);
  const space = end.search(/\s/);
  return space < 0 ? '' : end.slice(space);
}

/** Leaves out what FFmpeg says on level `info`, but for redirects. */
const withoutChatter = (text: string): string =>
  text.replace(/^(?:\[[^\]\n]* @ \w+\] )?\[info\](?!.*Redirecting to ).*(?:\n|$)/gm, '');
