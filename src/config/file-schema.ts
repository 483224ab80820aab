import { z } from 'zod';
import { ConfigError, RefusedError } from '../shared/errors.js';
import type { Bounds } from '../shared/rendition.js';

/** Parts of CONFIG_FILE's schema, with messages that say what is expected and never quote the value. */

const MISSING = 'is missing';

/** The message for a value that is absent or of another type. */
export const expected = (what: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? `${MISSING}: ${what}` : `must be ${what}`;

export const text = (what: string) => z.string({ error: expected(what) });

/** What people read of a camera or view. */
export const title = text('text').min(1, 'must not be empty').max(200, 'is longer than 200 characters');

export const wholeNumber = ({ min, max }: Bounds, even: boolean) => {
  const error = `must be ${even ? 'an even' : 'a whole'} number from ${min} to ${max}`;
  const fits = (n: number): boolean => Number.isInteger(n) && n >= min && n <= max && (!even || n % 2 === 0);
  return z.number({ error }).refine(fits, error);
};

/** A parser of this service as a step of a schema. */
export const parsedBy =
  <T>(parse: (text: string) => T) =>
  (value: string, context: z.RefinementCtx<string>): T => {
    try {
      return parse(value);
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems : null;
      if (!problems && !(error instanceof RefusedError)) throw error;
      for (const message of problems ?? [(error as RefusedError).message])
        context.addIssue({ code: 'custom', message: message.replace(/^(rtsp:|name) /, '') });
      return z.NEVER;
    }
  };
