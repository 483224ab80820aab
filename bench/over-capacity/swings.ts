/**
 * Most turns of one camera's value within so many looks: it rises after it fell, or falls after it rose. Steps in one direction, as when a
 * server finds out what it carries, are no swing. Pure.
 * @param looks values by camera, one map a look
 */
export function mostSwings(looks: readonly ReadonlyMap<string, number>[], within: number): number {
  let most = 0;
  for (const camera of new Set(looks.flatMap((look) => [...look.keys()]))) {
    const turns = turnsOf(looks.map((look) => look.get(camera) ?? 0));
    for (let from = 0; from < turns.length; from++)
      most = Math.max(most, turns.slice(from, from + within).filter(Boolean).length);
  }
  return most;
}

/** Whether the value turned at each look. */
function turnsOf(values: readonly number[]): boolean[] {
  let direction = 0;
  return values.map((value, at) => {
    const step = at === 0 ? 0 : Math.sign(value - (values[at - 1] ?? value));
    const isTurn = step !== 0 && step === -direction;
    if (step !== 0) direction = step;
    return isTurn;
  });
}
