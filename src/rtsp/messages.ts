import { createHash, randomBytes } from 'node:crypto';

/** The little of RTSP 1.0 (RFC 2326) that asking a camera for its description takes. Pure: bytes and texts in and out. */

export interface RtspAnswer {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case; a header that comes twice has two entries. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Descriptions of cameras with many profiles take a few KB. */
export const MAX_ANSWER_BYTES = 64 * 1024;

export function writeRequest(
  method: string,
  url: string,
  sequence: number,
  headers: readonly string[] = [],
): string {
  return [
    `${method} ${url} RTSP/1.0`,
    `CSeq: ${sequence}`,
    'User-Agent: rtsp-stream-ws',
    ...headers,
    '',
    '',
  ].join('\r\n');
}

/**
 * Reads one answer from the bytes that came so far.
 * @returns `null` when more bytes are needed
 * @throws Error that says what is wrong, when these bytes are no RTSP answer
 */
export function readAnswer(bytes: Buffer): RtspAnswer | null {
  const tooLong = bytes.length > MAX_ANSWER_BYTES;
  const end = bytes.indexOf('\r\n\r\n');
  const begin = bytes.subarray(0, 5).toString('latin1');
  if (!'RTSP/'.startsWith(begin.slice(0, 5)))
    throw new Error('the answer is not RTSP: is this the right port?');
  if (end < 0) {
    if (tooLong) throw new Error(`the answer's header is longer than ${MAX_ANSWER_BYTES} bytes`);
    return null;
  }
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const match = /^RTSP\/1\.\d (\d{3}) ?(.*)$/.exec(statusLine);
  if (!match) throw new Error('the answer begins with no RTSP status line');
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 1
      ? []
      : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const];
  });
  const length = Number(headers.find(([name]) => name === 'content-length')?.[1] ?? 0);
  if (!(length >= 0 && length <= MAX_ANSWER_BYTES))
    throw new Error('the answer has an impossible Content-Length');
  const body = bytes.subarray(end + 4, end + 4 + length);
  if (body.length < length) return null;
  return { status: Number(match[1]), reason: match[2] ?? '', headers, body: body.toString('utf8') };
}

export interface Challenge {
  readonly scheme: 'basic' | 'digest';
  readonly realm: string;
  readonly nonce: string;
  /** In capitals; `MD5` when the camera names none. */
  readonly algorithm: string;
  /** Whether it offers qop=auth. */
  readonly qopAuth: boolean;
}

/** What the camera offers, the strongest first. Schemes that FFmpeg does not know are left out. */
export function challenges(answer: RtspAnswer): Challenge[] {
  const found = answer.headers
    .filter(([name]) => name === 'www-authenticate')
    .map(([, value]) => {
      const [, scheme = '', rest = ''] = /^(\w+)\s*(.*)$/.exec(value) ?? [];
      const given = new Map<string, string>();
      for (const [, key = '', quoted, bare] of rest.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/g))
        given.set(key.toLowerCase(), quoted ?? bare ?? '');
      return {
        scheme: scheme.toLowerCase(),
        realm: given.get('realm') ?? '',
        nonce: given.get('nonce') ?? '',
        algorithm: (given.get('algorithm') ?? 'MD5').toUpperCase(),
        qopAuth: (given.get('qop') ?? '').split(/[,\s]+/).includes('auth'),
      };
    });
  const known = found.filter((c): c is Challenge => c.scheme === 'basic' || c.scheme === 'digest');
  return known.sort((a, b) => b.scheme.localeCompare(a.scheme));
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/**
 * The Authorization header's line, by RFC 2617 (MD5 and MD5-sess, which is what FFmpeg has too).
 * @returns `null` for an algorithm that is not known
 */
export function authorization(
  challenge: Challenge,
  { username, password }: Credentials,
  method: string,
  url: string,
  cnonce = randomBytes(8).toString('hex'),
): string | null {
  if (challenge.scheme === 'basic')
    return `Authorization: Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const { realm, nonce, algorithm, qopAuth } = challenge;
  if (algorithm !== 'MD5' && algorithm !== 'MD5-SESS') return null;
  const secret = md5(`${username}:${realm}:${password}`);
  const ha1 = algorithm === 'MD5-SESS' ? md5(`${secret}:${nonce}:${cnonce}`) : secret;
  const ha2 = md5(`${method}:${url}`);
  const counted = `00000001:${cnonce}:auth`;
  const response = md5(qopAuth ? `${ha1}:${nonce}:${counted}:${ha2}` : `${ha1}:${nonce}:${ha2}`);
  const parts = [`username="${username}"`, `realm="${realm}"`, `nonce="${nonce}"`, `uri="${url}"`];
  if (algorithm === 'MD5-SESS') parts.push('algorithm=MD5-sess');
  if (qopAuth) parts.push('qop=auth', 'nc=00000001');
  if (qopAuth || algorithm === 'MD5-SESS') parts.push(`cnonce="${cnonce}"`);
  return `Authorization: Digest ${[...parts, `response="${response}"`].join(', ')}`;
}

/** Codecs of the description's media: `{ video: ['H264'], audio: ['PCMU'] }`. */
export function mediaCodecs(sdp: string): { video: string[]; audio: string[] } {
  const codecs: { video: string[]; audio: string[] } = { video: [], audio: [] };
  // RFC 3551's static payload types that cameras use.
  const statics: Readonly<Record<string, string>> = {
    '0': 'PCMU',
    '8': 'PCMA',
    '26': 'JPEG',
    '32': 'MPV',
    '33': 'MP2T',
  };
  for (const media of sdp.split(/^m=/m).slice(1)) {
    const [, kind, type = ''] = /^(video|audio) \S+ \S+ (\d+)/.exec(media) ?? [];
    const named = new RegExp(`^a=rtpmap:${type}\\s+([\\w.-]{1,32})/`, 'm').exec(media)?.[1];
    if (kind === 'video' || kind === 'audio')
      codecs[kind].push(named?.toUpperCase() ?? statics[type] ?? 'unknown');
  }
  return codecs;
}
