import { createHmac } from 'node:crypto';
import { type Alarm, alarmText } from '../news/alarm.js';

export interface Told {
  readonly alarm: Alarm;
  readonly previous: Alarm['state'] | null;
}

/** Texts of so many cameras are in `text`; the others are counted there. */
const TEXTS = 10;

/**
 * The body of a webhook (PROTOCOL.md). `text` is what chat services show.
 * @param now Unix epoch, ms
 * @param node this node's name in a cluster
 */
export function webhookBody(told: readonly Told[], now: number, node: string | null): string {
  const texts = told.slice(0, TEXTS).map(({ alarm }) => alarmText(alarm));
  const more = told.length > TEXTS ? [`and ${told.length - TEXTS} more`] : [];
  return JSON.stringify({
    type: 'cameras',
    time: Math.round(now),
    ...(node === null ? {} : { node }),
    text: [...texts, ...more].join('\n'),
    cameras: told.map(({ alarm: { camera, title, state, reason, since }, previous }) => ({
      camera,
      title,
      state,
      previous,
      reason,
      since,
    })),
  });
}

/** Secrets as the libraries of Standard Webhooks write them: their key is the rest, in Base64. */
const ENCODED = /^whsec_([A-Za-z0-9+/]+={0,2})$/;

/**
 * Headers by which a receiver knows who posts, in the form of the Standard Webhooks specification (1.0): the HMAC-SHA256 of
 * `id.timestamp.body`, so that neither the body nor the time of a recorded request can be changed.
 * @param id the same for each try of one body
 * @param seconds Unix epoch
 */
export function signatureHeaders(
  secret: string,
  id: string,
  seconds: number,
  body: string,
): Readonly<Record<string, string>> {
  const names = { 'webhook-id': id, 'webhook-timestamp': String(seconds) };
  if (secret === '') return names;
  const encoded = ENCODED.exec(secret)?.[1];
  const key = encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { ...names, 'webhook-signature': `v1,${signature}` };
}
