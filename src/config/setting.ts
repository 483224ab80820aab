import { z } from 'zod';

/** One setting: an environment variable, or the flag of its name. */
export interface Setting<S extends z.ZodType = z.ZodType> {
  readonly fallback: string;
  readonly check: S;
  /** The line that `--help` and the README show. */
  readonly doc: string;
  /** Its value never appears in a message. */
  readonly secret?: boolean;
}

export const setting = <S extends z.ZodType>(
  fallback: string,
  check: S,
  doc: string,
  secret = false,
): Setting<S> => ({ fallback, check, doc, secret });

export const text = z.string();

export const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, `must be one of: ${values.join(', ')}`);
