import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { plain, writeHead } from './answer.js';

/** Headers that say where a request ends and whom it is for. Given twice, two parsers may read two things (RFC 9112, 3.2 and 6.3). */
const SINGLE = new Set(['content-length', 'host', 'transfer-encoding']);

/**
 * uWebSockets.js sends an answer when the handler returns, and reads on in between; only what does not fit in its buffer for
 * that is sent, and its connection closed, at once.
 */
const CORK_BUFFER_BYTES = 16 * 1024;

/**
 * Answers such a request with 400 and closes its connection, so that what stands behind is not read as a request of its own.
 * uWebSockets.js takes the first of several lengths.
 * @returns whether it did
 */
export function refuseRepeatedHeaders(res: HttpResponse, req: HttpRequest): boolean {
  const seen = new Set<string>();
  let repeated = '';
  req.forEach((name) => {
    if (!SINGLE.has(name)) return;
    if (seen.has(name)) repeated = name;
    seen.add(name);
  });
  if (repeated === '') return false;
  // A client that is gone already leaves the answer unfinished, and uWebSockets.js ends the process of a handler that returns
  // with neither an answer nor this.
  res.onAborted(() => undefined);
  const { status, type, headers } = plain(400, '');
  writeHead(res, status, type, headers);
  res.end(`${repeated} is given twice${' '.repeat(CORK_BUFFER_BYTES)}\n`, true);
  return true;
}
