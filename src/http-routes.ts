import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { Admission } from './admission.js';
import { type Grant, requireCamera } from './auth.js';
import { type Clock, epochMs } from './clock.js';
import { CameraError, CAMERA_FAULTS, RefusedError } from './errors.js';
import { type Answer, json, PAGE_POLICY, plain, send } from './http-answer.js';
import { requestFacts, type RequestFacts, TOKEN_COOKIE } from './http-request.js';
import type { Log } from './log.js';
import type { Metrics } from './metrics.js';
import { MjpegStream } from './mjpeg-stream.js';
import type { Registry, StreamRequest } from './registry.js';
import { takeStill } from './still.js';
import { rejectHandshake } from './upgrade.js';
import { parseQuery, parseViewerQuery, type ViewerRequest } from './viewer-request.js';
import type { Asset } from './wall-assets.js';

export interface HttpDeps {
  readonly admission: Admission;
  readonly registry: Registry;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly secure: boolean;
  /** Why the service is not ready; empty when it is. */
  readonly problems: () => readonly string[];
  readonly snapshotMaxAgeMs: number;
  readonly openTimeoutMs: number;
}

/** A live stream over HTTP needs the response itself; everything else gives an answer. */
type Handler = (
  facts: RequestFacts,
  grant: Grant,
  connection: Connection,
) => Answer | null | Promise<Answer | null>;

/** A response, and what is to be done when its client goes away. */
interface Connection {
  readonly res: HttpResponse;
  onGone(action: () => void): void;
}

/** A snapshot of a live camera may be this old before the next frame is waited for. */
const SNAPSHOT_FRESH_MS = 1000;

/** The plain HTTP side. Every path but `/healthz` asks for a token when tokens are configured. */
export function addHttpRoutes(app: TemplatedApp, deps: HttpDeps): void {
  const get = (path: string, handler: Handler): void => {
    app.get(path, (res, req) => {
      answer(res, req, handler, deps);
    });
  };
  app.get('/healthz', (res) => {
    send(res, plain(200, 'ok\n'));
  });
  get('/readyz', () => {
    const problems = deps.problems();
    return json(problems.length === 0 ? 200 : 503, { ready: problems.length === 0, problems });
  });
  get('/metrics', async () => ({
    ...plain(200, await deps.metrics.registry.metrics()),
    type: deps.metrics.registry.contentType,
  }));
  get('/api/cameras', (_, grant) =>
    json(200, { cameras: deps.registry.list(epochMs()).filter(({ camera }) => grant.allows(camera)) }),
  );
  get('/snapshot', (facts, grant) => snapshot(viewerRequest(facts, grant), facts, deps));
  get('/stream.mjpeg', (facts, grant, connection) =>
    stream(viewerRequest(facts, grant), facts, connection, deps),
  );
  for (const [path, asset] of deps.assets) get(path, (facts) => assetAnswer(path, asset, facts, deps));
  // A handshake without its headers falls through the WebSocket routes to here.
  for (const path of ['/ws', '/wall']) {
    app.get(path, (res) => {
      rejectHandshake(res, '426 Upgrade Required');
    });
  }
  app.any('/*', (res, req) => {
    const known = [
      '/ws',
      '/wall',
      '/healthz',
      '/readyz',
      '/metrics',
      '/api/cameras',
      '/snapshot',
      '/stream.mjpeg',
    ];
    const wrongMethod = known.includes(req.getUrl()) || deps.assets.has(req.getUrl());
    send(res, wrongMethod ? plain(405, 'only GET\n') : plain(404, 'not found\n'));
  });
}

