import { isIPv6 } from 'node:net';

/** A host as it stands in a URL. */
export const urlHost = (host: string): string => (isIPv6(host) ? `[${host}]` : host);
