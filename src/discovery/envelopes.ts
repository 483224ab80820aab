import { createHash, randomBytes } from 'node:crypto';

/** What is sent: WS-Discovery 1.0 (2005/04), as ONVIF has it, and SOAP 1.2 with WS-UsernameToken. */

const SOAP = 'http://www.w3.org/2003/05/soap-envelope';
const ADDRESSING = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
const DISCOVERY = 'http://schemas.xmlsoap.org/ws/2005/04/discovery';
const SECURITY = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const UTILITY = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
const TOKEN =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest';
const BASE64 =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary';

export const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
export const MEDIA = 'http://www.onvif.org/ver10/media/wsdl';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (mark) => ESCAPES[mark] ?? '');

/** What is asked for: what ONVIF 1 called cameras, and what newer devices call themselves; some answer to one alone. */
export const PROBED_TYPES = ['n:NetworkVideoTransmitter', 't:Device'] as const;

/** @param id `urn:uuid:...`, which the answers name. One for each type: devices take a known id for a repetition, and drop it. */
export const probe = (id: string, type: (typeof PROBED_TYPES)[number]): string =>
  `<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="${SOAP}" xmlns:w="${ADDRESSING}" xmlns:d="${DISCOVERY}" ` +
  `xmlns:n="http://www.onvif.org/ver10/network/wsdl" xmlns:t="${DEVICE}"><e:Header>` +
  `<w:MessageID>${id}</w:MessageID><w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>` +
  `<w:Action e:mustUnderstand="true">${DISCOVERY}/Probe</w:Action></e:Header>` +
  `<e:Body><d:Probe><d:Types>${type}</d:Types></d:Probe></e:Body></e:Envelope>`;

export interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * WS-UsernameToken with a digest (WSS UsernameToken Profile 1.0, 3.1): the password itself is not sent.
 * @param created by the device's clock: it refuses tokens that are minutes old
 */
export function usernameToken({ username, password }: Login, created: Date, nonce = randomBytes(16)): string {
  // Whole seconds, as ONVIF's own examples have it.
  const when = created.toISOString().replace(/\.\d+Z$/, 'Z');
  const digest = createHash('sha1').update(nonce).update(when).update(password).digest('base64');
  return (
    `<s:Security xmlns:s="${SECURITY}" xmlns:u="${UTILITY}" e:mustUnderstand="true"><s:UsernameToken>` +
    `<s:Username>${escapeXml(username)}</s:Username><s:Password Type="${TOKEN}">${digest}</s:Password>` +
    `<s:Nonce EncodingType="${BASE64}">${nonce.toString('base64')}</s:Nonce><u:Created>${when}</u:Created>` +
    '</s:UsernameToken></s:Security>'
  );
}

/** @param header `usernameToken`, or empty */
export const envelope = (body: string, header: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="${SOAP}">` +
  `<e:Header>${header}</e:Header><e:Body>${body}</e:Body></e:Envelope>`;
