import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { RequestFacts } from '../access/request-facts.js';

export function requestFacts(res: HttpResponse, req: HttpRequest): RequestFacts {
  return {
    method: req.getMethod(),
    path: req.getUrl(),
    query: queryOf(req),
    origin: req.getHeader('origin'),
    referer: req.getHeader('referer'),
    fetchSite: req.getHeader('sec-fetch-site'),
    host: req.getHeader('host'),
    authorization: req.getHeader('authorization'),
    cookie: req.getHeader('cookie'),
    address: Buffer.from(res.getRemoteAddressAsText()).toString(),
  };
}

/** Without a `?` there is no query at all, whatever the typings say. */
function queryOf(req: HttpRequest): string {
  const query: unknown = req.getQuery();
  return typeof query === 'string' ? query : '';
}
