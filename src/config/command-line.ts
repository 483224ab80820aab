import { ConfigError } from '../shared/errors.js';
import { redact } from '../shared/redact.js';
import { isSetting, type SettingFlags, type SettingName, settingsTable } from './settings.js';

/** What the command line asks for. */
export interface CommandLine {
  /** `serve`, or another job named first on the command line. */
  readonly command: 'serve' | 'help' | 'version' | 'check' | 'health' | 'doctor';
  readonly operands: readonly string[];
  readonly flags: SettingFlags;
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
