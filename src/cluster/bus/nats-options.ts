import { readFile } from 'node:fs/promises';
import { type ConnectionOptions, credsAuthenticator } from '@nats-io/transport-node';
import type { NatsSettings } from './nats-settings.js';

/** Before 2.11 a server stalls whoever publishes to a slow subscriber, up to a second a message. */
const LEAST_VERSION = [2, 11] as const;
/** A server that answers no ping for two of these is given up, ms. The client's own default is two minutes. */
const PING_MS = 1000;
const MAX_PINGS_OUT = 2;
/** Between two tries to reconnect, ms. The client's own default is 2 s, and to give up after ten. */
const RECONNECT_MS = 200;
const CONNECT_TIMEOUT_MS = 2000;
/** This node cannot join the cluster as it is set up: trying again would not help. */
export class ClusterSetupError extends Error {}

/** @throws ClusterSetupError */
export function checkVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_VERSION;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new ClusterSetupError(
    `nats-server ${version || '(unknown version)'} is too old: ${leastMajor}.${leastMinor} or newer is needed ` +
      '(older ones stall the frames of all cameras behind one slow node)',
  );
}

/** Who a connection is to NATS. */
export interface LinkIdentity {
  /** As the server's monitoring shows it. */
  readonly name: string;
  /** Subject below which answers come: its own for each node, so that no other may be allowed to read them. */
  readonly inbox: string;
}

export async function connectionOptions(
  settings: NatsSettings,
  { name, inbox }: LinkIdentity,
): Promise<ConnectionOptions> {
  const { servers, user, password, token, credsFile, tls } = settings;
  return {
    servers: [...servers],
    name,
    inboxPrefix: inbox,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_MS / 2,
    reconnectJitterTLS: RECONNECT_MS / 2,
    pingInterval: PING_MS,
    maxPingOut: MAX_PINGS_OUT,
    timeout: CONNECT_TIMEOUT_MS,
    // Credentials may be renewed while the service runs: refused ones are tried again.
    ignoreAuthErrorAbort: true,
    ...(user === '' ? {} : { user, pass: password }),
    ...(token === '' ? {} : { token }),
    ...(credsFile === '' ? {} : { authenticator: credsAuthenticator(await readFile(credsFile)) }),
    ...(tls === null ? {} : { tls: { ...tls } }),
  };
}

/** The client's messages name causes, not what to do. */
export function describe(error: Error): string {
  const causes = [error.message];
  for (let { cause } = error; cause instanceof Error; { cause } = cause) causes.push(cause.message);
  const text = [...new Set(causes)].join(': ');
  if (/authorization|authentication/i.test(text))
    return `${text}: check NATS_USER and NATS_PASSWORD, NATS_TOKEN, or NATS_CREDS_FILE`;
  return /refused|timeout|getaddrinfo|ENOTFOUND/i.test(text) ? `${text}: check NATS_URL` : text;
}
