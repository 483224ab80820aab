import type { Admission } from '../access/admission.js';
import { requireCamera, type Grant } from '../access/auth.js';
import type { Clock } from '../shared/clock.js';
import { parseQuery } from '../access/query.js';
import type { RequestFacts } from '../access/request-facts.js';
import { closeReason } from '../shared/close-reason.js';
import { ServiceError } from '../shared/errors.js';
import type { Metrics } from '../telemetry/metrics.js';
import { TokenBucket } from '../shared/token-bucket.js';
import type { Registry } from '../camera/registry.js';
import type { SocketData, SocketSession, ViewerSocket } from './socket-session.js';
import { Subscriber } from './subscriber.js';
import type { PaceTimes } from './viewer-pace.js';
import { parseViewerQuery, streamRequest, type ViewerRequest } from './viewer-request.js';
import type { Viewers } from './viewers.js';

export interface ViewerSessionDeps {
  readonly admission: Admission;
  readonly registry: Registry;
  readonly viewers: Viewers;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly pace: PaceTimes;
  readonly messagesPerSecond: number;
}

/** `/ws`: judges the request in the order rate, origin, token, query, and gives the start of the viewer's session. */
export function judgeViewer(facts: RequestFacts, deps: ViewerSessionDeps): ReturnType<SessionJudge> {
  deps.admission.knock(facts.address);
  deps.admission.judgeOrigin(facts);
  const token = parseQuery(facts.query).get('token');
  const grant = deps.admission.authenticate(facts, token);
  const admitted = (granted: Grant): SocketData['start'] => {
    const request = parseViewerQuery(facts.query);
    requireCamera(granted, request.camera);
    return (socket) => startViewer(socket, request, facts.address, deps);
  };
  return grant instanceof Promise ? grant.then(admitted) : admitted(grant);
}

type SessionJudge = (facts: RequestFacts) => SocketData['start'] | Promise<SocketData['start']>;

/** Counts the viewer in, takes its seat at the camera, and shows it the camera's frames until either side ends it. */
function startViewer(
  socket: ViewerSocket,
  request: ViewerRequest,
  address: string,
  deps: ViewerSessionDeps,
): SocketSession {
  const undo: (() => void)[] = [];
  const gone = (): void => {
    for (const step of undo.splice(0).reverse()) step();
  };
  const limit = new TokenBucket(deps.messagesPerSecond, deps.messagesPerSecond);
  let subscriber: Subscriber | null = null;
  try {
    undo.push(deps.admission.enter(address));
    const viewer = new Subscriber(
      socket,
      { camera: request.camera, fps: request.fps ?? null, events: request.events },
      deps.pace,
      deps.clock,
      deps.metrics,
      limit,
      gone,
    );
    subscriber = viewer;
    deps.viewers.add(viewer);
    undo.push(() => {
      deps.viewers.remove(viewer);
    });
    const seat = deps.registry.join(streamRequest(request), {
      state: (status) => {
        viewer.state(status);
      },
      lost: (error) => {
        viewer.fail(error);
      },
    });
    undo.push(() => {
      seat.leave();
    });
    viewer.attach(seat.channel);
    return viewer;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    deps.metrics.rejected.inc({ reason: error.code });
    if (!subscriber) {
      socket.end(error.close, closeReason(error.message));
      return closedSession(gone);
    }
    subscriber.fail(error);
    return subscriber;
  }
}

/** A socket that is on its way out and only has to be counted out. */
const closedSession = (gone: () => void): SocketSession => ({
  message: () => undefined,
  pong: () => undefined,
  drain: () => undefined,
  closed: gone,
});
