/**
 * Hides credentials in text that leaves the service: the userinfo of URLs, `token=` values and bearer headers.
 * It works on any text (FFmpeg's stderr, error messages, log lines), so it errs on the side of hiding too much.
 */
const USERINFO = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi;
// A password may itself hold '/', '?' or '#': then only the last '@' of the word ends the userinfo.
const LOOSE_USERINFO = /(rtsps?:\/\/)\S*@/gi;
const TOKEN = /([?&](?:token|access_token)=)[^&\s"']*/gi;
const BEARER = /(\bbearer\s+)[\w.~+/=-]+/gi;
const DIGEST = /(\bauthorization:\s*)[^\r\n]*/gi;

export function redact(text: string): string {
  return text
    .replace(LOOSE_USERINFO, '$1***@')
    .replace(USERINFO, '$1***@')
    .replace(TOKEN, '$1***')
    .replace(DIGEST, '$1***')
    .replace(BEARER, '$1***');
}
