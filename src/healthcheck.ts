#!/usr/bin/env node
import { once } from 'node:events';
import { request as askPlain } from 'node:http';
import { request as askTls } from 'node:https';
import { type Config, loadConfig, parseCommandLine } from './config.js';
import { tlsFilesOf } from './tls-files.js';

/**
 * Asks the service on this host, with the same settings, whether it is alive: exit code 0, or 1 and a line that says why not. For
 * Docker's HEALTHCHECK and the like. A program of its own, because the service's takes three times as long to load.
 */
const TIMEOUT_MS = 4000;

/** Where the service listens, seen from its own host. */
function target(config: Config): { readonly host: string; readonly port: number } {
  const anywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return { host: anywhere[config.HOST] ?? config.HOST, port: config.PORT };
}

async function ask(config: Config): Promise<number> {
  const options = { ...target(config), path: '/healthz', signal: AbortSignal.timeout(TIMEOUT_MS) };
  // Its certificate names the host that viewers know, not this one; whether it is valid is theirs to judge.
  const request = tlsFilesOf(config) ? askTls({ ...options, rejectUnauthorized: false }) : askPlain(options);
  const answered = once(request, 'response') as Promise<[{ readonly statusCode?: number }]>;
  request.end();
  const [{ statusCode = 0 }] = await answered;
  return statusCode;
}

try {
  const config = loadConfig(process.env, parseCommandLine(process.argv.slice(2)).flags);
  const status = await ask(config);
  if (status !== 200) throw new Error(`answered ${status}`);
  process.stdout.write('healthy\n');
  process.exit(0);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`unhealthy: ${reason}\n`);
  process.exit(1);
}
