import { z } from 'zod';
import { ConfigError } from '../shared/errors.js';
import { redact } from '../shared/redact.js';

/** Every setting in one table: name, default, check, and the line that `--help` and the README show. */

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`);

const evenInteger = (min: number, max: number) =>
  integer(min, max).refine((n) => n % 2 === 0, `must be an even number from ${min} to ${max}`);

const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, `must be one of: ${values.join(', ')}`);

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const SIZE = /^(\d{2,4})x(\d{2,4})$/;

const evenUpTo = (side: number, max: number): boolean => side >= 16 && side <= max && side % 2 === 0;

const sizeLadder = z.string().transform((text, context) => {
  const sizes = text
    .split(',')
    .map((item) => SIZE.exec(item.trim()))
    .map((match) => ({ width: Number(match?.[1]), height: Number(match?.[2]) }));
  if (!sizes.every(({ width, height }) => evenUpTo(width, 7680) && evenUpTo(height, 4320))) {
    context.addIssue({
      code: 'custom',
      message: 'must be sizes like 320x180,640x360 with even sides from 16x16 to 7680x4320',
    });
    return z.NEVER;
  }
  return sizes;
});

/** A list that is only commas would quietly turn authentication off. */
const tokens = z
  .string()
  .refine((given) => given === '' || /[^,\s]/.test(given), 'has no token in it')
  .pipe(list);

const text = z.string();

/** HS256 needs a key of at least its hash's size (RFC 7518, 3.2). */
export const MIN_JWT_SECRET_BYTES = 32;

const jwtSecret = text.refine(
  (given) => given === '' || Buffer.byteLength(given) >= MIN_JWT_SECRET_BYTES,
  `must have at least ${MIN_JWT_SECRET_BYTES} bytes for HS256`,
);

interface Setting<S extends z.ZodType = z.ZodType> {
  readonly fallback: string;
  readonly check: S;
  readonly doc: string;
  /** Its value never appears in a message. */
  readonly secret?: boolean;
}

const setting = <S extends z.ZodType>(
  fallback: string,
  check: S,
  doc: string,
  secret = false,
): Setting<S> => ({
  fallback,
  check,
  doc,
  secret,
});

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
  FRAME_WIDTH: setting('640', evenInteger(16, 7680), 'Default width in pixels'),
  FRAME_HEIGHT: setting('360', evenInteger(16, 4320), 'Default height in pixels'),
  JPEG_QUALITY: setting('50', integer(1, 100), 'Default JPEG quality, 1-100'),
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
  MAX_CONNECTING: setting('4', integer(1, 100), 'Most cameras that connect at the same time'),
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
  ALLOWED_ORIGINS: setting('', list, 'Other web origins whose pages may connect, or *'),
  TLS_CERT_FILE: setting('', text, 'Certificate chain (PEM) for https and wss'),
  TLS_KEY_FILE: setting('', text, 'Private key (PEM) for https and wss'),
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
export type Config = { readonly [K in SettingName]: z.output<(typeof SETTINGS)[K]['check']> };

const NAMES = Object.keys(SETTINGS) as SettingName[];
const isSetting = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name);

/** What the command line asks for. */
export interface CommandLine {
  /** `serve`, or another job named first on the command line. */
  readonly command: 'serve' | 'help' | 'version' | 'check' | 'health' | 'doctor';
  readonly operands: readonly string[];
  readonly flags: Readonly<Partial<Record<SettingName, string>>>;
}

/**
 * Reads flags: `--linger-ms 500` or `--linger-ms=500` is LINGER_MS=500.
 * @throws ConfigError naming every unknown flag
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const problems: string[] = [];
  const flags: Partial<Record<SettingName, string>> = {};
  const operands: string[] = [];
  let command: CommandLine['command'] = 'serve';
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--help' || arg === '-h') command = 'help';
    else if (arg === '--version') command = 'version';
    else if (arg === '--check') command = 'check';
    else if (arg === '--health') command = 'health';
    else if (arg === 'doctor' && operands.length === 0) command = 'doctor';
    else if (!arg.startsWith('-')) operands.push(arg);
    else {
      const [flag, inline] = splitOnce(arg, '=');
      const name = flag.replace(/^--/, '').replaceAll('-', '_').toUpperCase();
      const value = inline ?? args[++i];
      if (!flag.startsWith('--') || !isSetting(name))
        problems.push(`${redact(flag)}: unknown flag; --help lists all`);
      else if (value === undefined) problems.push(`${flag}: needs a value`);
      else flags[name] = value;
    }
  }
  if (command !== 'doctor' && operands.length > 0)
    problems.push(`${redact(operands.join(' '))}: unknown argument`);
  if (command === 'doctor' && operands.length !== 1)
    problems.push('doctor: needs one camera name or RTSP URL');
  if (problems.length > 0) throw new ConfigError(problems);
  return { command, operands, flags };
}

function splitOnce(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * Checks every setting; flags win over the environment, an empty variable counts as not set.
 * @throws ConfigError with one line for each wrong key
 */
export function loadConfig(env: NodeJS.ProcessEnv, flags: CommandLine['flags'] = {}): Config {
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
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Rows of the settings table: name, default, meaning. The README's table is tested against it. */
export function settingsTable(): { name: SettingName; fallback: string; doc: string }[] {
  return NAMES.map((name) => ({ name, fallback: SETTINGS[name].fallback, doc: SETTINGS[name].doc }));
}

const NAME_COLUMN = Math.max(...NAMES.map((name) => name.length)) + 1;

export function helpText(): string {
  const rows = settingsTable().map(
    ({ name, fallback, doc }) => `  ${name.padEnd(NAME_COLUMN)}${fallback.padEnd(12)} ${doc}`,
  );
  return [
    'rtsp-stream-ws: RTSP cameras to browser tiles, as JPEGs over WebSocket',
    '',
    'Usage: rtsp-stream-ws [--setting value ...]          start the service',
    '       rtsp-stream-ws --check                        check settings and CONFIG_FILE, then exit',
    '       rtsp-stream-ws --health                       ask the service that runs here with the same settings: exit 0 or 1',
    '       rtsp-stream-ws doctor <camera name or URL>    open one camera and say what happens',
    '',
    'Settings: environment variables, or flags (--linger-ms 500 is LINGER_MS=500). Default in the second column.',
    '',
    ...rows,
    '',
  ].join('\n');
}
