import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { Admission, Admitted, Purpose } from '../access/admission.js';
import type { RequestFacts } from '../access/request-facts.js';
import { RefusedError, ServiceError } from '../shared/errors.js';
import { Undo } from '../shared/undo.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import { type Answer, json, send } from './answer.js';
import type { RequestReader } from './request.js';

export interface HandlerDeps {
  readonly read: RequestReader;
  readonly admission: Admission;
  readonly metrics: Pick<Metrics, 'rejected'>;
  readonly log: Log;
}

/** A path that is answered to GET and HEAD. */
export type HttpRoute =
  /** Anybody may ask. */
  | {
      readonly path: string;
      readonly access: 'anybody';
      readonly handle: (facts: RequestFacts) => Answer | Promise<Answer>;
    }
  /** Origin and token are judged first (Admission.admit). */
  | { readonly path: string; readonly access: Purpose; readonly handle: Handler };

/** A live stream over HTTP writes the response itself (`null`); everything else gives an answer. */
export type Handler = (
  facts: RequestFacts,
  admitted: Admitted,
  connection: Connection,
) => Answer | null | Promise<Answer | null>;

/** A response, and what is to be done when its client goes away. */
export interface Connection {
  readonly res: HttpResponse;
  /** Called once when the client is gone, at once if it is already: from then on `res` must not be touched. */
  onGone(action: () => void): void;
}

/** Answers one request: judges who asks as the route wants it, then calls its handler. */
export function answerRequest(
  res: HttpResponse,
  req: HttpRequest,
  route: HttpRoute,
  deps: HandlerDeps,
): void {
  const facts = deps.read(res, req);
  const client = { gone: false };
  const undo = new Undo();
  res.onAborted(() => {
    client.gone = true;
    undo.run();
  });
  const connection: Connection = {
    res,
    onGone: (action) => {
      if (client.gone) action();
      else undo.add(action);
    },
  };
  const answer = async (): Promise<Answer | null> => {
    if (route.access === 'anybody') return route.handle(facts);
    const admitted = await deps.admission.admit(route.access, facts, (known) => known);
    return client.gone ? null : route.handle(facts, admitted, connection);
  };
  void answer()
    .catch((error: unknown) => errorAnswer(error, deps))
    .then((given) => {
      if (given && !client.gone) send(res, given, facts.method !== 'head');
    });
}

/** The same codes as on WebSockets, with the HTTP status that each has in its table. */
export function errorAnswer(error: unknown, deps: Pick<HandlerDeps, 'metrics' | 'log'>): Answer {
  if (!(error instanceof ServiceError)) {
    deps.log.error({ event: 'request_failed', error }, 'request failed');
    return json(500, { error: 'internal', message: 'internal error: see the log' });
  }
  if (error instanceof RefusedError) deps.metrics.rejected.inc({ reason: error.code });
  const answer = json(error.status, { error: error.code, message: error.message });
  const challenge = [...(answer.headers ?? []), ['WWW-Authenticate', 'Bearer'] as const];
  return error.status === 401 ? { ...answer, headers: challenge } : answer;
}
