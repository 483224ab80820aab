/** RTSP requests out of a byte stream (RFC 2326). No I/O: chunks in, requests out, whatever the chunks' borders. */

export interface RtspRequest {
  readonly method: string;
  readonly uri: string;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
}

/** A client that sends more than this without a whole request is no client. */
const MAX_REQUEST = 16_384;

export class RtspParser {
  #pending: Buffer = Buffer.alloc(0);

  /**
   * Takes what has arrived; gives the requests that are whole now. Interleaved packets (receiver reports) are skipped.
   * @throws Error on what is not RTSP, and on requests over 16 KiB.
   */
  push(chunk: Buffer): RtspRequest[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const requests: RtspRequest[] = [];
    for (;;) {
      const used = this.#pending[0] === 0x24 ? this.#interleavedLength() : this.#request(requests);
      if (used === 0) return requests;
      this.#pending = this.#pending.subarray(used);
    }
  }

  #interleavedLength(): number {
    if (this.#pending.length < 4) return 0;
    const length = 4 + this.#pending.readUInt16BE(2);
    return this.#pending.length < length ? 0 : length;
  }

  /** Bytes of the request at the front, 0 if it is not whole yet. */
  #request(requests: RtspRequest[]): number {
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end < 0) {
      if (this.#pending.length > MAX_REQUEST) throw new Error('request too long');
      return 0;
    }
    const [first = '', ...lines] = this.#pending.toString('latin1', 0, end).split('\r\n');
    const [, method = '', uri = ''] = /^([A-Z_]{3,20}) (\S+) RTSP\/1\.0$/.exec(first) ?? [];
    if (method === '') throw new Error('not an RTSP request');
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
    const body = Number(headers.get('content-length') ?? 0);
    if (!(body >= 0 && body <= MAX_REQUEST)) throw new Error('request too long');
    const length = end + 4 + body;
    if (this.#pending.length < length) return 0;
    requests.push({ method, uri, headers });
    return length;
  }
}

/** First part of the path: the camera's name in `rtsp://host:8554/cam1/trackID=0`. */
export function cameraNameOf(uri: string): string {
  return /^rtsps?:\/\/[^/]+\/([^/?#]+)/i.exec(uri)?.[1] ?? '';
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  302: 'Moved Temporarily',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  453: 'Not Enough Bandwidth',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  461: 'Unsupported Transport',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

/** Text of an answer; CSeq is copied from the request. */
export function rtspResponse(
  request: RtspRequest,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const all = {
    CSeq: request.headers.get('cseq') ?? '0',
    Server: 'virtual-camera',
    ...headers,
    ...(body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `RTSP/1.0 ${status} ${REASONS[status] ?? 'Status'}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}
