import { isIPv4 } from 'node:net';
import { ConfigError } from '../shared/errors.js';
import type { Login } from './envelopes.js';

/** Who may be told what: the login of one device, and how CONFIG_FILE writes it without its password. */
export interface DeviceLogin {
  readonly login: Login;
  /** `viewer:${GATE_PASSWORD}`, for a camera's URL. */
  readonly userinfo: string;
}

const LINE = /^(\S+?)[\s=]+([^\s:]+):(\S+)$/;
const VARIABLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
const HINT = 'must be lines like 192.168.1.20 viewer:${GATE_PASSWORD}';

/**
 * Reads which devices may be asked with which user. A password is always the name of an environment variable, so that neither this text
 * nor what is made of it holds one.
 * @param text lines, or the same with commas between; `#` begins a comment
 * @param source for messages
 * @throws ConfigError with a line for each mistake; never a value
 */
export function parseCredentials(
  text: string,
  source: string,
  env: Readonly<Record<string, string | undefined>>,
): Map<string, DeviceLogin> {
  const problems: string[] = [];
  const logins = new Map<string, DeviceLogin>();
  const filled = (value: string): string | null => {
    const name = VARIABLE.exec(value)?.[1];
    if (name === undefined) return null;
    const content = Object.hasOwn(env, name) ? (env[name] ?? '') : '';
    if (content === '') problems.push(`${source}: environment variable ${name} is not set`);
    return content;
  };
  text.split(/[\n,]/).forEach((line, i) => {
    const entry = line.replace(/(^|\s)#.*/, '').trim();
    if (entry === '') return;
    const where = `${source}: entry ${i + 1}`;
    const [, address = '', user = '', secret = ''] = LINE.exec(entry) ?? [];
    if (!isIPv4(address)) problems.push(`${where}: ${HINT}`);
    else if (logins.has(address)) problems.push(`${where}: ${address} has one already`);
    else {
      const password = filled(secret);
      if (password === null)
        problems.push(`${where}: write the password as \${NAME}, an environment variable`);
      const isVariable = VARIABLE.test(user);
      const username = isVariable ? (filled(user) ?? '') : user;
      const userinfo = `${isVariable ? user : encodeURIComponent(user)}:${secret}`;
      logins.set(address, { login: { username, password: password ?? '' }, userinfo });
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return logins;
}
