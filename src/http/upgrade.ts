import type { HttpRequest, HttpResponse, us_socket_context_t } from 'uWebSockets.js';
import { closeReason } from '../shared/close-reason.js';
import { ServiceError } from '../shared/errors.js';
import { CLOSED_SESSION, type Judge, type SessionStart, type SocketData } from '../viewer/socket-session.js';
import { requestFacts } from './request.js';

/**
 * The opening handshake. Browsers cannot read a refused upgrade, so a refusal is: upgrade, then close with the code and a
 * reason. What is no WebSocket handshake at all gets a plain 4xx (uWebSockets.js would answer some of it with 101).
 */
export function upgradeHandler(judge: Judge, refused: (error: unknown) => void) {
  return (res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void => {
    const version = req.getHeader('sec-websocket-version');
    if (req.getHeader('upgrade').toLowerCase() !== 'websocket' || version !== '13') {
      rejectHandshake(res);
      return;
    }
    const key = req.getHeader('sec-websocket-key');
    const protocol = req.getHeader('sec-websocket-protocol');
    const extensions = req.getHeader('sec-websocket-extensions');
    const facts = requestFacts(res, req);
    let aborted = false;

    const upgrade = (start: SessionStart): void => {
      if (aborted) return;
      const data: SocketData = { start, session: null };
      res.cork(() => {
        res.upgrade(data, key, protocol, extensions, context);
      });
    };
    const refuse = (error: unknown): void => {
      refused(error);
      const [code, reason] =
        error instanceof ServiceError ? [error.close, error.message] : [1011, 'internal error: see the log'];
      upgrade((socket) => {
        socket.end(code, closeReason(reason));
        return CLOSED_SESSION;
      });
    };

    let judged: ReturnType<Judge>;
    try {
      judged = judge(facts);
    } catch (error) {
      refuse(error);
      return;
    }
    if (!(judged instanceof Promise)) {
      upgrade(judged);
      return;
    }
    res.onAborted(() => {
      aborted = true;
    });
    judged.then(upgrade, refuse);
  };
}

/** What is no handshake of ours is told what this path wants. */
export function rejectHandshake(res: HttpResponse): void {
  res
    .writeStatus('426 Upgrade Required')
    .writeHeader('Sec-WebSocket-Version', '13')
    .writeHeader('Upgrade', 'websocket');
  res.end('this path speaks WebSocket (RFC 6455, version 13)\n', true);
}
