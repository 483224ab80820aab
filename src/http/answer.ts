import { STATUS_CODES } from 'node:http';
import type { HttpResponse } from 'uWebSockets.js';

export type Header = readonly [name: string, value: string];

/** Sent with every answer, unless it has its own. Pages may load only what this service itself serves. */
const SECURITY_HEADERS: readonly Header[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
];

/** Lets pages of other origins show a picture; browsers know no way to name them here. */
export const EMBEDDABLE: Header = ['Cross-Origin-Resource-Policy', 'cross-origin'];

export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

export interface Answer {
  readonly status: number;
  readonly headers?: readonly Header[];
  readonly type: string;
  readonly body: string | ArrayBuffer | Uint8Array;
  /** The connection ends with it: the rest of the request's body is not waited for. */
  readonly close?: boolean;
}

export const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  headers: [['Cache-Control', 'no-store']],
  body: JSON.stringify(value),
});

export const plain = (status: number, text: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  headers: [['Cache-Control', 'no-store']],
  body: text,
});

/** Begins an answer: the status line, the headers that every answer has, and its own. */
export function writeHead(
  res: HttpResponse,
  status: number,
  type: string,
  headers: readonly Header[] = [],
): void {
  res.writeStatus(`${status} ${STATUS_CODES[status] ?? ''}`).writeHeader('Content-Type', type);
  for (const [name, value] of SECURITY_HEADERS)
    if (!headers.some(([own]) => own === name)) res.writeHeader(name, value);
  for (const [name, value] of headers) res.writeHeader(name, value);
}

/** @param withBody false for HEAD: the same headers, its length included, and nothing behind them */
export function send(res: HttpResponse, answer: Answer, withBody = true): void {
  const { status, type, headers, body, close = false } = answer;
  res.cork(() => {
    writeHead(res, status, type, headers);
    if (withBody) {
      res.end(body, close);
      return;
    }
    const length = Buffer.byteLength(body);
    // Not given to `endWithoutBody`: told a length, it takes the response for unfinished, and ends the process.
    if (length > 0) res.writeHeader('Content-Length', String(length));
    res.endWithoutBody();
  });
}
