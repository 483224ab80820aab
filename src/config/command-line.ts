import { parseArgs } from 'node:util';
import { ConfigError } from '../shared/errors.js';
import { redact } from '../shared/redact.js';
import { type SettingFlags, type SettingName, settingsTable } from './settings.js';

type Command = 'serve' | 'help' | 'version' | 'check' | 'health' | 'doctor';

/** What the command line asks for. */
export interface CommandLine {
  /** `serve` when no other job is named. */
  readonly command: Command;
  readonly operands: readonly string[];
  readonly flags: SettingFlags;
}

const SWITCHES = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  check: { type: 'boolean' },
  health: { type: 'boolean' },
} as const;

const isSwitch = (name: string): name is keyof typeof SWITCHES => Object.hasOwn(SWITCHES, name);

/** `--linger-ms` is LINGER_MS. */
const SETTING_FLAGS = new Map(
  settingsTable().map(({ name }) => [name.toLowerCase().replaceAll('_', '-'), name]),
);

const OPTIONS = {
  ...SWITCHES,
  ...Object.fromEntries([...SETTING_FLAGS.keys()].map((flag) => [flag, { type: 'string' as const }])),
};

/**
 * Reads flags: `--linger-ms 500` or `--linger-ms=500` is LINGER_MS=500.
 * @throws ConfigError naming everything that is not known
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const problems: string[] = [];
  const flags: Partial<Record<SettingName, string>> = {};
  const operands: string[] = [];
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
      else if (setting === undefined)
        problems.push(`${redact(token.rawName)}: unknown flag; --help lists all`);
      else if (token.value === undefined) problems.push(`${token.rawName}: needs a value`);
      else flags[setting] = token.value;
    }
  }
  if (command !== 'doctor' && operands.length > 0)
    problems.push(`${redact(operands.join(' '))}: unknown argument`);
  if (command === 'doctor' && operands.length !== 1)
    problems.push('doctor: needs one camera name or RTSP URL');
  if (problems.length > 0) throw new ConfigError(problems);
  return { command, operands, flags };
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
    '',
    'Settings: environment variables, or flags (--linger-ms 500 is LINGER_MS=500). Default in the second column.',
    '',
    ...rows,
    '',
  ].join('\n');
}
