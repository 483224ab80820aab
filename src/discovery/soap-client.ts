import { request as plain, type IncomingMessage } from 'node:http';
import { request as secure } from 'node:https';
import { authorization, parseChallenges } from '../rtsp/messages/authentication.js';
import { envelope, type Login, usernameToken } from './envelopes.js';
import { printable } from './printable.js';
import { find, MAX_XML_BYTES, parseXml, textOf, XmlError, type XmlElement } from './xml-tree.js';

/** A device cannot be asked. The message is for people; it holds no password. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}

interface Answer {
  readonly status: number;
  /** Values of its WWW-Authenticate headers. */
  readonly challenges: readonly string[];
  readonly body: Buffer;
}

/**
 * Asks one device, and nobody else: every address is on its own host, and redirects are not followed. The password is not sent, but as
 * a digest: in a WS-UsernameToken, and to devices that want it so, in HTTP Digest. Basic authentication would send it, and is not done.
 */
export class SoapClient {
  #scheme: 'token' | 'http' = 'token';
  /** The device's clock against this one's, ms. */
  clockOffsetMs = 0;

  /**
   * @param requestMs for one answer
   * @param signal ends everything, when the device's time is over
   */
  constructor(
    private readonly login: Login,
    private readonly requestMs: number,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * @param body the request's element
   * @param answerName what the body of the answer holds
   * @param open without credentials
   * @throws DeviceError
   */
  async ask(service: URL, body: string, answerName: string, open = false): Promise<XmlElement> {
    let answer = await this.#post(service, body, open, null);
    if (answer.status === 401 && !open && answer.challenges.length > 0) {
      const digest = parseChallenges(answer.challenges).known.find(
        (challenge) => challenge.scheme === 'digest' && challenge.qop !== 'auth-int',
      );
      if (!digest) throw new DeviceError('it refuses the user, or wants the password unencrypted (Basic)');
      this.#scheme = 'http';
      const target = `${service.pathname}${service.search}`;
      const header = authorization(digest, this.login, 'POST', target);
      // What the device's challenge put into it would make another header, or none.
      if (!/^[\x20-\x7e]+$/.test(header)) throw new DeviceError('its challenge is not usable');
      answer = await this.#post(service, body, open, header);
    }
    return bodyOf(answer, answerName);
  }

  async #post(service: URL, body: string, open: boolean, authorized: string | null): Promise<Answer> {
    const created = new Date(Date.now() + this.clockOffsetMs);
    const withToken = !open && this.#scheme === 'token';
    const text = envelope(body, withToken ? usernameToken(this.login, created) : '');
    const signal = AbortSignal.any([this.signal, AbortSignal.timeout(this.requestMs)]);
    const options = {
      method: 'POST',
      agent: false,
      signal,
      // Cameras have certificates of their own making.
      rejectUnauthorized: false,
      headers: {
        'content-type': 'application/soap+xml; charset=utf-8',
        'content-length': Buffer.byteLength(text),
        connection: 'close',
        ...(authorized === null ? {} : { authorization: authorized }),
      },
    };
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        reject(error instanceof DeviceError ? error : new DeviceError(reasonOf(error, signal)));
      };
      const request = service.protocol === 'https:' ? secure(service, options) : plain(service, options);
      request.on('error', fail);
      request.on('response', (response) => {
        readBounded(response)
          .then((bytes) => {
            const challenges = response.headersDistinct['www-authenticate'] ?? [];
            resolve({ status: response.statusCode ?? 0, challenges, body: bytes });
          })
          .catch(fail)
          .finally(() => request.destroy());
      });
      request.end(text);
    });
  }
}

const reasonOf = (error: Error, signal: AbortSignal): string => {
  if (signal.aborted) return 'no answer in time';
  return 'code' in error ? `no answer (${String(error.code)})` : 'no answer';
};

async function readBounded(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_XML_BYTES) throw new DeviceError(`its answer has more than ${MAX_XML_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function bodyOf({ status, body }: Answer, answerName: string): XmlElement {
  if (status >= 300 && status < 400) throw new DeviceError(`it redirects (${status}), which is not followed`);
  if (status === 401 || status === 403) throw new DeviceError('it refuses user or password');
  if (body.length === 0) throw new DeviceError(`it answers ${status}`);
  const parsed = parsedOrThrow(body);
  const found = find(parsed, 'Body', answerName);
  if (found) return found;
  const fault = find(parsed, 'Body', 'Fault');
  const code = textOf(fault, 'Code', 'Subcode', 'Value') || textOf(fault, 'Code', 'Value');
  if (/NotAuthorized|FailedAuthentication/i.test(code)) throw new DeviceError('it refuses user or password');
  const why = printable(textOf(fault, 'Reason', 'Text') || code || `status ${status}`);
  throw new DeviceError(`it does not answer what was asked: ${why}`);
}

function parsedOrThrow(body: Buffer): XmlElement {
  try {
    return parseXml(body);
  } catch (error) {
    if (error instanceof XmlError) throw new DeviceError(`its answer is not usable: ${error.message}`);
    throw error;
  }
}
