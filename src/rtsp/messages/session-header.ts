/** The Session header (RFC 2326, 12.37). Pure. */

export interface SessionHeader {
  readonly id: string;
  /** After so long without a sign of life the server ends the session, ms. */
  readonly timeoutMs: number;
}

/** RFC 2326, 12.37. */
export const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_TIMEOUT_S = 3600;
/** Not all keep to the RFC's alphabet of ids; what could break a header line is refused. */
const ID = /^[\x21-\x7e]{1,512}$/;

/** @returns null without a usable id: some servers have no sessions */
export function parseSession(header: string | null): SessionHeader | null {
  const [id = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim());
  if (!ID.test(id)) return null;
  const seconds = parameters.map((part) => /^timeout\s*=\s*"?(\d{1,6})/i.exec(part)?.[1]).find(Boolean);
  const known = seconds !== undefined && Number(seconds) > 0;
  return { id, timeoutMs: known ? Math.min(Number(seconds), MAX_TIMEOUT_S) * 1000 : DEFAULT_TIMEOUT_MS };
}

/** Two signs of life may go astray in a long timeout; routers forget connections after a minute or so. */
const MAX_INTERVAL_MS = 30_000;
const MIN_INTERVAL_MS = 500;

/** How often to show life in a session with this timeout, ms. */
export const keepAliveInterval = (timeoutMs: number): number =>
  Math.max(MIN_INTERVAL_MS, Math.min(timeoutMs / 2, MAX_INTERVAL_MS));
