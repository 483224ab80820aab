import { z } from 'zod';
import { integer, list, secretText, type Setting, setting, text } from './setting.js';

/** Settings of what tells other systems about cameras: webhooks and MQTT. Without WEBHOOK_URLS and MQTT_URL the others mean nothing. */

/** Where a webhook goes. Never printed: path, query and user may hold a token. */
export interface WebhookUrl {
  readonly secure: boolean;
  /** Lower-case name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  /** `user:password` for Basic authentication; `null` without. */
  readonly auth: string | null;
}

/** The MQTT broker. */
export interface MqttUrl {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  /** From the URL's `user:password@`; empty without. */
  readonly user: string;
  readonly password: string;
}

const MOST_WEBHOOKS = 10;
const WEBHOOK_HINT = 'must be http:// or https:// addresses, several separated by commas';

const webhookUrl = (given: string): WebhookUrl | null => {
  const url = URL.canParse(given) ? new URL(given) : null;
  const secure = url?.protocol === 'https:';
  if (!url || (!secure && url.protocol !== 'http:') || url.hash !== '') return null;
  const { username, password, hostname, port, pathname, search } = url;
  return {
    secure,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    path: `${pathname}${search}`,
    auth: username === '' ? null : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`,
  };
};

const webhookUrls = list.transform((given, context): readonly WebhookUrl[] => {
  const fail = (message: string): readonly WebhookUrl[] => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (given.length > MOST_WEBHOOKS) return fail(`must be at most ${MOST_WEBHOOKS}`);
  try {
    const urls = given.map(webhookUrl);
    return urls.includes(null) ? fail(WEBHOOK_HINT) : urls.filter((url) => url !== null);
  } catch {
    return fail('write % in user and password as %25');
  }
});

const BROKER = /^(mqtts?):\/\/(?:([^/?#@]*)@)?([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}))?\/?$/;
const MQTT_HINT = 'must be mqtt://host:1883 or mqtts://host:8883';

const mqttUrl = z.string().transform((given, context): MqttUrl | null => {
  if (given === '') return null;
  const fail = (message: string): null => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const [, scheme, userinfo = '', host = '', digits] = BROKER.exec(given) ?? [];
  const tls = scheme === 'mqtts';
  const port = Number(digits ?? (tls ? 8883 : 1883));
  if (scheme === undefined || port < 1 || port > 65_535) return fail(MQTT_HINT);
  try {
    const [user = '', password = ''] = userinfo.split(/:(.*)/s).map(decodeURIComponent);
    return { tls, host: host.replace(/^\[|\]$/g, ''), port, user, password };
  } catch {
    return fail('write % in user and password as %25, @ as %40, / as %2F');
  }
});

/** As an HMAC's key should have (RFC 2104, 3): less is easier to guess than the signature. */
const LEAST_SECRET = 24;
const SHORTEST_PICTURE_MS = 1000;

/** Levels of a topic, without the wildcards of subscriptions. */
const TOPIC = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+){0,4}$/;
const topic = text.regex(TOPIC, 'must be at most 5 parts of A-Z a-z 0-9 . _ - between slashes');

const atLeastASecond = integer(0, 86_400_000).refine(
  (ms) => ms === 0 || ms >= SHORTEST_PICTURE_MS,
  `must be 0, or at least ${SHORTEST_PICTURE_MS}`,
);

export const ALARM_SETTINGS = {
  ALARM_HOLD_MS: setting(
    '15000',
    integer(0, 3_600_000),
    'How long a camera’s state has to last before it is told',
  ),
  WEBHOOK_URLS: setting(
    '',
    webhookUrls,
    'Where changes of cameras’ states are posted to; empty is nowhere',
    true,
  ),
  WEBHOOK_SECRET: setting(
    '',
    secretText.refine(
      (given) => given === '' || given.length >= LEAST_SECRET,
      `must have at least ${LEAST_SECRET} characters`,
    ),
    'Signs what is posted (HMAC-SHA256)',
    true,
  ),
  WEBHOOK_ALLOW: setting(
    '',
    list,
    'Webhooks may only be here: CIDRs, addresses, host patterns; empty is any',
  ),
  MQTT_URL: setting('', mqttUrl, 'MQTT broker that is told cameras’ states; empty is none', true),
  MQTT_USER: setting('', text, 'User for MQTT, with MQTT_PASSWORD'),
  MQTT_PASSWORD: setting('', text, 'Password for MQTT', true),
  MQTT_CA_FILE: setting('', text, 'Authorities (PEM) that vouch for the broker; empty is Node’s own'),
  MQTT_CERT_FILE: setting('', text, 'Certificate (PEM) to show to the broker'),
  MQTT_KEY_FILE: setting('', text, 'Private key (PEM) of MQTT_CERT_FILE'),
  MQTT_TOPIC: setting('rtsp-ws', topic, 'What all topics begin with; no other service’s'),
  MQTT_DISCOVERY: setting('homeassistant', topic, 'Home Assistant’s discovery prefix; off announces nothing'),
  MQTT_PICTURE_MS: setting(
    '0',
    atLeastASecond,
    'How often a picture of each open camera is published; 0 is never',
  ),
} as const satisfies Record<string, Setting>;

type Name = keyof typeof ALARM_SETTINGS;
export type AlarmConfig = { readonly [K in Name]: z.output<(typeof ALARM_SETTINGS)[K]['check']> };

/** What is wrong with these settings together; a setting that is wrong by itself is undefined. */
export function alarmProblems(config: Partial<AlarmConfig>): string[] {
  const problems: string[] = [];
  const url = config.MQTT_URL;
  const files = ['MQTT_CA_FILE', 'MQTT_CERT_FILE', 'MQTT_KEY_FILE'] as const;
  if (url?.user && config.MQTT_USER)
    problems.push('MQTT_URL: has a user already; leave that out, or MQTT_USER');
  if (config.MQTT_PASSWORD && !config.MQTT_USER) problems.push('MQTT_PASSWORD: needs MQTT_USER');
  if (!config.MQTT_CERT_FILE !== !config.MQTT_KEY_FILE)
    problems.push('MQTT_CERT_FILE and MQTT_KEY_FILE: set both, or neither');
  const given = files.filter((name) => config[name]);
  if (url && !url.tls && given.length > 0) problems.push(`${given.join(', ')}: needs mqtts:// in MQTT_URL`);
  const idle = ['MQTT_USER' as const, ...files].filter((name) => config[name]);
  if (url === null && idle.length > 0) problems.push(`${idle[0] ?? ''}: does nothing without MQTT_URL`);
  const hooks: readonly WebhookUrl[] | undefined = config.WEBHOOK_URLS;
  const allow: readonly string[] | undefined = config.WEBHOOK_ALLOW;
  const idleHook = config.WEBHOOK_SECRET ? 'WEBHOOK_SECRET' : allow?.length ? 'WEBHOOK_ALLOW' : null;
  if (hooks?.length === 0 && idleHook !== null)
    problems.push(`${idleHook}: does nothing without WEBHOOK_URLS`);
  return problems;
}
