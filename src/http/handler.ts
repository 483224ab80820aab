import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { Admission } from '../access/admission.js';
import type { Grant } from '../access/auth.js';
import { CameraError, CAMERA_FAULTS, RefusedError } from '../shared/errors.js';
import { type Answer, json, send } from './answer.js';
import type { RequestFacts } from '../access/request-facts.js';
import { requestFacts } from './request.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import { parseQuery } from '../access/query.js';

export interface HandlerDeps {
  readonly admission: Admission;
  readonly metrics: Pick<Metrics, 'rejected'>;
  readonly log: Log;
}

/** A live stream over HTTP writes the response itself (`null`); everything else gives an answer. */
export type Handler = (
  facts: RequestFacts,
  grant: Grant,
  connection: Connection,
) => Answer | null | Promise<Answer | null>;

/** Adds the route of a path for GET and HEAD; `watches`: see `answerRequest`. */
export type AddRoute = (path: string, handler: Handler, watches?: boolean) => void;

/** A response, and what is to be done when its client goes away. */
export interface Connection {
  readonly res: HttpResponse;
  /** Called once when the client is gone, at once if it is already: from then on `res` must not be touched. */
  onGone(action: () => void): void;
}

/**
 * Answers one request: origin, then token, then the handler.
 * @param watches whether who asks wants to watch: then the rate of connections is the first judge
 */
export function answerRequest(
  res: HttpResponse,
  req: HttpRequest,
  handler: Handler,
  deps: HandlerDeps,
  watches: boolean,
): void {
  const facts = requestFacts(res, req);
  const client = { gone: false };
  const goneActions: (() => void)[] = [];
  res.onAborted(() => {
    client.gone = true;
    for (const action of goneActions) action();
  });
  const connection: Connection = {
    res,
    onGone: (action) => {
      if (client.gone) action();
      else goneActions.push(action);
    },
  };
  const run = async (): Promise<Answer | null> => {
    if (watches) deps.admission.knock(facts.address);
    deps.admission.judgeOrigin(facts);
    const grant = await deps.admission.authenticate(facts, parseQuery(facts.query).get('token'));
    return client.gone ? null : handler(facts, grant, connection);
  };
  void run()
    .catch((error: unknown) => errorAnswer(error, deps))
    .then((answer) => {
      if (answer && !client.gone) send(res, answer, facts.method !== 'head');
    });
}

/** The same codes as on WebSockets, in an HTTP dress. */
function errorAnswer(error: unknown, deps: HandlerDeps): Answer {
  if (error instanceof RefusedError) {
    deps.metrics.rejected.inc({ reason: error.code });
    const answer = json(error.status, { error: error.code, message: error.message });
    const challenge = [...(answer.headers ?? []), ['WWW-Authenticate', 'Bearer'] as const];
    return error.status === 401 ? { ...answer, headers: challenge } : answer;
  }
  if (error instanceof CameraError) {
    const { close } = CAMERA_FAULTS[error.code];
    const status = close === 4504 ? 504 : close === 4403 ? 403 : 502;
    return json(status, { error: error.code, message: error.message });
  }
  deps.log.error({ event: 'request_failed', error }, 'request failed');
  return json(500, { error: 'internal', message: 'internal error: see the log' });
}
