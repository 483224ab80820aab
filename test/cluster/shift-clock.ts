/**
 * Loaded into a node before anything of the service (`NODE_OPTIONS=--import=...`): its wall clock is off by SHIFT_CLOCK_MS, as on a
 * machine without NTP. Its monotonic clock is not.
 */
const shift = Number(process.env['SHIFT_CLOCK_MS'] ?? 0);
const Real = Date;

Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + shift });
globalThis.Date = new Proxy(Real, {
  construct: (target, given: number[]) =>
    given.length === 0 ? new target(Real.now() + shift) : (Reflect.construct(target, given) as Date),
  get: (target, key): unknown => (key === 'now' ? () => Real.now() + shift : Reflect.get(target, key)),
});
