/**
 * Loaded into the service with `--import`, it leaves out the beat by which viewers are looked at and pinged: what the service
 * costs with and without it is what the beat costs. The beat is the only timer of this period.
 */
const BEAT_SLICE_MS = 20;
const real = globalThis.setInterval;

const without = (handler: () => void, ms?: number): NodeJS.Timeout =>
  real(ms === BEAT_SLICE_MS ? () => undefined : handler, ms);
globalThis.setInterval = Object.assign(without, real);
