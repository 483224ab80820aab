/**
 * The text of RTSP 1.0 messages (RFC 2326, 6 and 7): pure, strings in and out. Texts are "binary strings", one character a
 * byte (latin1), so that what a server sent can be sent back to it byte for byte.
 */

/** Names in lower case, in the order of arrival; a header that comes twice has two entries. */
export type HeaderFields = readonly (readonly [name: string, value: string])[];

interface MessageBase {
  readonly headers: HeaderFields;
  /** Decoded as UTF-8. */
  readonly body: string;
}

export interface RtspResponse extends MessageBase {
  readonly kind: 'response';
  /** 100-599 as a rule; any three digits. */
  readonly status: number;
  readonly reason: string;
}

export interface RtspRequest extends MessageBase {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
}

export type RtspMessage = RtspResponse | RtspRequest;

/** A message's start line and headers, without its body. */
export type MessageHead = Omit<RtspResponse, 'body'> | Omit<RtspRequest, 'body'>;

/** Bytes that are not RTSP, or break a bound. The message says what is wrong, and quotes nothing. */
export class RtspSyntaxError extends Error {
  override readonly name = 'RtspSyntaxError';
}

/** Most header lines of a message; cameras send up to a dozen. */
export const MAX_HEADERS = 128;
/** Largest body. Descriptions of recorders with many profiles take a few KB. */
export const MAX_BODY_BYTES = 64 * 1024;

/** `\s*` at both ends: some cameras send two blanks, or one at the end of the line. */
const STATUS_LINE = /^RTSP\/\d\.\d\s+(\d{3})(?:\s+(.*?))?\s*$/;
const REQUEST_LINE = /^([A-Z_]{3,20})\s+(\S{1,4096})\s+RTSP\/\d\.\d\s*$/;
/** Longest request line, bytes. */
export const MAX_REQUEST_LINE = 4096 + 64;

/** Whether a line, without its end, begins a request. */
export const isRequestLine = (line: string): boolean => REQUEST_LINE.test(line);

/**
 * @param text start line and header lines, without the blank line at the end; lines may end with LF alone
 * @throws RtspSyntaxError
 */
export function parseHead(text: string): MessageHead {
  const [first = '', ...lines] = text.split(/\r?\n/);
  const headers = parseHeaders(lines);
  const [, status, reason = ''] = STATUS_LINE.exec(first) ?? [];
  if (status !== undefined) return { kind: 'response', status: Number(status), reason, headers };
  const [, method, uri] = REQUEST_LINE.exec(first) ?? [];
  if (method === undefined || uri === undefined)
    throw new RtspSyntaxError('a message has no RTSP start line');
  return { kind: 'request', method, uri, headers };
}

function parseHeaders(lines: readonly string[]): [name: string, value: string][] {
  if (lines.length > MAX_HEADERS) throw new RtspSyntaxError(`a message has more than ${MAX_HEADERS} headers`);
  const headers: [name: string, value: string][] = [];
  for (const line of lines) {
    const last = headers.at(-1);
    // Obsolete line folding (RFC 2616, 4.2): a line that begins with white space continues the one before.
    if (/^[ \t]/.test(line)) {
      if (last !== undefined) last[1] = `${last[1]} ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    if (colon > 0) headers.push([line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]);
  }
  return headers;
}

/** First value of a header; `null` if it is missing. @param name in lower case */
export function headerOf({ headers }: Pick<MessageHead, 'headers'>, name: string): string | null {
  return headers.find(([each]) => each === name)?.[1] ?? null;
}

/** All values of a header. @param name in lower case */
export function headersOf({ headers }: Pick<MessageHead, 'headers'>, name: string): string[] {
  return headers.filter(([each]) => each === name).map(([, value]) => value);
}

/**
 * Bytes of the body that follows: 0 without a Content-Length.
 * @throws RtspSyntaxError for lengths that are no number, above MAX_BODY_BYTES, or contradict each other
 */
export function bodyLength(head: MessageHead): number {
  const [length = '', ...others] = new Set(headersOf(head, 'content-length'));
  if (others.length > 0) throw new RtspSyntaxError('a message has two different Content-Length headers');
  if (length === '') return 0;
  if (!/^\d{1,10}$/.test(length)) throw new RtspSyntaxError('a message has an impossible Content-Length');
  if (Number(length) > MAX_BODY_BYTES)
    throw new RtspSyntaxError(`a message has a Content-Length above ${MAX_BODY_BYTES} bytes`);
  return Number(length);
}

/** UTF-8 as a binary string: what is to be written or hashed byte for byte. */
export const binaryString = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export type HeaderLines = Readonly<Record<string, string>>;

const lines = (first: string, headers: HeaderLines, body: string): string =>
  [
    first,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body, 'latin1')}`]),
    '',
    body,
  ].join('\r\n');

/**
 * A request as a binary string. CSeq comes first: at least one camera's server echoes 0 otherwise.
 * @param uri as it shall stand in the request line: no white space, no control characters
 */
export function requestText(method: string, uri: string, cseq: number, headers: HeaderLines): string {
  return lines(`${method} ${uri} RTSP/1.0`, { CSeq: String(cseq), ...headers }, '');
}

/** A response to `request` as a binary string: CSeq is copied from it. */
export function responseText(
  request: Pick<RtspRequest, 'headers'>,
  status: number,
  reason: string,
  headers: HeaderLines = {},
  body = '',
): string {
  const cseq = request.headers.find(([name]) => name === 'cseq')?.[1] ?? '0';
  return lines(`RTSP/1.0 ${status} ${reason}`, { CSeq: cseq, ...headers }, body);
}

/** A peer's text for people: no control or escape characters, at most 80 of them. */
export const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 80);
