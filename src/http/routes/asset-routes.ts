import { requireView } from '../../access/auth.js';
import { tokenCookie } from '../../access/request-facts.js';
import { type Answer, type Header, PAGE_POLICY } from '../answer.js';
import type { Asset } from './assets.js';
import type { HttpRoute } from '../handler.js';

/**
 * The wall page's files.
 * @param basePath where the page's cookie counts; '' is the whole host
 */
export const assetRoutes = (assets: ReadonlyMap<string, Asset>, basePath: string): readonly HttpRoute[] =>
  [...assets].flatMap(([path, asset]) =>
    path === PAGE
      ? [pageRoute(PAGE, asset, basePath), pageRoute(VIEW_PAGE, asset, basePath)]
      : [fileRoute(path, asset)],
  );

const PAGE = '/';
/** A view has the same page; which one it is the page reads from its address. */
const VIEW_PAGE = '/view/:name';
const VIEW_NAME = /\/view\/([^/]*)$/;

const fileRoute = (path: string, asset: Asset): HttpRoute => ({
  path,
  access: 'page',
  handle: () => answerOf(asset),
});

const pageRoute = (path: string, asset: Asset, basePath: string): HttpRoute => ({
  path,
  access: 'page',
  handle: (facts, { grant, parameters }) => {
    const view = path === VIEW_PAGE ? VIEW_NAME.exec(facts.path)?.[1] : undefined;
    if (view !== undefined) requireView(grant, view);
    const token = parameters.get('token');
    return answerOf(asset, [
      ['Content-Security-Policy', PAGE_POLICY],
      // The page's scripts, fetches and sockets then carry the token by themselves; other sites' requests never do.
      ...(token === undefined ? [] : [['Set-Cookie', tokenCookie(token, basePath, facts.secure)] as const]),
    ]);
  },
});

const answerOf = ({ type, body, etag }: Asset, headers: readonly Header[] = []): Answer => ({
  status: 200,
  type,
  headers: [['Cache-Control', 'no-cache'], ['ETag', etag], ...headers],
  body,
});
