import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { OptionsError } from './parse.js';
import { urlHost } from './url-host.js';
import type { VirtualCameras } from './virtual-cameras.js';

/** The HTTP control server of the cameras: state, sending times and faults as JSON. */
export interface Control {
  readonly url: string;
  close(): Promise<void>;
}

type Served = Pick<VirtualCameras, 'list' | 'sent' | 'fault'>;

const MAX_BODY = 4096;

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_BODY) throw new OptionsError('body is too long');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new OptionsError('body is not JSON');
  }
}

/** `{"camera": NAME or "*", "fault": "stall:10" or null}` */
function faultOrder(body: unknown): { camera: string; fault: string | null } {
  if (typeof body === 'object' && body !== null && 'camera' in body && 'fault' in body) {
    const { camera, fault } = body;
    if (typeof camera === 'string' && (typeof fault === 'string' || fault === null)) return { camera, fault };
  }
  throw new OptionsError('body must be {"camera": name, "fault": text or null}');
}

/** The answer to a request; undefined: there is no such page. */
async function answerTo(request: IncomingMessage, cameras: Served): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://control');
  switch (`${request.method ?? ''} ${url.pathname}`) {
    case 'GET /cameras':
      return cameras.list();
    case 'GET /sent': {
      const from = Number(url.searchParams.get('from') ?? 0);
      if (!Number.isFinite(from)) throw new OptionsError('from must be a number');
      return cameras.sent(url.searchParams.get('camera') ?? '', from);
    }
    case 'POST /fault': {
      const { camera, fault } = faultOrder(await bodyOf(request));
      await cameras.fault(camera, fault);
      return { camera, fault };
    }
    default:
      return undefined;
  }
}

async function serve(request: IncomingMessage, response: ServerResponse, cameras: Served): Promise<void> {
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  try {
    const answer = await answerTo(request, cameras);
    if (answer === undefined) send(404, { error: 'there are GET /cameras, GET /sent and POST /fault' });
    else send(200, answer);
  } catch (error) {
    const isTheirs = error instanceof OptionsError;
    send(isTheirs ? 400 : 500, { error: error instanceof Error ? error.message : 'failed' });
  }
}

/** @throws Error if the port is taken. */
export async function openControl(host: string, port: number, cameras: Served): Promise<Control> {
  const server = createServer((request, response) => void serve(request, response, cameras));
  server.listen(port, host);
  await once(server, 'listening');
  const bound = server.address();
  const actual = bound !== null && typeof bound === 'object' ? bound.port : port;
  return {
    url: `http://${urlHost(host)}:${actual}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
