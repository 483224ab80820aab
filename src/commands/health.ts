import { once } from 'node:events';
import { request as askPlain } from 'node:http';
import { request as askTls } from 'node:https';
import { type Config, loadConfig } from '../config/settings.js';
import { ConfigError } from '../shared/errors.js';
import { tlsFilesOf } from '../config/tls-files.js';

/** Longest wait for the answer; what asks (Docker's HEALTHCHECK, say) should wait a second longer. */
const TIMEOUT_MS = 4000;

/** What `--health` says, in one line, and its exit code. */
export interface Health {
  readonly code: 0 | 1;
  readonly line: string;
}

/**
 * Asks the service on this host that has the same settings whether it is alive. It runs every few seconds beside the cameras, so
 * this file imports no more than it needs. Wrong settings are not healthy, and no error: who asks knows only 0 and 1.
 */
export async function health(...given: Parameters<typeof loadConfig>): Promise<Health> {
  try {
    const status = await ask(loadConfig(...given));
    return status === 200
      ? { code: 0, line: 'healthy' }
      : { code: 1, line: `unhealthy: /healthz answered ${status}` };
  } catch (error) {
    return { code: 1, line: `unhealthy: ${reasonOf(error)}` };
  }
}

/** The HTTP status of /healthz. Rejects when there is no answer. */
async function ask(config: Config): Promise<number> {
  const options = { ...target(config), path: '/healthz', signal: AbortSignal.timeout(TIMEOUT_MS) };
  // Its certificate names the host that viewers know, not this one; whether it is valid is theirs to judge.
  const request = tlsFilesOf(config) ? askTls({ ...options, rejectUnauthorized: false }) : askPlain(options);
  const answered = once(request, 'response') as Promise<[{ readonly statusCode?: number }]>;
  request.end();
  const [{ statusCode = 0 }] = await answered;
  return statusCode;
}

/** Where the service listens, seen from its own host. */
function target(config: Config): { readonly host: string; readonly port: number } {
  // Node would ask port 80, and so somebody else.
  if (config.PORT === 0)
    throw new ConfigError(['PORT=0 lets the system choose: set the port that is to be asked']);
  const anywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return { host: anywhere[config.HOST] ?? config.HOST, port: config.PORT };
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError) return error.problems.join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.name === 'AbortError' ? `no answer within ${TIMEOUT_MS} ms` : error.message;
}
