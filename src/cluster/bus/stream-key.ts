/**
 * Spelling of stream keys (`door.1`, `door.1~main`) as one token of a NATS subject or key-value key: those allow
 * `A-Z a-z 0-9 - _ / =`, and `.` separates tokens. A stream key holds no `=`, so that it can escape the other two.
 */

const STREAM_KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?:~main)?$/;
const TOKEN = /^(?:[A-Za-z0-9_-]|=2E|=7E)+$/;

const isStreamKey = (text: string): boolean => STREAM_KEY.test(text);

/** `door.1~main` -> `door=2E1=7Emain`. */
export const streamKeyToToken = (key: string): string => key.replaceAll('.', '=2E').replaceAll('~', '=7E');

/** The other way round; `null` for what no stream key is spelled as. */
export function tokenToStreamKey(token: string): string | null {
  if (!TOKEN.test(token)) return null;
  const key = token.replaceAll('=2E', '.').replaceAll('=7E', '~');
  return isStreamKey(key) ? key : null;
}
