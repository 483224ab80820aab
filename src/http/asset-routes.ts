import { tokenCookie } from '../access/request-facts.js';
import { type Header, PAGE_POLICY } from './answer.js';
import type { Asset } from './assets.js';
import type { HttpRoute } from './handler.js';

/**
 * The wall page's files.
 * @param secure whether this service itself speaks TLS
 */
export const assetRoutes = (assets: ReadonlyMap<string, Asset>, secure: boolean): readonly HttpRoute[] =>
  [...assets].map(([path, { type, body, etag }]) => ({
    path,
    access: 'page',
    handle: (_, { parameters }) => {
      const headers: Header[] = [
        ['Cache-Control', 'no-cache'],
        ['ETag', etag],
      ];
      if (path === '/') headers.push(['Content-Security-Policy', PAGE_POLICY]);
      const token = path === '/' ? parameters.get('token') : undefined;
      // The page's scripts, fetches and sockets then carry the token by themselves; other sites' requests never do.
      if (token !== undefined) headers.push(['Set-Cookie', tokenCookie(token, secure)]);
      return { status: 200, type, headers, body };
    },
  }));
