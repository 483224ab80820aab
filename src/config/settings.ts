import { z } from 'zod';
import { ConfigError } from '../shared/errors.js';
import { ACCESS_SETTINGS, accessProblems } from './access-settings.js';
import { ADMIN_SETTINGS, adminProblems } from './admin-settings.js';
import { ALARM_SETTINGS, alarmProblems } from './alarm-settings.js';
import { CLUSTER_SETTINGS, clusterProblems } from './cluster-settings.js';
import { integer, list, oneOf, secretText, setting, type Setting, text, tokens } from './setting.js';
import { type Bounds, HEIGHT, QUALITY, WIDTH } from '../shared/rendition.js';

/** Every setting in one table: name, default, check, and the line that `--help` and the README show. */

const evenInteger = ({ min, max }: Bounds) =>
  integer(min, max).refine((n) => n % 2 === 0, `must be an even number from ${min} to ${max}`);

const SIZE = /^(\d{2,4})x(\d{2,4})$/;

const isSide = (side: number, { min, max }: Bounds): boolean => side >= min && side <= max && side % 2 === 0;

const sizeLadder = z.string().transform((text, context) => {
  const sizes = text
    .split(',')
    .map((item) => SIZE.exec(item.trim()))
    .map((match) => ({ width: Number(match?.[1]), height: Number(match?.[2]) }));
  if (!sizes.every(({ width, height }) => isSide(width, WIDTH) && isSide(height, HEIGHT))) {
    context.addIssue({
      code: 'custom',
      message:
        'must be sizes like 320x180,640x360 with even sides ' +
        `from ${WIDTH.min}x${HEIGHT.min} to ${WIDTH.max}x${HEIGHT.max}`,
    });
    return z.NEVER;
  }
  return sizes;
});

/** HS256 needs a key of at least its hash's size (RFC 7518, 3.2). */
const MIN_JWT_SECRET_BYTES = 32;

const jwtSecret = secretText.refine(
  (given) => given === '' || Buffer.byteLength(given) >= MIN_JWT_SECRET_BYTES,
  `must have at least ${MIN_JWT_SECRET_BYTES} bytes for HS256`,
);

