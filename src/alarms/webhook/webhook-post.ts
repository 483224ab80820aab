import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { isIP } from 'node:net';
import type { WebhookUrl } from '../../config/alarm-settings.js';
import { CameraError } from '../../shared/errors.js';
import { type AddressPolicy, type Lookup, resolveTarget } from '../../source/address-policy.js';

/** How one try ended. `failed` names why, for metrics and the log; it holds nothing that the receiver said. */
export type PostOutcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'failed'; readonly reason: PostFailure; readonly detail: string };

export type PostFailure = 'denied' | 'dns' | 'connection' | 'tls' | 'timeout' | 'redirect' | 'status';

export interface PostOptions {
  readonly policy: Pick<AddressPolicy, 'judgeHost' | 'judgeAddress'>;
  readonly lookup?: Lookup;
  /** From the look-up of the name to the answer's head, ms. */
  readonly timeoutMs: number;
  /** Ends the try at once. */
  readonly signal: AbortSignal;
}

const failed = (reason: PostFailure, detail: string): PostOutcome => ({ kind: 'failed', reason, detail });

/**
 * Posts once. The name is resolved and judged at each try, and the number that was judged is dialled. A redirect is a failure and is not
 * followed: the body and its signature go nowhere else. Of the answer the status alone is read.
 */
export async function post(
  url: WebhookUrl,
  body: string,
  headers: Readonly<Record<string, string>>,
  { policy, lookup, timeoutMs, signal }: PostOptions,
): Promise<PostOutcome> {
  const end = new AbortController();
  const abort = (): void => {
    end.abort();
  };
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener('abort', abort);
  const ends = end.signal;
  try {
    const [address] = await before(ends, resolveTarget(url, policy, lookup));
    const status = await ask(url, address, body, headers, ends);
    if (status >= 200 && status < 300) return { kind: 'sent' };
    return failed(status >= 300 && status < 400 ? 'redirect' : 'status', `answered ${status}`);
  } catch (error) {
    return failureOf(error, ends);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** A look-up cannot be ended; it may be left alone. */
const before = <T>(ends: AbortSignal, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    ends.addEventListener('abort', () => reject(new Error('ended')), { once: true });
    work.then(resolve, reject);
  });

function ask(
  { secure: tls, host, port, path, auth }: WebhookUrl,
  address: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number> {
  const name = host.includes(':') ? `[${host}]` : host;
  const options = {
    host: address,
    port,
    path,
    method: 'POST',
    auth,
    // A connection of its own, closed with the answer: a receiver holds one socket at most.
    agent: false,
    signal,
    headers: {
      host: port === (tls ? 443 : 80) ? name : `${name}:${port}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'rtsp-stream-ws',
      ...headers,
    },
    // The certificate has to be the name's, not the number's.
    ...(tls && isIP(host) === 0 ? { servername: host } : {}),
  };
  return new Promise((resolve, reject) => {
    const request = tls ? secure(options) : plain(options);
    request.on('error', reject);
    request.on('response', (response) => {
      resolve(response.statusCode ?? 0);
      // However much it sends: nothing of it is wanted.
      response.on('error', () => undefined);
      request.destroy();
    });
    request.end(body);
  });
}

/** Of OpenSSL and of Node's checks of certificates. */
const TLS_CODE = /CERT|SSL|TLS|EPROTO|UNABLE_TO|ALTNAME/;

function failureOf(error: unknown, ends: AbortSignal): PostOutcome {
  if (error instanceof CameraError) return failed(error.code === 'dns' ? 'dns' : 'denied', error.detail);
  if (ends.aborted) return failed('timeout', 'no answer in time');
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return failed(TLS_CODE.test(code) ? 'tls' : 'connection', code);
}
