import { readFile, stat } from 'node:fs/promises';
import type { JSONWebKeySet } from 'jose';
import { ConfigError } from '../shared/errors.js';

/** Longest wait for the whole answer, ms. */
const TIMEOUT_MS = 3000;
/** Some hundred keys. */
const MAX_BYTES = 256 * 1024;

/**
 * Reads a JSON Web Key Set (RFC 7517, 5) from a file or a server. A redirect is an error: it could lead from https to http.
 * @throws Error saying what is wrong, without the address
 */
export async function loadJwks(url: URL): Promise<JSONWebKeySet> {
  const text = url.protocol === 'file:' ? await fileText(url) : await answerText(url);
  const set: unknown = parsed(text);
  if (isKeySet(set)) return set;
  throw new Error('holds no JSON Web Key Set: {"keys": [...]}');
}

/** What a key holds, jose judges when a token asks for it. */
const isKeySet = (set: unknown): set is JSONWebKeySet =>
  typeof set === 'object' &&
  set !== null &&
  'keys' in set &&
  Array.isArray(set.keys) &&
  set.keys.every((key) => typeof key === 'object' && key !== null);

/** Looks at a file before the start; a server is asked later. Throws ConfigError naming the file and what is wrong. */
export async function checkJwksFile(url: URL | null): Promise<void> {
  if (url?.protocol !== 'file:') return;
  await loadJwks(url).catch((error: unknown) => {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`JWT_JWKS_URL: ${url.pathname} ${problem}`]);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('is not JSON');
  }
}

async function fileText(url: URL): Promise<string> {
  try {
    const { size } = await stat(url);
    if (size <= MAX_BYTES) return await readFile(url, 'utf8');
  } catch (error) {
    throw new Error(`cannot be read (${codeOf(error)})`);
  }
  throw tooLarge();
}

async function answerText(url: URL): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let answer: Response;
  try {
    answer = await fetch(url, { signal, redirect: 'manual', headers: { Accept: 'application/json' } });
  } catch (error) {
    throw new Error(signal.aborted ? noAnswer() : `cannot be reached (${codeOf(error)})`);
  }
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new Error(`was answered with status ${answer.status}, not 200`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    const body: AsyncIterable<Uint8Array> | null = answer.body;
    for await (const chunk of body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new Error(signal.aborted ? noAnswer() : `broke off (${codeOf(error)})`);
  }
  if (bytes > MAX_BYTES) throw tooLarge();
  return Buffer.concat(chunks).toString();
}

const noAnswer = (): string => `did not answer within ${TIMEOUT_MS} ms`;
const tooLarge = (): Error => new Error(`is larger than ${MAX_BYTES} bytes`);

/** What the system says; `fetch` has it in the cause. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
}
