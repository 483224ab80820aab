/**
 * Most changes of one camera's value within so many looks. Pure.
 * @param looks values by camera, one map a look
 */
export function mostSwings(looks: readonly ReadonlyMap<string, number>[], within: number): number {
  let most = 0;
  for (const camera of new Set(looks.flatMap((look) => [...look.keys()]))) {
    const changes = looks.map(
      (look, at) => at > 0 && (look.get(camera) ?? 0) !== (looks[at - 1]?.get(camera) ?? 0),
    );
    for (let from = 0; from < changes.length; from++)
      most = Math.max(most, changes.slice(from, from + within).filter(Boolean).length);
  }
  return most;
}
