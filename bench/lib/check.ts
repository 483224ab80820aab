/** One target of a bench and what was measured, as the results page shows it. */
export interface Check {
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  readonly met: boolean;
}

/** A value that could not be measured (null, undefined, NaN) meets no target. */
type Measured = number | null | undefined;

export const atLeast = (what: string, value: Measured, limit: number, unit = ''): Check =>
  check(what, '>=', value, limit, unit, (known) => known >= limit);

export const atMost = (what: string, value: Measured, limit: number, unit = ''): Check =>
  check(what, '<=', value, limit, unit, (known) => known <= limit);

export const below = (what: string, value: Measured, limit: Measured, unit = ''): Check =>
  check(what, '<', value, limit, unit, (known) => known < (limit ?? Number.NaN));

function check(
  what: string,
  relation: string,
  value: Measured,
  limit: Measured,
  unit: string,
  isMet: (known: number) => boolean,
): Check {
  return {
    what,
    target: `${relation} ${figure(limit, unit)}`,
    measured: figure(value, unit),
    met: typeof value === 'number' && isMet(value),
  };
}

/** Two decimals, so that a near miss does not read as met. */
function figure(value: Measured, unit: string): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'not measured';
  const text = Number(value.toFixed(2)).toLocaleString('en-US', { maximumFractionDigits: 2 });
  return unit === '' ? text : `${text} ${unit}`;
}
