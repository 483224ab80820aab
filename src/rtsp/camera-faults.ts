import { CameraError, type CameraErrorCode } from '../shared/errors.js';
import { redact } from '../shared/redact.js';
import type { Credentials } from './messages/authentication.js';
import { headerOf, printable, type RtspResponse } from './messages/message-syntax.js';

/** What socket errors and RTSP status codes mean to whoever runs the camera. Pure. */

const SOCKET_FAULTS: Readonly<Record<string, CameraErrorCode>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'open_timeout',
  ECONNRESET: 'disconnected',
  EPIPE: 'disconnected',
};

/** @param phase of the connection when the error came */
export function socketFault(error: Error, phase: 'connecting' | 'TLS' | 'open'): CameraError {
  const code = 'code' in error ? String(error.code) : error.name;
  const other = { connecting: 'unreachable', TLS: 'protocol', open: 'disconnected' } as const;
  // An open connection that times out is lost: TCP's own keep-alive said so.
  if (phase === 'open') return new CameraError('disconnected', code);
  return new CameraError(SOCKET_FAULTS[code] ?? other[phase], phase === 'TLS' ? `TLS: ${code}` : code);
}

const STATUS_FAULTS: Readonly<Record<number, CameraErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  410: 'not_found',
  453: 'busy',
  454: 'not_found',
  // Methods and versions that the server does not know: not a matter of trying later.
  501: 'protocol',
  505: 'protocol',
  551: 'protocol',
};

/** The fault that a response other than 2xx stands for. */
export function statusFault(method: string, response: RtspResponse): CameraError {
  const { status } = response;
  const text = `${method}: ${statusText(response)}`;
  if (status >= 300 && status < 400) {
    const location = headerOf(response, 'location');
    return new CameraError('redirected', location === null ? text : `${text}, to ${printableUrl(location)}`);
  }
  return new CameraError(STATUS_FAULTS[status] ?? (status >= 500 ? 'unavailable' : 'protocol'), text);
}

/** A peer's URL for people, without credentials. */
export const printableUrl = (url: string): string => printable(redact(url));

const statusText = ({ status, reason }: Pick<RtspResponse, 'status' | 'reason'>): string =>
  `${status} ${printable(reason)}`.trim();

const SHORT_SECRET = 4;

/** Takes user and password out of a text, as they are or percent-encoded: servers repeat what they were sent. */
export function withoutSecrets(text: string, credentials: Credentials | null): string {
  if (credentials === null) return redact(text);
  const { username, password } = credentials;
  const secrets = [password, username].flatMap((secret) => [secret, encodeURIComponent(secret)]);
  secrets.push(Buffer.from(`${username}:${password}`).toString('base64'));
  return secrets
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length)
    .reduce(hide, redact(text));
}

/** A secret of a letter or two is hidden as a word only: it would stand in every sentence. */
function hide(text: string, secret: string): string {
  if (secret.length >= SHORT_SECRET) return text.replaceAll(secret, '***');
  const literal = secret.replace(/[^a-z0-9]/gi, '\\$&');
  return text.replace(new RegExp(`(?<![a-z0-9])${literal}(?![a-z0-9])`, 'gi'), '***');
}

/** A peer's text for people: without secrets, control characters and length. */
export const shown = (text: string, credentials: Credentials | null): string =>
  printable(withoutSecrets(text, credentials));
