import type { HttpRequest, HttpResponse, us_socket_context_t } from 'uWebSockets.js';
import type { RequestFacts } from '../../access/request-facts.js';
import { closeReason } from '../../shared/close-reason.js';
import { ServiceError } from '../../shared/errors.js';
import {
  CLOSED_SESSION,
  type Judge,
  type SessionStart,
  type SocketData,
} from '../../viewer/socket-session.js';
import { refuseRepeatedHeaders } from '../repeated-headers.js';
import { PendingSession } from './pending-session.js';
import type { RequestReader } from '../request.js';

/**
 * The opening handshake. Browsers cannot read a refused upgrade, so a refusal is: upgrade, then close with the code and a
 * reason. What is no WebSocket handshake at all gets a plain 4xx (uWebSockets.js would answer some of it with 101).
 */
export function upgradeHandler(judge: Judge, read: RequestReader, refused: (error: unknown) => void) {
  return (res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void => {
    if (refuseRepeatedHeaders(res, req)) return;
    const version = req.getHeader('sec-websocket-version');
    if (req.getHeader('upgrade').toLowerCase() !== 'websocket' || version !== '13') {
      rejectHandshake(res);
      return;
    }
    const key = req.getHeader('sec-websocket-key');
    const protocol = req.getHeader('sec-websocket-protocol');
    const extensions = req.getHeader('sec-websocket-extensions');
    const facts = read(res, req);
    const start = startOf(judge, facts, refused);
    const data: SocketData = { start, session: null };
    res.upgrade(data, key, protocol, extensions, context);
  };
}

/** What to begin on the open socket: the session, the wait for the judgement, or the refusal. */
function startOf(judge: Judge, facts: RequestFacts, refused: (error: unknown) => void): SessionStart {
  const refusal = (error: unknown): SessionStart => {
    refused(error);
    const [code, reason] =
      error instanceof ServiceError ? [error.close, error.message] : [1011, 'internal error: see the log'];
    return (socket) => {
      socket.end(code, closeReason(reason));
      return CLOSED_SESSION;
    };
  };
  try {
    const judged = judge(facts);
    if (!(judged instanceof Promise)) return judged;
    const start = judged.catch(refusal);
    return (socket) => new PendingSession(socket, start, refused);
  } catch (error) {
    return refusal(error);
  }
}

/** What is no handshake of ours is told what this path wants. */
export function rejectHandshake(res: HttpResponse): void {
  res
    .writeStatus('426 Upgrade Required')
    .writeHeader('Sec-WebSocket-Version', '13')
    .writeHeader('Upgrade', 'websocket');
  res.end('this path speaks WebSocket (RFC 6455, version 13)\n', true);
}
