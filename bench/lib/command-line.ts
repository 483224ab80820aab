import { parseArgs } from 'node:util';

/** The command line of a bench: `--help`, flags, numbers and words, and a wrong option is told in one line. */

interface NumberOption {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Default: whole numbers only. */
  readonly fractions?: true;
  readonly help: string;
}

interface FlagOption {
  readonly help: string;
}

interface TextOption {
  /** What stands for the value in the help, such as `DIR`. */
  readonly value: string;
  readonly help: string;
}

type OptionTable = Readonly<Record<string, NumberOption | FlagOption | TextOption>>;

/** What a bench says of itself. */
export interface BenchCommand<T extends OptionTable> {
  /** Its folder below bench/. */
  readonly name: string;
  /** One sentence. */
  readonly about: string;
  readonly options: T;
}

export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends NumberOption
    ? number
    : T[K] extends TextOption
      ? string | null
      : boolean;
};

/** For all benches of `make bench`. */
export const QUICK = { quick: { help: 'short and rough: to see that it works, not to quote' } } as const;

/** For benches that compare revisions: another checkout, built; the same cameras and viewers measure both in turns. */
export const AGAINST = {
  against: {
    value: 'DIR',
    help: 'another checkout of this service, built: it is measured in turns with this one',
  },
} as const;

/** EX_USAGE of sysexits.h, as the service has it. */
export const EX_USAGE = 64;

/** Something that the person at the terminal can change; told without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const isNumber = (option: OptionTable[string]): option is NumberOption => 'default' in option;
const isText = (option: OptionTable[string]): option is TextOption => 'value' in option;

export function helpText({ name, about, options }: BenchCommand<OptionTable>): string {
  const rows = Object.entries(options).map(([key, option]): [string, string] =>
    isNumber(option)
      ? [`--${key} N`, `${option.help} (${option.default}; ${option.min} to ${option.max})`]
      : [isText(option) ? `--${key} ${option.value}` : `--${key}`, option.help],
  );
  rows.push(['--help', 'this text']);
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  return `usage: node dist/bench/${name}/main.js [options]\n\n${about}\n\n${lines.join('\n')}\n`;
}

/**
 * The values of the options; null when help was asked for.
 * @throws UsageError in one line: an unknown option, a value that is missing, no number or out of range
 */
export function readOptions<T extends OptionTable>(
  args: readonly string[],
  table: T,
): OptionValues<T> | null {
  const types = Object.entries(table).map(
    ([key, option]) => [key, { type: isNumber(option) || isText(option) ? 'string' : 'boolean' }] as const,
  );
  let given: Readonly<Record<string, unknown>>;
  try {
    given = parseArgs({
      args: [...args],
      options: Object.fromEntries([...types, ['help', { type: 'boolean' }]]),
    }).values;
  } catch (error) {
    // The first line names the option; what follows explains how to pass operands that begin with a dash.
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new UsageError(line.replace(/\. To specify a positional.*$/, ''));
  }
  if (given['help'] === true) return null;
  const values = Object.entries(table).map(([key, option]) => [key, valueOf(key, option, given[key])]);
  return Object.fromEntries(values) as OptionValues<T>;
}

function valueOf(key: string, option: OptionTable[string], given: unknown): number | string | boolean | null {
  if (isNumber(option)) return numberOf(key, option, given);
  if (isText(option)) return typeof given === 'string' && given !== '' ? given : null;
  return given === true;
}

function numberOf(
  key: string,
  { default: fallback, min, max, fractions }: NumberOption,
  given: unknown,
): number {
  if (typeof given !== 'string') return fallback;
  const value = Number(given);
  const isWritten = fractions ? /^\d+(\.\d+)?$/.test(given) : /^\d+$/.test(given);
  if (isWritten && value >= min && value <= max) return value;
  const kind = fractions ? 'a number' : 'a whole number';
  throw new UsageError(`--${key} must be ${kind} from ${min} to ${max}, not ${JSON.stringify(given)}`);
}

/** Reads this process' command line. Prints help and exits with 0, or says what is wrong with it and exits with 64. */
export function commandLine<T extends OptionTable>(command: BenchCommand<T>): OptionValues<T> {
  try {
    const values = readOptions(process.argv.slice(2), command.options);
    if (values !== null) return values;
    process.stdout.write(helpText(command));
    process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${command.name}: ${error.message}; see --help\n`);
    process.exit(EX_USAGE);
  }
}
