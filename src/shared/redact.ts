/**
 * Hides credentials in text that leaves the service: userinfo of URLs, passwords and tokens in queries, authorization
 * headers, JWTs. It works on any text (FFmpeg's stderr, error messages, log lines), so it errs on the side of hiding too
 * much. Every pattern takes time linear in the text: a viewer can make this service log text of the viewer's choice.
 */

/** From `rtsp://` to the next white space: a password may itself hold `@`, `/`, `?` or `#`, so the last `@` counts. */
const RTSP_URL = /(rtsps?:\/\/)(\S*)/gi;
/** The same as it stands percent-encoded in the query of `/ws`. */
const RTSP_URL_ENCODED = /(rtsps?%3a%2f%2f)([^\s&]*)/gi;
/** A password with spaces in it ends the word too early; but then no slash stands before the `@`. */
const RTSP_URL_SPACED = /(rtsps?:\/\/)[^/?#\r\n]*@/gi;
const USERINFO = /([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/?#]*@/gi;
/** `password=x` and the like in queries and paths, plain or percent-encoded, and `"password":"x"` of JSON. */
const PARAMETER =
  /((?:token|passw(?:or)?d|pass|pwd|psw|pw|secret)(?:=|%3d|"\s{0,8}:\s{0,8}"))(?:(?!%26)[^&\s"'])*/gi;
const AUTHORIZATION_JSON = /("authorization"\s{0,8}:\s{0,8}")(?:[^"\\]|\\.)*/gi;
const AUTHORIZATION = /(\bauthorization:)[^\r\n]*/gi;
const BEARER = /(\bbearer\s{1,8})[\w.~+/=-]+/gi;
const JWT = /(?<![\w.-])eyJ[\w-]*\.[\w-]*\.[\w-]*/g;

function hideUserinfo(_match: string, scheme: string, rest: string): string {
  const plain = rest.lastIndexOf('@');
  const at = plain >= 0 ? plain : rest.lastIndexOf('%40');
  return at < 0 ? scheme + rest : `${scheme}***${rest.slice(at)}`;
}

export function redact(text: string): string {
  return text
    .replace(RTSP_URL, hideUserinfo)
    .replace(RTSP_URL_ENCODED, hideUserinfo)
    .replace(RTSP_URL_SPACED, '$1***@')
    .replace(USERINFO, '$1***@')
    .replace(PARAMETER, '$1***')
    .replace(AUTHORIZATION_JSON, '$1***')
    .replace(AUTHORIZATION, '$1 ***')
    .replace(BEARER, '$1***')
    .replace(JWT, '***');
}
