import { parseArgs } from 'node:util';
import { ConfigError } from '../shared/errors.js';
import { redact } from '../shared/redact.js';
import { type SettingFlags, type SettingName, settingsTable } from './settings.js';

type Command = 'serve' | 'help' | 'version' | 'check' | 'health' | 'doctor' | 'discover';

/** What `--discover` is given. */
export interface DiscoverOptions {
  /** Empty is all but loopback. */
  readonly interfaces: readonly string[];
  readonly timeoutMs: number;
  /** Empty: the environment has them, or there are none. */
  readonly credentialsFile: string;
}

/** What the command line asks for. */
export interface CommandLine {
  /** `serve` when no other job is named. */
  readonly command: Command;
  readonly operands: readonly string[];
  readonly discover: DiscoverOptions;
  readonly flags: SettingFlags;
}

const SWITCHES = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  check: { type: 'boolean' },
  health: { type: 'boolean' },
  discover: { type: 'boolean' },
} as const;

/** Flags of `--discover` alone. */
const DISCOVER_FLAGS = ['interface', 'timeout', 'credentials'] as const;
type DiscoverFlag = (typeof DISCOVER_FLAGS)[number];
const isDiscoverFlag = (name: string): name is DiscoverFlag => DISCOVER_FLAGS.some((flag) => flag === name);

/** Seconds that devices have to answer. */
const DISCOVER_TIMEOUT = { usual: '5', min: 1, max: 60 };

const isSwitch = (name: string): name is keyof typeof SWITCHES => Object.hasOwn(SWITCHES, name);

/** `--linger-ms` is LINGER_MS. */
const SETTING_FLAGS = new Map(
  settingsTable().map(({ name }) => [name.toLowerCase().replaceAll('_', '-'), name]),
);

const OPTIONS = {
  ...SWITCHES,
  ...Object.fromEntries(
    [...SETTING_FLAGS.keys(), ...DISCOVER_FLAGS].map((flag) => [flag, { type: 'string' as const }]),
  ),
};

/**
 * Reads flags: `--linger-ms 500` or `--linger-ms=500` is LINGER_MS=500.
 * @throws ConfigError naming everything that is not known
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const problems: string[] = [];
  const flags: Partial<Record<SettingName, string>> = {};
  const operands: string[] = [];
  const given = new Map<DiscoverFlag, string[]>();
  let command: Command = 'serve';
  // Not `strict`: that ends at the first mistake, and its texts quote what may be a password.
  const { tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (token.value === 'doctor' && operands.length === 0 && command !== 'doctor') command = 'doctor';
      else operands.push(token.value);
    } else if (token.kind === 'option') {
      const setting = SETTING_FLAGS.get(token.name);
      if (isSwitch(token.name)) command = token.name;
      else if (setting === undefined && !isDiscoverFlag(token.name))
        problems.push(`${redact(token.rawName)}: unknown flag`);
      else if (token.value === undefined) problems.push(`${token.rawName}: needs a value`);
      else if (setting !== undefined) flags[setting] = token.value;
      else if (isDiscoverFlag(token.name))
        given.set(token.name, [...(given.get(token.name) ?? []), token.value]);
    }
  }
  if (command !== 'doctor' && operands.length > 0)
    problems.push(`${redact(operands.join(' '))}: unknown argument${hintFor(operands)}`);
  if (command === 'doctor' && operands.length !== 1)
    problems.push('doctor: needs one camera name or RTSP URL');
  if (command !== 'discover')
    problems.push(...[...given.keys()].map((name) => `--${name}: only with --discover`));
  const discover = discoverOptions(given, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return { command, operands, discover, flags };
}

/** `discover` for `--discover`, say: `doctor` alone is a word without dashes. */
function hintFor(operands: readonly string[]): string {
  const meant = operands.find((word) => isSwitch(word));
  return meant === undefined ? '' : `: write --${meant}`;
}

function discoverOptions(given: ReadonlyMap<DiscoverFlag, string[]>, problems: string[]): DiscoverOptions {
  const last = (name: DiscoverFlag): string | undefined => given.get(name)?.at(-1);
  const { usual, min, max } = DISCOVER_TIMEOUT;
  const seconds = Number(last('timeout') ?? usual);
  if (!(seconds >= min && seconds <= max)) problems.push(`--timeout: must be seconds from ${min} to ${max}`);
  return {
    interfaces: given.get('interface') ?? [],
    timeoutMs: Math.round(seconds * 1000),
    credentialsFile: last('credentials') ?? '',
  };
}

const NAME_COLUMN = Math.max(...settingsTable().map(({ name }) => name.length)) + 1;

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
    '       rtsp-stream-ws --discover                     find ONVIF cameras and print entries for CONFIG_FILE',
    '           [--interface eth0] [--timeout 5]          where (all but loopback), and seconds for an answer',
    '           [--credentials FILE]                      lines like 192.168.1.20 viewer:${GATE_PASSWORD}, or in DISCOVER_CREDENTIALS',
    '       rtsp-stream-ws --version                      what runs here',
    '',
    'Settings: environment variables, or flags (--linger-ms 500 is LINGER_MS=500). Default in the second column.',
    '',
    ...rows,
    '',
  ].join('\n');
}
