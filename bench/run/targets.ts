import { z } from 'zod';
import type { Check } from '../lib/check.js';

const results = z.object({
  checks: z
    .array(z.object({ what: z.string(), target: z.string(), measured: z.string(), met: z.boolean() }))
    .default([]),
  /** The pipeline's: `"ours / floor (target <= 1.20)": 1.18`. */
  ratios: z.record(z.string(), z.number().nullable()).default({}),
});

/** A ratio's name with its target in it. */
const WITH_TARGET = /^(.*) \(target (<=|>=) ([\d.]+)\)$/;

/** The targets in a report's results; none when it has no targets. */
export function checksOf(name: string, given: unknown): Check[] {
  const parsed = results.safeParse(given);
  if (!parsed.success) return [];
  const ratios = Object.entries(parsed.data.ratios).flatMap(([key, value]): Check[] => {
    const [, what = '', relation = '', limit = ''] = WITH_TARGET.exec(key) ?? [];
    if (what === '') return [];
    const met = value !== null && (relation === '<=' ? value <= Number(limit) : value >= Number(limit));
    return [
      {
        what: `${name}: ${what}`,
        target: `${relation} ${limit}`,
        measured: value?.toFixed(2) ?? 'not measured',
        met,
      },
    ];
  });
  return [...ratios, ...parsed.data.checks];
}
