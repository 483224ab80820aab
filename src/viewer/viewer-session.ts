import type { Admission } from '../access/admission.js';
import { requireCamera } from '../access/auth.js';
import type { CameraStatus } from '../shared/camera-state.js';
import type { Clock } from '../shared/clock.js';
import { ServiceError } from '../shared/errors.js';
import { TokenBucket } from '../shared/token-bucket.js';
import { Undo } from '../shared/undo.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { ClientSeats } from './client-seats.js';
import {
  CLOSED_SESSION,
  closeWith,
  type SocketRoute,
  type SocketSession,
  type ViewerSocket,
} from './socket-session.js';
import { Subscriber } from './subscriber.js';
import { parseVideoCodec } from './video-request.js';
import { VideoSubscriber, type VideoSubscriberOptions } from './video-subscriber.js';
import type { PaceTimes } from './viewer-pace.js';
import { parseViewerQuery, streamRequest, type ViewerRequest } from './viewer-request.js';
import { Viewers } from './viewers.js';

export interface ViewerSessionDeps {
  readonly admission: Admission;
  readonly seats: ClientSeats;
  readonly viewers: Viewers;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly pace: PaceTimes;
  readonly messagesPerSecond: number;
}

export interface ViewerSettings {
  readonly VIEWER_MAX_LAG_MS: number;
  readonly VIEWER_SLOW_TIMEOUT_MS: number;
  readonly MAX_MESSAGES_PER_SECOND: number;
}

/** What all viewers of single cameras share, on whatever path they come. */
export const createViewerSessions = (
  settings: ViewerSettings,
  deps: Pick<ViewerSessionDeps, 'admission' | 'seats' | 'metrics' | 'clock'>,
): ViewerSessionDeps => ({
  ...deps,
  viewers: new Viewers(),
  pace: { maxLagMs: settings.VIEWER_MAX_LAG_MS, slowTimeoutMs: settings.VIEWER_SLOW_TIMEOUT_MS },
  messagesPerSecond: settings.MAX_MESSAGES_PER_SECOND,
});

/** Largest message that a viewer of one stream may send. */
const MAX_VIEWER_MESSAGE_BYTES = 1024;

/** Unsent bytes at which a viewer's socket is skipped; its pace reacts at two frames, long before if they are of a usual size. */
export const MAX_VIEWER_BUFFERED_BYTES = 1 << 20;

/** `/ws`: one camera on one socket. */
export const viewerRoute = (deps: ViewerSessionDeps): SocketRoute => ({
  path: '/ws',
  maxMessageBytes: MAX_VIEWER_MESSAGE_BYTES,
  maxBufferedBytes: MAX_VIEWER_BUFFERED_BYTES,
  autoPing: false,
  slowTimeoutMs: deps.pace.slowTimeoutMs,
  judge: (facts) =>
    deps.admission.admit('watch', facts, ({ grant, parameters }) => {
      const request = parseViewerQuery(parameters);
      const codec = parseVideoCodec(parameters);
      requireCamera(grant, request.camera);
      return (socket) => startViewer(socket, request, codec, facts.address, deps);
    }),
});

/** Counts the viewer in, takes its seat at the camera, and shows it the camera's frames until either side ends it. */
function startViewer(
  socket: ViewerSocket,
  request: ViewerRequest,
  codec: VideoSubscriberOptions['codec'] | null,
  address: string,
  { admission, seats, viewers, metrics, clock, pace, messagesPerSecond }: ViewerSessionDeps,
): SocketSession {
  const undo = new Undo();
  const made: { viewer: Subscriber | VideoSubscriber | null } = { viewer: null };
  const { camera, fps = null, events } = request;
  const messages = new TokenBucket(messagesPerSecond, messagesPerSecond);
  const parts = { socket, times: pace, clock, metrics, messages, onGone: (): void => undo.run() };
  const listener = (viewer: Subscriber | VideoSubscriber) => {
    made.viewer = viewer;
    viewers.add(viewer);
    undo.add(() => viewers.remove(viewer));
    return {
      state: (status: CameraStatus) => viewer.state(status),
      lost: (error: ServiceError) => viewer.fail(error),
    };
  };
  try {
    undo.add(admission.enter(address));
    if (codec) {
      const viewer = new VideoSubscriber(parts, { camera, codec, events });
      const seat = seats.of(address).joinVideo(streamRequest(request), listener(viewer));
      undo.add(() => seat.leave());
      viewer.attach(seat.video);
      return viewer;
    }
    const viewer = new Subscriber(parts, { camera, fps, events });
    const seat = seats.of(address).join(streamRequest(request), listener(viewer));
    undo.add(() => seat.leave());
    viewer.attach(seat.channel);
    return viewer;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    metrics.rejected.inc({ reason: error.code });
    if (made.viewer) {
      made.viewer.fail(error);
      return made.viewer;
    }
    closeWith(socket, error);
    return CLOSED_SESSION;
  }
}
