import { hostname } from 'node:os';
import { z } from 'zod';
import { oneOf, secretText, type Setting, setting, text } from './setting.js';

/** Settings of the cluster: without NATS_URL none of them means anything. */

export interface NatsUrl {
  /** `host:port` each. */
  readonly servers: readonly string[];
  readonly tls: boolean;
  /** From the URL's `user:password@`; empty without. */
  readonly user: string;
  readonly password: string;
}

const SERVER = /^(nats|tls):\/\/(?:([^/?#@]*)@)?([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}))?\/?$/;
const DEFAULT_PORT = '4222';
const URL_HINT = 'must be nats://host:4222 or tls://host:4222, several separated by commas';

const natsUrl = z.string().transform((given, context): NatsUrl | null => {
  if (given === '') return null;
  const parts = given.split(',').map((part) => SERVER.exec(part.trim()));
  const schemes = new Set(parts.map((part) => part?.[1]));
  const userinfo = parts.map((part) => part?.[2]).find((part) => part !== undefined) ?? '';
  const servers = parts.map((part) => `${part?.[3] ?? ''}:${part?.[4] ?? DEFAULT_PORT}`);
  const fail = (message: string): null => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (parts.includes(null)) return fail(URL_HINT);
  if (schemes.size > 1) return fail('must be nats:// for all servers, or tls:// for all');
  if (servers.some((server) => Number(/\d+$/.exec(server)?.[0]) > 65_535)) return fail(URL_HINT);
  try {
    const [user = '', password = ''] = userinfo.split(/:(.*)/s).map(decodeURIComponent);
    return { servers, tls: schemes.has('tls'), user, password };
  } catch {
    return fail('write % in user and password as %25, @ as %40, / as %2F');
  }
});

const NODE_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const LEAST_SECRET = 16;

/** NATS takes no dots in a name that is one token of a subject. */
const defaultNodeName = (): string =>
  hostname()
    .replace(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 64) || 'node';

export const CLUSTER_SETTINGS = {
  NATS_URL: setting('', natsUrl, 'NATS servers that join nodes to a cluster; empty is a single node', true),
  NATS_CREDS_FILE: setting('', text, 'Credentials file for NATS'),
  NATS_USER: setting('', text, 'User for NATS, with NATS_PASSWORD'),
  NATS_PASSWORD: setting('', text, 'Password for NATS', true),
  NATS_TOKEN: setting('', text, 'Token for NATS', true),
  NATS_CA_FILE: setting('', text, 'Authorities (PEM) that vouch for NATS; empty is the system’s'),
  NATS_CERT_FILE: setting('', text, 'Certificate (PEM) to show to NATS'),
  NATS_KEY_FILE: setting('', text, 'Private key (PEM) of NATS_CERT_FILE'),
  CLUSTER_NAME: setting(
    'rtsp-ws',
    text.regex(/^[A-Za-z0-9_-]{1,32}$/, 'must be 1-32 of A-Z a-z 0-9 _ -'),
    'Name of the cluster, with which all its NATS subjects begin',
  ),
  CLUSTER_SECRET: setting(
    '',
    secretText.refine(
      (given) => given === '' || given.length >= LEAST_SECRET,
      `must have at least ${LEAST_SECRET} characters`,
    ),
    'The same on all nodes: hides from readers of the bus which sources cameras have',
    true,
  ),
  NODE_NAME: setting(
    '',
    text
      .transform((given) => given || defaultNodeName())
      .refine((name) => NODE_NAME.test(name), 'must be 1-64 of A-Z a-z 0-9 _ -'),
    'Name of this node, no other’s; empty is the host’s name',
  ),
  NODE_SITE: setting(
    '',
    text.regex(/^[A-Za-z0-9._-]{0,64}$/, 'must be at most 64 of A-Z a-z 0-9 . _ -'),
    'Site of this node: cameras with that site: in CONFIG_FILE are opened here',
  ),
  NODE_ROLE: setting(
    'both',
    oneOf('both', 'owner', 'edge'),
    'edge: serves viewers and opens no camera; owner: opens cameras and serves no viewers',
  ),
} as const satisfies Record<string, Setting>;

type Name = keyof typeof CLUSTER_SETTINGS;
type ClusterConfig = { readonly [K in Name]: z.output<(typeof CLUSTER_SETTINGS)[K]['check']> };

/** What is wrong with these settings together; a setting that is wrong by itself is undefined. */
export function clusterProblems(config: ClusterConfig): string[] {
  const problems: string[] = [];
  const credentials = ['NATS_CREDS_FILE', 'NATS_USER', 'NATS_TOKEN'] as const;
  const given = credentials.filter((name) => config[name]);
  if (config.NATS_URL?.user && given.length > 0)
    problems.push(`NATS_URL: has a user already; leave that out, or ${given.join(', ')}`);
  if (given.length > 1) problems.push(`${given.join(' and ')}: set one of them`);
  if (config.NATS_PASSWORD && !config.NATS_USER) problems.push('NATS_PASSWORD: needs NATS_USER');
  if (!config.NATS_CERT_FILE !== !config.NATS_KEY_FILE)
    problems.push('NATS_CERT_FILE and NATS_KEY_FILE: set both, or neither');
  const files = ['NATS_CREDS_FILE', 'NATS_CA_FILE', 'NATS_CERT_FILE'] as const;
  const idle = [...credentials, ...files.slice(1)].filter((name) => config[name]);
  if (config.NATS_URL === null && idle.length > 0)
    problems.push(`${idle[0] ?? ''}: does nothing without NATS_URL`);
  return problems;
}
