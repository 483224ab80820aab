/**
 * Which URLs stand in the request lines of SETUP and PLAY (RFC 2326, C.1.1). Pure. Whatever host these URLs name, requests
 * go down the one connection: the URLs are text.
 */

/** Where a session's requests are addressed to. */
export interface ControlUrls {
  /** For PLAY, keep-alive and TEARDOWN. */
  readonly aggregate: string;
  /** For SETUP; for PLAY where a server refuses the aggregate. */
  readonly track: string;
}

/** Printable ASCII and UTF-8 as binary string, no blanks: what may stand in a request line. */
const ABSOLUTE = /^rtsps?:\/\/[^\s\x00-\x1f\x7f]{1,4000}$/i;

/**
 * The URL that relative control URLs are appended to: Content-Base, else Content-Location, else the request's own.
 * What is no absolute RTSP URL is passed over: cameras leave out the scheme, or give an empty value.
 */
export function baseUrl(
  requestUrl: string,
  contentBase: string | null,
  contentLocation: string | null,
): string {
  for (const candidate of [contentBase, contentLocation])
    if (candidate !== null && ABSOLUTE.test(candidate)) return withoutUserinfo(candidate);
  return requestUrl;
}

/**
 * @param base as of `baseUrl`
 * @param session the session's `a=control`
 * @param media the media section's `a=control`
 */
export function controlUrls(base: string, session: string | null, media: string | null): ControlUrls {
  const aggregate = resolved(base, session);
  // A media section without a URL of its own, or `*`, is controlled by the aggregate (one stream only).
  return { aggregate, track: isOwn(media) ? resolved(aggregateBase(base, session), media) : aggregate };
}

const isOwn = (control: string | null): control is string =>
  control !== null && control !== '' && control !== '*';

/** An absolute session URL is the base of the media's; `*` and relative ones are not. */
const aggregateBase = (base: string, session: string | null): string =>
  session !== null && ABSOLUTE.test(session) ? withoutUserinfo(session) : base;

/**
 * Appends rather than resolves by RFC 3986, as all widespread clients do and cameras expect: `trackID=0` behind
 * `rtsp://cam/realmonitor?channel=1` is `rtsp://cam/realmonitor?channel=1/trackID=0`.
 */
function resolved(base: string, control: string | null): string {
  if (!isOwn(control) || /[\s\x00-\x1f\x7f]/.test(control)) return base;
  if (ABSOLUTE.test(control)) return withoutUserinfo(control);
  const [, root = '', path = ''] = /^(rtsps?:\/\/[^/?#]*)([^?#]*)/i.exec(base) ?? [];
  // An absolute path that repeats the base's is meant from the root; others are appended like relative ones.
  const repeats = path.replace(/\/+$/, '');
  if (control.startsWith('/') && repeats !== '' && control.startsWith(`${repeats}/`)) return root + control;
  if (control.startsWith('?') || control.startsWith('/') || base.endsWith('/'))
    return (control.startsWith('/') ? base.replace(/\/+$/, '') : base) + control;
  return `${base}/${control}`;
}

/** Some servers put the user's credentials, as they got them, into their URLs: they are not sent in request lines. */
const withoutUserinfo = (url: string): string => url.replace(/^(rtsps?:\/\/)[^/?#]*@/i, '$1');
