import type { HttpResponse } from 'uWebSockets.js';
import { badParameter, EditError } from '../shared/errors.js';

/** Longest body of a request, in bytes. */
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * Begins to read a request's body: call it while the request's handler runs.
 * @returns the parsed JSON; rejects with EditError `body_too_large`, or RefusedError `bad_parameter`
 */
export function readJsonBody(res: HttpResponse): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    res.onData((chunk, isLast) => {
      size += chunk.byteLength;
      if (size > MAX_BODY_BYTES) {
        chunks.length = 0;
        reject(new EditError('body_too_large', `body is longer than ${MAX_BODY_BYTES} bytes`));
        return;
      }
      // The chunk's memory is used again.
      chunks.push(Buffer.from(new Uint8Array(chunk)));
      if (!isLast) return;
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString()) as unknown);
      } catch {
        reject(badParameter('body is no JSON'));
      }
    });
  });
}
