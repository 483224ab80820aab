import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { Admission } from '../../access/admission.js';
import type { RequestFacts } from '../../access/request-facts.js';
import { EditError } from '../../shared/errors.js';
import { type Answer, plain, send } from '../answer.js';
import { pathsOf } from '../base-path.js';
import { errorAnswer, type HandlerDeps } from '../handler.js';
import { refuseRepeatedHeaders } from '../repeated-headers.js';
import { MAX_BODY_BYTES, readJsonBody } from '../request-body.js';

/** What an administrator asks for. */
export interface WriteRequest {
  /** Who asks, for the log. */
  readonly subject: string;
  readonly path: string;
  /** Of If-Match: what the change was made for. */
  readonly revision: string;
  /** Parsed JSON; undefined where the method has none. */
  readonly body: unknown;
}

/** A path for administrators. All of them but `get` change something, and need If-Match. */
export interface WriteRoute {
  readonly method: 'get' | 'post' | 'patch' | 'del';
  readonly path: string;
  readonly handle: (request: WriteRequest) => Promise<Answer>;
}

export interface WriteDeps extends Omit<HandlerDeps, 'admission'> {
  /** Of administrators; other than that of viewers. */
  readonly admission: Admission;
}

const HAS_BODY = ['post', 'patch'];
const VERB = { get: 'GET', post: 'POST', patch: 'PATCH', del: 'DELETE' } as const;

/**
 * Adds them, and what their paths answer to other methods: OPTIONS too, so that no page of another origin gets further.
 * @param basePath as the setting
 */
export function addWriteRoutes(
  app: TemplatedApp,
  routes: readonly WriteRoute[],
  basePath: string,
  deps: WriteDeps,
): void {
  const judged =
    (answer: (res: HttpResponse, req: HttpRequest) => void) =>
    (res: HttpResponse, req: HttpRequest): void => {
      if (!refuseRepeatedHeaders(res, req)) answer(res, req);
    };
  for (const route of routes)
    for (const path of pathsOf(route.path, basePath))
      app[route.method](
        path,
        judged((res, req) => answerWrite(res, req, route, deps)),
      );
  for (const path of new Set(routes.map((route) => route.path))) {
    const verbs = routes.filter((route) => route.path === path).map(({ method }) => VERB[method]);
    const headers = [['Cache-Control', 'no-store'] as const, ['Allow', verbs.join(', ')] as const];
    const refusal = { ...plain(405, `only ${verbs.join(', ')}\n`), headers };
    for (const below of pathsOf(path, basePath))
      app.any(
        below,
        judged((res, req) => send(res, refusal, req.getMethod() !== 'head')),
      );
  }
}

function answerWrite(res: HttpResponse, req: HttpRequest, route: WriteRoute, deps: WriteDeps): void {
  const facts = deps.read(res, req);
  const head = {
    type: req.getHeader('content-type'),
    match: req.getHeader('if-match'),
    length: Number(req.getHeader('content-length') || 0),
  };
  const client = { gone: false };
  res.onAborted(() => {
    client.gone = true;
  });
  const hasBody = HAS_BODY.includes(route.method);
  const body = hasBody ? readJsonBody(res) : Promise.resolve(undefined);
  // Who is not let in is told so before the body has come.
  body.catch(() => undefined);
  const answer = async (): Promise<Answer> => {
    const subject = await subjectOf(facts, deps.admission);
    if (hasBody) requireJson(head);
    const revision = route.method === 'get' ? '' : revisionIn(head.match);
    return route.handle({ subject, path: facts.path, revision, body: await body });
  };
  void answer()
    .catch((error: unknown) => ({ ...errorAnswer(error, deps), close: hasBody }))
    .then((given) => {
      if (!client.gone) send(res, given);
    });
}

/** The token is taken from the Authorization header alone: cookies and links come along without anybody's will. */
async function subjectOf(facts: RequestFacts, admission: Admission): Promise<string> {
  const { subject } = await admission.admit(
    'read',
    { ...facts, cookie: '', query: '' },
    ({ grant }) => grant,
  );
  return subject;
}

function requireJson({ type, length }: { readonly type: string; readonly length: number }): void {
  // A form of another site's page can send text/plain, and cannot send this.
  if (!/^application\/json *(;|$)/i.test(type))
    throw new EditError('not_json', 'body must be sent with Content-Type: application/json');
  if (length > MAX_BODY_BYTES)
    throw new EditError('body_too_large', `body is longer than ${MAX_BODY_BYTES} bytes`);
}

function revisionIn(match: string): string {
  const revision = /^"([\w-]{1,100})"$/.exec(match)?.[1];
  if (revision === undefined)
    throw new EditError('revision_missing', 'send the revision that you have seen: If-Match: "..."');
  return revision;
}