export const SETTINGS = {
  HOST: setting('127.0.0.1', text.min(1, 'must not be empty'), 'Address to listen on; 0.0.0.0 for all'),
  PORT: setting('8003', integer(0, 65_535), 'Port to listen on; 0 lets the system choose'),
  CONFIG_FILE: setting('', text, 'YAML file with named cameras; reloaded on change and on SIGHUP'),
  LOG_LEVEL: setting(
    'info',
    oneOf('fatal', 'error', 'warn', 'info', 'debug', 'silent'),
    'Least severe log line shown',
  ),
  FFMPEG_PATH: setting('', text, 'FFmpeg to use; else ffmpeg on PATH; else the bundled one'),
  RTSP_TRANSPORT: setting('tcp', oneOf('tcp', 'udp'), 'How cameras send their media'),
  FRAME_WIDTH: setting('640', evenInteger(WIDTH), 'Default width in pixels'),
  FRAME_HEIGHT: setting('360', evenInteger(HEIGHT), 'Default height in pixels'),
  JPEG_QUALITY: setting('50', integer(QUALITY.min, QUALITY.max), 'Default JPEG quality, 1-100'),
  MAX_FPS: setting('0', integer(0, 120), 'Most frames a second of any stream; 0 is the rate of the source'),
  SKIP_LOOP_FILTER: setting(
    'off',
    oneOf('on', 'off'),
    'on: decode without deblocking, a fifth cheaper and blockier',
  ),
  SIZE_LADDER: setting(
    '320x180,640x360,960x540,1280x720,1920x1080',
    sizeLadder,
    'Sizes that a viewer can get: the smallest that holds what it asks for (the default size always counts)',
  ),
  LINGER_MS: setting(
    '10000',
    integer(0, 3_600_000),
    'How long a camera, or a size of it, is kept without viewers',
  ),
  OPEN_TIMEOUT_MS: setting('10000', integer(100, 120_000), 'Longest wait for the first frame'),
  STALL_TIMEOUT_MS: setting('5000', integer(500, 120_000), 'Longest gap without a frame before a reconnect'),
  RETRY_MIN_MS: setting(
    '1000',
    integer(10, 60_000),
    'First pause before a reconnect; doubles with each failure',
  ),
  RETRY_MAX_MS: setting('30000', integer(10, 3_600_000), 'Longest pause before a reconnect'),
  AUTH_HOLD_MS: setting('300000', integer(10, 86_400_000), 'Pause after a camera refused user/password'),
  FROZEN_AFTER_MS: setting(
    '60000',
    integer(1000, 86_400_000),
    'Picture unchanged for this long counts as frozen',
  ),
  MAX_CAMERAS: setting('100', integer(1, 1000), 'Most cameras that run at the same time'),
  MAX_CONNECTING: setting('16', integer(1, 100), 'Most cameras that begin to connect at the same time'),
  MAX_VIEWERS: setting('5000', integer(1, 100_000), 'Most viewers in total'),
  MAX_VIEWERS_PER_ADDRESS: setting(
    '0',
    integer(0, 100_000),
    'Most viewers from one address (IPv6: one /64); 0 is no limit',
  ),
  MAX_CONNECTIONS_PER_SECOND: setting(
    '0',
    integer(0, 10_000),
    'New viewers a second from one address, refused ones included; 0 is no limit',
  ),
  MAX_FAILED_TOKENS_PER_MINUTE: setting(
    '60',
    integer(0, 100_000),
    'Wrong tokens a minute from one address before it has to wait; 0 is no limit',
  ),
  MAX_MESSAGES_PER_SECOND: setting('20', integer(1, 1000), 'Messages a second that a viewer may send on /ws'),
  VIEWER_MAX_LAG_MS: setting('300', integer(50, 10_000), 'Lag at which a viewer gets fewer, fresh frames'),
  VIEWER_SLOW_TIMEOUT_MS: setting(
    '15000',
    integer(1000, 600_000),
    'Silence after which a viewer is closed (4408)',
  ),
  SNAPSHOT_MAX_AGE_MS: setting('10000', integer(100, 86_400_000), 'Oldest frame that /snapshot still gives'),
  ADHOC_RTSP: setting('on', oneOf('on', 'off'), 'off: only configured cameras, no rtsp= from viewers'),
  RTSP_ALLOW: setting('', list, 'Cameras may only be here: CIDRs, addresses, host patterns; empty is any'),
  RTSP_DENY: setting('', list, 'Cameras may never be here; wins over RTSP_ALLOW'),
  AUTH_TOKENS: setting(
    '',
    tokens,
    'Tokens that let a viewer in; empty with no JWT secret is no authentication',
    true,
  ),
  AUTH_JWT_SECRET: setting('', jwtSecret, 'Secret of HS256 JSON Web Tokens that let a viewer in', true),
  ...ADMIN_SETTINGS,
  ALLOWED_ORIGINS: setting('', list, 'Other web origins whose pages may connect, or *'),
  ...ACCESS_SETTINGS,
  TLS_CERT_FILE: setting('', text, 'Certificate chain (PEM) for https and wss'),
  TLS_KEY_FILE: setting('', text, 'Private key (PEM) for https and wss'),
  ...CLUSTER_SETTINGS,
  ...ALARM_SETTINGS,
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
export type Config = { readonly [K in SettingName]: z.output<(typeof SETTINGS)[K]['check']> };

const NAMES = Object.keys(SETTINGS) as SettingName[];

/** Settings that the command line gives, as text. */
export type SettingFlags = Readonly<Partial<Record<SettingName, string>>>;

/**
 * Checks every setting; flags win over the environment, an empty variable counts as not set.
 * @throws ConfigError with one line for each wrong key
 */
export function loadConfig(env: NodeJS.ProcessEnv, flags: SettingFlags = {}): Config {
  const problems: string[] = [];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of NAMES) {
    const { fallback, check, ...rest } = SETTINGS[name];
    const given = flags[name] ?? env[name];
    const value = given === undefined || given === '' ? fallback : given;
    const result = check.safeParse(value);
    if (result.success) values[name] = result.data;
    else {
      const shown = rest.secret ? '***' : JSON.stringify(value.slice(0, 80));
      problems.push(`${name}=${shown}: ${result.error.issues[0]?.message ?? 'is wrong'}`);
    }
  }
  // A setting that is wrong by itself is left out here, and then compares as neither.
  const config = values as Config;
  if ((config.TLS_CERT_FILE === '') !== (config.TLS_KEY_FILE === ''))
    problems.push('TLS_CERT_FILE and TLS_KEY_FILE: set both, or neither');
  if (config.RETRY_MAX_MS < config.RETRY_MIN_MS)
    problems.push('RETRY_MAX_MS: must not be less than RETRY_MIN_MS');
  problems.push(
    ...accessProblems(config),
    ...adminProblems(config),
    ...clusterProblems(config),
    ...alarmProblems(config),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Rows of the settings table: name, default, meaning. The README's table is tested against it. */
export function settingsTable(): { name: SettingName; fallback: string; doc: string }[] {
  return NAMES.map((name) => ({ name, fallback: SETTINGS[name].fallback, doc: SETTINGS[name].doc }));
}
