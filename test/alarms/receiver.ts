import { once } from 'node:events';
import { createServer as createPlain, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { Socket } from 'node:net';
import type { Scope } from '../support/rig.js';

export interface TakenRequest {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly body: string;
}

export interface ToldBody {
  readonly type: string;
  readonly time: number;
  readonly text: string;
  readonly cameras: readonly {
    readonly camera: string;
    readonly title: string;
    readonly state: string;
    readonly previous: string | null;
    readonly reason: string | null;
    readonly since: number;
  }[];
}

/** A webhook's receiver. */
export interface Receiver {
  readonly port: number;
  readonly requests: TakenRequest[];
  /** Connections that are open now, and the most that ever were. */
  readonly sockets: { now: number; most: number };
  /** `camera state` of all that was told, in its order. */
  told(): string[];
}

/** How it answers: a status, or whatever it does with request and answer; given anew for each request. */
export type Answer = number | RequestListener;

/** @param tls key and certificate in PEM; plain HTTP without */
export async function startReceiver(
  t: Scope,
  answer: () => Answer = () => 204,
  tls: { readonly key: Buffer; readonly cert: Buffer } | null = null,
): Promise<Receiver> {
  const requests: TakenRequest[] = [];
  const sockets = { now: 0, most: 0 };
  const open = new Set<Socket>();
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      requests.push({ headers: request.headers, path: request.url ?? '', body });
      const how = answer();
      if (typeof how === 'number') response.writeHead(how).end();
      else how(request, response);
    });
  };
  const server = tls ? createSecure(tls, listener) : createPlain(listener);
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    sockets.now++;
    sockets.most = Math.max(sockets.most, sockets.now);
    socket
      .on('error', () => undefined)
      .on('close', () => {
        open.delete(socket);
        sockets.now--;
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address !== 'object') throw new Error('no port');
  return {
    port: address.port,
    requests,
    sockets,
    told: () =>
      requests.flatMap(({ body }) =>
        (JSON.parse(body) as ToldBody).cameras.map(({ camera, state }) => `${camera} ${state}`),
      ),
  };
}
