import { ConfigError } from '../shared/errors.js';

const PLACEHOLDER = /\$\{([^}]*)\}?/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Puts environment variables in the place of `${NAME}` in a camera's URL. In user and password the value is percent-encoded, so
 * that a variable holds the password as it is; everywhere else (`${CAMERA_URL}`, path, query) it is inserted as it is.
 * @throws ConfigError naming each variable that is not set or empty; never a value
 */
export function fillFromEnv(template: string, env: Readonly<Record<string, string | undefined>>): string {
  const problems: string[] = [];
  const filled = template.replace(PLACEHOLDER, (whole, name: string, at: number) => {
    if (!whole.endsWith('}') || !NAME.test(name)) {
      problems.push('${...} must hold the name of an environment variable: A-Z a-z 0-9 _');
      return '';
    }
    const value = Object.hasOwn(env, name) ? (env[name] ?? '') : '';
    if (value === '') problems.push(`environment variable ${name} is not set: set it before the start`);
    return isInUserinfo(template, at, whole.length) ? encodeUserinfo(value) : value;
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return filled;
}

/** Before the `@` of the authority, and after the scheme. */
const isInUserinfo = (template: string, at: number, length: number): boolean =>
  /^rtsps?:\/\/[^/?#]*$/i.test(template.slice(0, at)) && /^[^/?#]*@/.test(template.slice(at + length));

/** Lone surrogates, which encodeURIComponent throws at, become U+FFFD: the camera then refuses the password. */
const encodeUserinfo = (value: string): string => encodeURIComponent(Buffer.from(value).toString());
