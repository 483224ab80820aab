import { type Elsewhere, type HostileKind, only, withHeader } from './kind.js';

const urlOf = ({ host, port }: Elsewhere): string => `rtsp://${host}:${port}/x`;

const header =
  (name: string): NonNullable<HostileKind['answer']> =>
  (_, answer, __, elsewhere) =>
    withHeader(answer, `${name}: ${urlOf(elsewhere)}`);

const transport = (change: (elsewhere: Elsewhere) => string): NonNullable<HostileKind['answer']> =>
  only('SETUP', (answer, _, elsewhere) => answer.replace(/Transport: .*/, `$&${change(elsewhere)}`));

const redirect = (method: string, status: number): HostileKind => ({
  name: `redirects-${method.toLowerCase()}-${status}`,
  answer: only(
    method,
    (answer, _, elsewhere) =>
      answer
        .replace(/^RTSP\/1\.0 200 OK/, `RTSP/1.0 ${status} Moved`)
        .replace(/\r\nContent-Length: .*/, '')
        .replace(/\r\n\r\n[^]*$/, '') + `\r\nLocation: ${urlOf(elsewhere)}\r\n\r\n`,
  ),
});

/** Another host wherever a camera can name one (RFC 2326, RFC 4566, RFC 4570). */
export const FOREIGN_KINDS: readonly HostileKind[] = [
  {
    name: 'foreign-control',
    sdp: (right, elsewhere) => right.replace('a=control:trackID=0', `a=control:${urlOf(elsewhere)}`),
  },
  {
    name: 'foreign-session-control',
    sdp: (right, elsewhere) => right.replace('a=control:*', `a=control:${urlOf(elsewhere)}`),
  },
  {
    name: 'foreign-connection',
    sdp: (right, { host }) => right.replace(/c=IN .*/, `c=IN IP4 ${host}`),
  },
  {
    name: 'foreign-media-connection',
    sdp: (right, { host }) => right.replace(/m=video .*/, `$&\r\nc=IN IP4 ${host}/127`),
  },
  {
    name: 'foreign-media-port',
    sdp: (right, { host, port }) =>
      right.replace(/c=IN .*/, `c=IN IP4 ${host}`).replace('m=video 0', `m=video ${port}`),
  },
  {
    name: 'foreign-source-filter',
    sdp: (right, { host }) => `${right}a=source-filter: incl IN IP4 * ${host}\r\na=rtcp:9 IN IP4 ${host}\r\n`,
  },
  {
    name: 'foreign-origin',
    sdp: (right, elsewhere) =>
      right.replace(/o=.*/, `o=- 1 1 IN IP4 ${elsewhere.host}\r\nu=${urlOf(elsewhere)}`),
  },
  { name: 'foreign-base', answer: header('Content-Base') },
  { name: 'foreign-location', answer: header('Content-Location') },
  { name: 'foreign-location-beside-200', answer: header('Location') },
  { name: 'foreign-rtp-info', answer: header('RTP-Info: url') },
  { name: 'foreign-source', answer: transport(({ host }) => `;source=${host}`) },
  {
    name: 'foreign-source-and-port',
    answer: transport(({ host, port }) => `;source=${host};server_port=${port}-${port + 1}`),
  },
  { name: 'foreign-destination', answer: transport(({ host }) => `;destination=${host}`) },
  {
    name: 'foreign-destination-addresses',
    answer: transport(({ host, port }) => `;dest_addr="${host}:${port}";src_addr="${host}:${port}"`),
  },
  {
    name: 'foreign-challenge',
    answer: (request, answer, _, elsewhere) =>
      request.headers.some(([name]) => name.toLowerCase() === 'authorization')
        ? answer
        : answer
            .replace('200 OK', '401 Unauthorized')
            .replace(
              '\r\n',
              `\r\nWWW-Authenticate: Digest realm="x", nonce="1", domain="${urlOf(elsewhere)}"\r\n`,
            ),
  },
  redirect('OPTIONS', 302),
  redirect('DESCRIBE', 301),
  redirect('DESCRIBE', 305),
  redirect('SETUP', 302),
  redirect('PLAY', 303),
  {
    name: 'redirect-request',
    answer: only(
      'PLAY',
      (answer, _, elsewhere) =>
        `${answer}REDIRECT ${urlOf(elsewhere)} RTSP/1.0\r\nCSeq: 9\r\nLocation: ${urlOf(elsewhere)}\r\n\r\n`,
    ),
  },
  {
    name: 'announce-request',
    answer: only('PLAY', (answer, _, elsewhere) => {
      const body = `v=0\r\nc=IN IP4 ${elsewhere.host}\r\nm=video ${elsewhere.port} RTP/AVP 96\r\na=control:${urlOf(elsewhere)}\r\n`;
      return `${answer}ANNOUNCE ${urlOf(elsewhere)} RTSP/1.0\r\nCSeq: 9\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    }),
  },
];
