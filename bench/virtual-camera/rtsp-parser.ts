import { RtspReader } from '../../src/rtsp/messages/message-reader.js';
import { responseText, type RtspRequest } from '../../src/rtsp/messages/message-syntax.js';

/** The service's own reader of RTSP, from the server's side. */

export type { RtspRequest };

export class RtspParser {
  readonly #requests: RtspRequest[] = [];
  /** Interleaved packets are a client's receiver reports. */
  readonly #reader = new RtspReader({
    message: (message) => {
      if (message.kind === 'request') this.#requests.push(message);
    },
    packet: () => undefined,
  });

  /**
   * Takes what has arrived; gives the requests that are whole now.
   * @throws RtspSyntaxError on what is not RTSP or breaks a bound
   */
  push(chunk: Uint8Array): RtspRequest[] {
    this.#reader.push(chunk);
    return this.#requests.splice(0);
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

/** Text of an answer, to be written as latin1; CSeq is copied from the request. */
export const rtspResponse = (
  request: RtspRequest,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string =>
  responseText(request, status, REASONS[status] ?? 'Status', { Server: 'virtual-camera', ...headers }, body);
