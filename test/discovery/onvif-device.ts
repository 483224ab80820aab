import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Scope } from '../support/rig.js';

/** A virtual ONVIF device on a loopback address: answers probes over UDP and SOAP over HTTP, as honest or hostile as it is told. */

const GROUP = '239.255.255.250';

export interface DeviceOptions {
  /** Of WS-Discovery. */
  readonly port: number;
  /** `127.0.0.0/8` is all loopback: each device has an address of its own. */
  readonly address: string;
  readonly password: string;
  /** How it wants the password. */
  readonly auth: 'token' | 'digest' | 'basic';
  /** The status of its refusal. */
  readonly refusal?: number;
  /** Its clock against the real one, ms. */
  readonly clockMs: number;
  /** Profiles: encoding and size, and the path of the stream. */
  readonly profiles: readonly (readonly [encoding: string, width: number, height: number, path: string])[];
  /** Another host for the device service, the media service, the streams. */
  readonly serviceHost?: string;
  readonly mediaHost?: string;
  readonly streamHost?: string;
  /** Answers everything in its own way. */
  readonly hostile?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Answers probes for this type alone, and drops those whose message id it knows, as WS-Discovery lets it. */
  readonly type?: string;
  /** Answers a probe in its own way: further datagrams. */
  readonly flood?: (
    send: (datagram: string) => void,
    match: string,
    to: { port: number; address: string },
  ) => void;
}

export interface OnvifDevice {
  readonly options: DeviceOptions;
  readonly httpPort: number;
  /** Name of what was asked, with `+` when it was answered. */
  readonly asked: string[];
  /** Everything that came over HTTP, heads included. */
  readonly received: string[];
}

const sha1 = (...parts: readonly (string | Buffer)[]): string => {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest('base64');
};
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

const envelope = (body: string): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" ` +
  'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" ' +
  'xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:ter="http://www.onvif.org/ver10/error">' +
  `<SOAP-ENV:Body>${body}</SOAP-ENV:Body></SOAP-ENV:Envelope>`;

const FAULT = envelope(
  '<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value><SOAP-ENV:Subcode><SOAP-ENV:Value>' +
    'ter:NotAuthorized</SOAP-ENV:Value></SOAP-ENV:Subcode></SOAP-ENV:Code><SOAP-ENV:Reason><SOAP-ENV:Text xml:lang="en">' +
    'Sender not Authorized</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>',
);

export async function startDevice(
  t: Scope,
  given: Partial<DeviceOptions> & Pick<DeviceOptions, 'port' | 'address'>,
): Promise<OnvifDevice> {
  const options: DeviceOptions = {
    ...{ password: 'p@ss:1', auth: 'token', clockMs: 0 },
    profiles: [
      ['H264', 1920, 1080, '/main?a=1&amp;b=2'],
      ['H264', 640, 360, '/sub'],
      ['JPEG', 320, 180, '/jpeg'],
    ],
    ...given,
  };
  const asked: string[] = [];
  const received: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      received.push(`${request.rawHeaders.join('\n')}\n${body}`);
      const [, name = ''] = /<q:(\w+)/.exec(body) ?? [];
      asked.push(name);
      if (options.hostile) {
        options.hostile(request, response);
        return;
      }
      const refusal = name === 'GetSystemDateAndTime' ? null : refusalOf(request, body, options);
      if (refusal !== null) {
        response.writeHead(options.refusal ?? (options.auth === 'token' ? 400 : 401), refusal).end(FAULT);
        return;
      }
      asked[asked.length - 1] = `${name}+`;
      response
        .writeHead(200, { 'content-type': 'application/soap+xml' })
        .end(envelope(answerOf(name, body, options, httpPort)));
    });
  });
  server.on('clientError', () => undefined);
  server.listen(0, options.address);
  await once(server, 'listening');
  const address = server.address();
  const httpPort = typeof address === 'object' && address !== null ? address.port : 0;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await answerProbes(t, options, httpPort);
  return { options, httpPort, asked, received };
}