function answer(res: HttpResponse, req: HttpRequest, handler: Handler, deps: HttpDeps): void {
  const facts = requestFacts(res, req);
  let gone = false;
  const goneActions: (() => void)[] = [];
  res.onAborted(() => {
    gone = true;
    for (const action of goneActions) action();
  });
  const connection: Connection = {
    res,
    onGone: (action) => {
      if (gone) action();
      else goneActions.push(action);
    },
  };
  const run = async (): Promise<Answer | null> => {
    deps.admission.judgeOrigin(facts);
    const grant = await deps.admission.authenticate(facts, parseQuery(facts.query).get('token'));
    return handler(facts, grant, connection);
  };
  void run()
    .catch((error: unknown) => errorAnswer(error, deps))
    .then((result) => {
      if (result && !gone) send(res, result);
    });
}

/** The same codes as on WebSockets, in an HTTP dress. */
function errorAnswer(error: unknown, deps: HttpDeps): Answer {
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

/** The stream parameters of `/ws`, for a plain request. */
function viewerRequest(facts: RequestFacts, grant: Grant): ViewerRequest {
  const request = parseViewerQuery(facts.query);
  requireCamera(grant, request.camera);
  return request;
}

export const streamRequest = (request: ViewerRequest): StreamRequest => ({
  camera: request.camera,
  url: request.rtsp ?? null,
  main: false,
  width: request.width ?? null,
  height: request.height ?? null,
  quality: request.quality ?? null,
  fps: request.fps ?? null,
});

/** One JPEG. Its age is in `X-Frame-Age-Ms`, the camera's state in `X-Camera-State`; too old a frame is a 503. */
async function snapshot(request: ViewerRequest, facts: RequestFacts, deps: HttpDeps): Promise<Answer> {
  const leave = deps.admission.enter(facts.address);
  const { frame, state } = await takeStill(deps.registry, streamRequest(request), {
    freshMs: SNAPSHOT_FRESH_MS,
    waitMs: deps.openTimeoutMs,
    clock: deps.clock,
    epoch: epochMs,
  }).finally(leave);
  const ageMs = Math.max(0, Math.round(epochMs() - frame.capturedAt));
  if (ageMs > deps.snapshotMaxAgeMs)
    return json(503, { error: 'stale', message: `the newest frame of ${request.camera} is ${ageMs} ms old` });
  return {
    status: 200,
    type: 'image/jpeg',
    headers: [
      ['Cache-Control', 'no-store'],
      ['X-Frame-Age-Ms', String(ageMs)],
      ['X-Camera-State', state],
    ],
    body: frame.jpeg,
  };
}

/** Resolves to `null` when the first frame is written; rejects as long as an error can still be answered. */
function stream(
  request: ViewerRequest,
  facts: RequestFacts,
  connection: Connection,
  deps: HttpDeps,
): Promise<null> {
  return new Promise((resolve, reject) => {
    connection.onGone(deps.admission.enter(facts.address));
    const seat = deps.registry.join(streamRequest(request), {
      state: () => undefined,
      lost: (error) => {
        mjpeg.end(true);
        reject(error);
      },
    });
    const mjpeg = new MjpegStream(connection.res, seat.channel, request.fps ?? null, () => {
      resolve(null);
    });
    connection.onGone(() => {
      mjpeg.end(false);
      seat.leave();
    });
  });
}

function assetAnswer(path: string, asset: Asset, facts: RequestFacts, deps: HttpDeps): Answer {
  const headers: [string, string][] = [
    ['Cache-Control', 'no-cache'],
    ['ETag', asset.etag],
  ];
  if (path === '/') {
    headers.push(['Content-Security-Policy', PAGE_POLICY]);
    const token = parseQuery(facts.query).get('token');
    // The page's scripts, fetches and sockets then carry the token by themselves; other sites' requests never do.
    if (token !== undefined && /^[\w.~+/=-]+$/.test(token))
      headers.push([
        'Set-Cookie',
        `${TOKEN_COOKIE}=${token}; Path=/; HttpOnly; SameSite=Strict${deps.secure ? '; Secure' : ''}`,
      ]);
  }
  return { status: 200, type: asset.type, headers, body: asset.body };
}
