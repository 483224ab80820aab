import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { type Answer, type Header, plain, send } from '../answer.js';
import { pathsOf } from '../base-path.js';
import { answerRequest, type HandlerDeps, type HttpRoute } from '../handler.js';
import { refuseRepeatedHeaders } from '../repeated-headers.js';
import { rejectHandshake } from '../upgrade/upgrade.js';

const ONLY_GET: readonly Header[] = [
  ['Cache-Control', 'no-store'],
  ['Allow', 'GET, HEAD'],
];

/**
 * Adds the routes of plain HTTP, and what all other requests are told.
 * @param socketPaths have WebSocket routes, which were added before
 * @param basePath as the setting
 */
export function addHttpRoutes(
  app: TemplatedApp,
  routes: readonly HttpRoute[],
  socketPaths: readonly string[],
  basePath: string,
  deps: HandlerDeps,
): void {
  const judged =
    (answer: (res: HttpResponse, req: HttpRequest) => void) =>
    (res: HttpResponse, req: HttpRequest): void => {
      if (!refuseRepeatedHeaders(res, req)) answer(res, req);
    };
  const below = (path: string): readonly string[] => pathsOf(path, basePath);
  for (const route of routes)
    for (const path of below(route.path))
      for (const method of ['get', 'head'] as const)
        app[method](
          path,
          judged((res, req) => answerRequest(res, req, route, deps)),
        );
  // A handshake without its headers falls through the WebSocket routes to here.
  for (const path of socketPaths.flatMap(below)) app.any(path, judged(rejectHandshake));
  const answered = (answer: Answer) => (res: HttpResponse, req: HttpRequest) => {
    send(res, answer, req.getMethod() !== 'head');
  };
  for (const path of routes.flatMap((route) => below(route.path)))
    app.any(path, judged(answered({ ...plain(405, 'only GET and HEAD\n'), headers: ONLY_GET })));
  app.any('/*', judged(answered(plain(404, 'not found\n'))));
}