/** Headers of the refusal; `null` when the request may pass. */
function refusalOf(
  { headers, url = '' }: IncomingMessage,
  body: string,
  { auth, password, clockMs }: DeviceOptions,
): Readonly<Record<string, string>> | null {
  if (auth === 'token') {
    const part = (name: string): string =>
      new RegExp(`<\\w+:${name}(?: [^>]*)?>([^<]*)<`).exec(body)?.[1] ?? '';
    const created = part('Created');
    const isFresh = Math.abs(Date.parse(created) - (Date.now() + clockMs)) < 5000;
    const digest = sha1(Buffer.from(part('Nonce'), 'base64'), created, password);
    return part('Username') === 'viewer' && part('Password') === digest && isFresh ? null : {};
  }
  const given = headers.authorization ?? '';
  if (auth === 'basic') return { 'www-authenticate': 'Basic realm="x"' };
  const field = (name: string): string => new RegExp(`${name}="?([^",]+)`).exec(given)?.[1] ?? '';
  const [nonce, nc, cnonce] = [field('nonce'), field('nc'), field('cnonce')];
  const expected = md5(
    `${md5(`viewer:cam:${password}`)}:${nonce}:${nc}:${cnonce}:auth:${md5(`POST:${url}`)}`,
  );
  if (given !== '' && field('response') === expected) return null;
  return {
    'www-authenticate': `Digest realm="cam", qop="auth", nonce="${randomBytes(8).toString('hex')}", algorithm=MD5`,
  };
}

function answerOf(name: string, body: string, options: DeviceOptions, httpPort: number): string {
  const { address, clockMs, profiles, mediaHost = address, streamHost = address } = options;
  switch (name) {
    case 'GetSystemDateAndTime': {
      const now = new Date(Date.now() + clockMs);
      const date = `<tt:Year>${now.getUTCFullYear()}</tt:Year><tt:Month>${now.getUTCMonth() + 1}</tt:Month><tt:Day>${now.getUTCDate()}</tt:Day>`;
      const time = `<tt:Hour>${now.getUTCHours()}</tt:Hour><tt:Minute>${now.getUTCMinutes()}</tt:Minute><tt:Second>${now.getUTCSeconds()}</tt:Second>`;
      return `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime><tt:Time>${time}</tt:Time><tt:Date>${date}</tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`;
    }
    case 'GetCapabilities':
      return `<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://${mediaHost}:${httpPort}/onvif/media</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>`;
    case 'GetDeviceInformation':
      return '<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme: "Co" #1</tds:Manufacturer><tds:Model>X&#10;1</tds:Model></tds:GetDeviceInformationResponse>';
    case 'GetProfiles':
      return `<trt:GetProfilesResponse>${profiles
        .map(
          ([encoding, width, height], i) =>
            `<trt:Profiles token="profile&amp;${i}"><tt:VideoEncoderConfiguration><tt:Encoding>${encoding}</tt:Encoding><tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution></tt:VideoEncoderConfiguration></trt:Profiles>`,
        )
        .join('')}</trt:GetProfilesResponse>`;
    case 'GetStreamUri': {
      const index = Number(/profile&amp;(\d+)</.exec(body)?.[1]);
      return `<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>rtsp://${streamHost}:8554${profiles[index]?.[3] ?? ''}</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>`;
    }
    default:
      return '';
  }
}

/** Hears the group on loopback, and answers from its own address. */
async function answerProbes(t: Scope, options: DeviceOptions, httpPort: number): Promise<void> {
  const { port, address, serviceHost = address, type = '', flood } = options;
  const known = new Set<string>();
  const hears = createSocket({ type: 'udp4', reuseAddr: true });
  const speaks = createSocket('udp4');
  const open: Socket[] = [hears, speaks];
  t.after(() => open.forEach((socket) => socket.close()));
  speaks.bind(0, address);
  await once(speaks, 'listening');
  hears.bind(port, GROUP);
  await once(hears, 'listening');
  hears.addMembership(GROUP, '127.0.0.1');
  hears.on('message', (datagram, { port: to, address: from }) => {
    const probe = datagram.toString();
    const id = /MessageID>([^<]*)</.exec(probe)?.[1] ?? '';
    const isNew = !known.has(id);
    known.add(id);
    if (type !== '' && !(isNew && probe.includes(`:${type}<`))) return;
    const match = probeMatch(id, `http://${serviceHost}:${httpPort}/onvif/device_service`);
    if (flood) flood((text) => speaks.send(text, to, from), match, { port: to, address: from });
    else speaks.send(match, to, from);
  });
}

export const probeMatch = (id: string, addresses: string): string =>
  '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" ' +
  'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">' +
  `<s:Header><a:RelatesTo>${id}</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>` +
  '<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Front%20door onvif://www.onvif.org/hardware/X1</d:Scopes>' +
  `<d:XAddrs>${addresses}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>`;
