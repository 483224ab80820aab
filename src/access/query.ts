import { badParameter } from '../shared/errors.js';

/** Longest query, in characters: a URL of 2,048, every character of it percent-encoded, and room for the rest. */
export const MAX_QUERY_LENGTH = 8192;

const CONTROL = /\p{Cc}/u;

/**
 * Splits and decodes a raw query. Unlike URLSearchParams: `+` stays `+` (RTSP URLs may hold it, no parameter may hold a
 * space), broken encoding is an error instead of U+FFFD, and so are control characters and a parameter given twice.
 * A Map, so that a parameter called `__proto__` is like any other. Throws RefusedError `bad_parameter`.
 */
export function parseQuery(raw: string): Map<string, string> {
  if (raw.length > MAX_QUERY_LENGTH)
    throw badParameter(`query is longer than ${MAX_QUERY_LENGTH} characters`);
  const parameters = new Map<string, string>();
  for (const piece of raw.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = decode(equals < 0 ? piece : piece.slice(0, equals), 'query');
    const value = equals < 0 ? '' : decode(piece.slice(equals + 1), shown(name));
    if (parameters.has(name)) throw badParameter(`${shown(name)} is given twice`);
    parameters.set(name, value);
  }
  return parameters;
}

function decode(text: string, where: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw badParameter(`${where} has broken percent-encoding: use encodeURIComponent`);
  }
  if (CONTROL.test(decoded)) throw badParameter(`${where} holds a control character`);
  return decoded;
}

/** A parameter's name as a message may repeat it. */
const shown = (name: string): string => (/^[\w.-]{1,32}$/.test(name) ? name : 'a parameter');
