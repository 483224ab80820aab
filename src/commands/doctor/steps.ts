import { type AddressPolicy, resolveTarget, systemLookup } from '../../source/address-policy.js';
import { CameraError, type CameraErrorCode } from '../../shared/errors.js';
import { dialUrl, type RtspUrl } from '../../source/rtsp-url.js';
import { isIP } from 'node:net';
import { RtspDialogue } from '../../rtsp/client.js';
import { authorization, challenges, mediaCodecs, type RtspAnswer } from '../../rtsp/messages.js';

/** Prints one step: what it is, and what came of it. */
export type Tell = (step: string, result: string) => void;

/** Longest wait for the connection and for each answer. */
const ANSWER_MS = 5000;

const STATUS_FAULTS: Readonly<Record<number, CameraErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  453: 'busy',
  454: 'not_found',
  503: 'unavailable',
};

/** @returns the address that is tried first. @throws CameraError `dns`, `target_denied` */
export async function resolveStep(url: RtspUrl, policy: AddressPolicy, tell: Tell): Promise<string> {
  const found: string[] = [];
  const [address, ...others] = await resolveTarget(url, policy, async (host) => {
    const addresses = await systemLookup(host);
    found.push(...addresses);
    for (const each of addresses) tell('resolve', `${each}: ${policy.judgeAddress(each, host) ?? 'allowed'}`);
    return addresses;
  });
  tell(
    'resolve',
    isIP(url.host) === 0
      ? `${address} is dialled${others.length > 0 ? ' first' : ''}`
      : `${address}: allowed`,
  );
  return address;
}

/**
 * Asks the camera for its description as FFmpeg will.
 * @throws CameraError for what FFmpeg, too, would end with
 */
export async function rtspStep(url: RtspUrl, address: string, tell: Tell): Promise<void> {
  const door = { address, host: url.host, port: url.port, tls: url.scheme === 'rtsps' };
  const dialogue = await RtspDialogue.open(door, ANSWER_MS);
  try {
    tell('connect', `port ${url.port} is open${door.tls ? ', TLS (certificate not checked)' : ''}`);
    const target = dialUrl(url, address).replace(/^(rtsps?:\/\/)[^/?#]*@/i, '$1');
    const options = await dialogue.ask('OPTIONS', target);
    tell('OPTIONS', `${statusText(options)}${serverText(options)}`);
    const described = await describe(dialogue, url, target, tell);
    if (described.status !== 200) throw statusFault(described);
    const { video, audio } = mediaCodecs(described.body);
    tell(
      'codec',
      `video ${video.join(', ') || 'none'}${audio.length > 0 ? `; audio ${audio.join(', ')} (not used)` : ''}`,
    );
    if (video.length === 0) throw new CameraError('no_video', 'the description has no video');
  } finally {
    dialogue.close();
  }
}

async function describe(
  dialogue: RtspDialogue,
  url: RtspUrl,
  target: string,
  tell: Tell,
): Promise<RtspAnswer> {
  const accept = 'Accept: application/sdp';
  const open = await dialogue.ask('DESCRIBE', target, [accept]);
  if (open.status !== 401) {
    tell('DESCRIBE', statusText(open));
    tell('auth', url.credentials() ? 'none asked for: user and password are not needed' : 'none asked for');
    return open;
  }
  const offered = challenges(open);
  const names = offered
    .map((c) => (c.scheme === 'digest' ? `Digest ${c.algorithm}` : 'Basic'))
    .map(printable);
  const credentials = url.credentials();
  tell('auth', `camera asks for ${names.join(' or ') || 'a scheme that is not known here'}`);
  if (!credentials) throw new CameraError('unauthorized', 'the URL has no user and password');
  const header = offered
    .map((c) => authorization(c, credentials, 'DESCRIBE', target))
    .find((line) => line !== null);
  if (header === undefined)
    throw new CameraError(
      'unauthorized',
      'neither this nor FFmpeg knows these schemes: choose Digest MD5 in the camera',
    );
  const answer = await dialogue.ask('DESCRIBE', target, [accept, header]);
  tell('DESCRIBE', `${statusText(answer)}, with user and password`);
  return answer;
}

function statusFault(answer: RtspAnswer): CameraError {
  const { status } = answer;
  if (status >= 300 && status < 400) return new CameraError('redirected', statusText(answer));
  return new CameraError(STATUS_FAULTS[status] ?? 'protocol', statusText(answer));
}

const statusText = ({ status, reason }: RtspAnswer): string => `${status} ${printable(reason)}`.trim();

function serverText({ headers }: RtspAnswer): string {
  const server = headers.find(([name]) => name === 'server')?.[1];
  return server === undefined ? '' : `, server ${printable(server)}`;
}

/** A camera's text for a terminal: no escape sequences, not endless. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 80);
