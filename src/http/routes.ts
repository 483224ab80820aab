import type { TemplatedApp } from 'uWebSockets.js';
import { type Grant, requireCamera } from '../access/auth.js';
import { epochMs } from '../shared/clock.js';
import { addGo2rtcRoutes } from '../go2rtc/http-routes.js';
import { type Answer, type Header, json, PAGE_POLICY, plain, send } from './answer.js';
import { answerRequest, type AddRoute, type Handler, type HandlerDeps } from './handler.js';
import { type PictureDeps, snapshot, streamMjpeg } from './pictures.js';
import { parseQuery } from '../access/query.js';
import { type RequestFacts, tokenCookie } from '../access/request-facts.js';
import { requestFacts } from './request.js';
import { rejectHandshake } from './upgrade.js';
import { parseViewerQuery, streamRequest } from '../viewer/viewer-request.js';
import type { Asset } from './assets.js';

export interface HttpDeps extends HandlerDeps, PictureDeps {
  readonly metrics: PictureDeps['metrics'];
  readonly assets: ReadonlyMap<string, Asset>;
  readonly secure: boolean;
  /** Why the service is not ready; empty when it is. */
  readonly problems: () => readonly string[];
}

const SOCKET_PATHS = ['/ws', '/wall', '/api/ws'];
const ONLY_GET: readonly Header[] = [
  ['Cache-Control', 'no-store'],
  ['Allow', 'GET, HEAD'],
];

/** The plain HTTP side. Every path but the two probes asks for a token when tokens are configured. */
export function addHttpRoutes(app: TemplatedApp, deps: HttpDeps): void {
  const paths = new Set([...SOCKET_PATHS, '/healthz', '/readyz']);
  const get: AddRoute = (path, handler, watches = false) => {
    paths.add(path);
    for (const method of ['get', 'head'] as const) {
      app[method](path, (res, req) => {
        answerRequest(res, req, handler, deps, watches);
      });
    }
  };
  for (const method of ['get', 'head'] as const) {
    const withBody = method === 'get';
    app[method]('/healthz', (res) => {
      send(res, plain(200, 'ok\n'), withBody);
    });
    // Without a token too: an orchestrator's probe has none. What is wrong is told only to whom a token lets in.
    app[method]('/readyz', (res, req) => {
      const facts = requestFacts(res, req);
      let gone = false;
      res.onAborted(() => (gone = true));
      const problems = deps.problems();
      const ready = problems.length === 0;
      const answer = (shown: readonly string[]): void => {
        if (!gone) send(res, json(ready ? 200 : 503, { ready, problems: shown }), withBody);
      };
      void knownGrant(facts, deps).then((grant) => {
        answer(grant ? problems : []);
      });
    });
  }
  get('/metrics', async () => ({
    ...plain(200, await deps.metrics.registry.metrics()),
    type: deps.metrics.registry.contentType,
  }));
  get('/api/cameras', (_, grant) =>
    json(200, { cameras: deps.registry.list(epochMs()).filter(({ camera }) => grant.allows(camera)) }),
  );
  const pictures = { '/snapshot': snapshot, '/stream.mjpeg': streamMjpeg };
  for (const [path, picture] of Object.entries(pictures)) {
    const show: Handler = (facts, grant, connection) => {
      const request = parseViewerQuery(facts.query);
      requireCamera(grant, request.camera);
      return picture(streamRequest(request), facts, connection, deps);
    };
    get(path, show, true);
  }
  addGo2rtcRoutes(get, deps);
  for (const [path, asset] of deps.assets) get(path, (facts) => assetAnswer(path, asset, facts, deps));
  // A handshake without its headers falls through the WebSocket routes to here.
  for (const path of SOCKET_PATHS) {
    app.any(path, (res) => {
      rejectHandshake(res, '426 Upgrade Required');
    });
  }
  app.any('/*', (res, req) => {
    const answer = paths.has(req.getUrl())
      ? { ...plain(405, 'only GET and HEAD\n'), headers: ONLY_GET }
      : plain(404, 'not found\n');
    send(res, answer, req.getMethod() !== 'head');
  });
}

/** The grant of whoever may see more than strangers do, or `null`. */
async function knownGrant(facts: RequestFacts, deps: HttpDeps): Promise<Grant | null> {
  try {
    deps.admission.judgeOrigin(facts);
    return await deps.admission.authenticate(facts, parseQuery(facts.query).get('token'));
  } catch {
    return null;
  }
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
    if (token !== undefined) headers.push(['Set-Cookie', tokenCookie(token, deps.secure)]);
  }
  return { status: 200, type: asset.type, headers, body: asset.body };
}
