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

/** Files of environment variables take what stands behind a value for a part of it, comments included. */
const COMMENT_BEHIND = 'holds a comment or white space: put a comment on a line of its own';

/** A comment in a secret would be one that everybody can read. */
export const secretText = text.refine((given) => !/(^|\s)#/.test(given), COMMENT_BEHIND);

export const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, `must be one of: ${values.join(', ')}`);

export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`);

/** Items between commas, without those that are empty. */
export const list = z.string().transform((given) =>
  given
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

/** A list that is only commas would quietly turn authentication off. A comment in it would be a token that everybody can read. */
export const tokens = z
  .string()
  .refine((given) => given === '' || /[^,\s]/.test(given), 'has no token in it')
  .pipe(list)
  .refine((given) => !given.some((token) => /\s/.test(token) || token.startsWith('#')), COMMENT_BEHIND);
