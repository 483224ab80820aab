import { tokenCookie } from '../access/request-facts.js';
import { type Answer, type Header, PAGE_POLICY } from './answer.js';
import type { Asset } from './assets.js';
import type { HttpRoute } from './handler.js';

/**
 * The wall page's files.
 * @param secure whether this service itself speaks TLS
 */
export const assetRoutes = (assets: ReadonlyMap<string, Asset>, secure: boolean): readonly HttpRoute[] =>
  [...assets].flatMap(([path, asset]) =>
    path === PAGE
      ? [pageRoute(PAGE, asset, secure), pageRoute(VIEW_PAGE, asset, secure)]
      : [fileRoute(path, asset)],
  );

const PAGE = '/';
/** A view has the same page; which one it is the page reads from its address. */
const VIEW_PAGE = '/view/:name';

const fileRoute = (path: string, asset: Asset): HttpRoute => ({
  path,
  access: 'page',
  handle: () => answerOf(asset),
});

const pageRoute = (path: string, asset: Asset, secure: boolean): HttpRoute => ({
  path,
  access: 'page',
  handle: (_, { parameters }) => {
    const token = parameters.get('token');
    return answerOf(asset, [
      ['Content-Security-Policy', PAGE_POLICY],
      // The page's scripts, fetches and sockets then carry the token by themselves; other sites' requests never do.
      ...(token === undefined ? [] : [['Set-Cookie', tokenCookie(token, secure)] as const]),
    ]);
  },
});

const answerOf = ({ type, body, etag }: Asset, headers: readonly Header[] = []): Answer => ({
  status: 200,
  type,
  headers: [['Cache-Control', 'no-cache'], ['ETag', etag], ...headers],
  body,
});
