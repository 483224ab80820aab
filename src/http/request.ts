import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { ProxyUser } from '../access/auth.js';
import { isIn } from '../access/client-network.js';
import { clientOf } from '../access/forwarded.js';
import type { RequestFacts } from '../access/request-facts.js';
import { badParameter, RefusedError } from '../shared/errors.js';
import type { Range } from '../source/address-ranges.js';

/** Copies what is needed out of a request, while its handler runs. */
export type RequestReader = (res: HttpResponse, req: HttpRequest) => RequestFacts;

export interface ProxySettings {
  readonly TRUSTED_PROXIES: readonly Range[];
  /** Lower-case; '' is none. */
  readonly AUTH_PROXY_HEADER: string;
  readonly AUTH_PROXY_GROUPS_HEADER: string;
}

/** @param tls whether this service itself speaks TLS */
export function createRequestReader(settings: ProxySettings, tls: boolean): RequestReader {
  const trusts = isIn(settings.TRUSTED_PROXIES);
  return (res, req) => {
    const peer = Buffer.from(res.getRemoteAddressAsText()).toString();
    const facts = {
      method: req.getMethod(),
      path: req.getUrl(),
      query: queryOf(req),
      origin: req.getHeader('origin'),
      referer: req.getHeader('referer'),
      fetchSite: req.getHeader('sec-fetch-site'),
      host: req.getHeader('host'),
      authorization: req.getHeader('authorization'),
      cookie: req.getHeader('cookie'),
    };
    return { ...facts, ...askedBy(peer, req, settings, trusts, tls) };
  };
}

type AskedBy = Pick<RequestFacts, 'address' | 'secure' | 'user' | 'refusal'>;

function askedBy(
  peer: string,
  req: HttpRequest,
  { AUTH_PROXY_HEADER: userHeader, AUTH_PROXY_GROUPS_HEADER: groupsHeader }: ProxySettings,
  trusts: (address: string) => boolean,
  tls: boolean,
): AskedBy {
  const nobody = { address: peer, secure: tls, user: null };
  if (!trusts(peer)) return { ...nobody, refusal: forgery(req, userHeader) };
  try {
    const fields = fieldsOf(req);
    const { address, secure } = clientOf(
      peer,
      {
        forwarded: fields('forwarded').join(', '),
        forwardedFor: fields('x-forwarded-for').join(', '),
        forwardedProto: fields('x-forwarded-proto').join(', '),
      },
      trusts,
    );
    const user = userHeader === '' ? null : userOf(fields(userHeader), userHeader, fields(groupsHeader));
    return { address, secure: tls || secure === true, user, refusal: null };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { ...nobody, refusal: error };
  }
}

/** Who names a person without being a proxy tries to get in as that person, or came around the proxy. */
function forgery(req: HttpRequest, userHeader: string): RefusedError | null {
  if (userHeader === '' || req.getHeader(userHeader) === '') return null;
  return new RefusedError('unauthenticated', `${userHeader} counts only from an address in TRUSTED_PROXIES`);
}

/** All values of a field: uWebSockets.js' `getHeader` gives the first of several. */
function fieldsOf(req: HttpRequest): (name: string) => readonly string[] {
  const fields = new Map<string, string[]>();
  req.forEach((name, value) => {
    if (value !== '') fields.set(name, [...(fields.get(name) ?? []), value]);
  });
  return (name) => fields.get(name) ?? [];
}

/** Longest name of a person that is taken, in characters. */
const MAX_NAME_LENGTH = 256;

/** Two names would be two people: one of them may be what the client sent. */
function userOf(names: readonly string[], header: string, groups: readonly string[]): ProxyUser | null {
  const [name] = names;
  if (name === undefined) return null;
  if (names.length > 1 || groups.length > 1)
    throw badParameter(`${header} or its groups are given twice: have the proxy set them anew`);
  if (name.length > MAX_NAME_LENGTH)
    throw badParameter(`${header} is longer than ${MAX_NAME_LENGTH} characters`);
  return { name, groups: groupsIn(groups[0] ?? '') };
}

/** Most proxies write commas, authentik bars. */
const groupsIn = (text: string): string[] =>
  text
    .split(/[,|]/)
    .map((group) => group.trim())
    .filter((group) => group !== '');

/** Without a `?` there is no query at all, whatever the typings say. */
function queryOf(req: HttpRequest): string {
  const query: unknown = req.getQuery();
  return typeof query === 'string' ? query : '';
}
