import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../lib/proc.js';
import type { VirtualCameras } from '../virtual-camera/index.js';

/** Everything a camera can do wrong; `null` in a row of it would be a healthy camera. */
const FAULTS = [
  'refuse',
  'silent',
  'stall:0',
  'stall:20',
  'reset:3',
  'status:404',
  'status:453',
  'status:503',
  'bad-auth',
  'resize:320x240',
  'garbage',
  'loss:10',
  'trickle',
  'freeze',
  'gone:3000',
] as const;

const PAUSE_MS = [2000, 6000] as const;
const LASTS_MS = [2000, 12_000] as const;

export const between = ([low, high]: readonly [number, number]): number => low + Math.random() * (high - low);
export const pick = <T>(from: readonly T[]): T => {
  const item = from[Math.floor(Math.random() * from.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
};

/**
 * Makes random cameras misbehave, one after the other, and now and then kills an FFmpeg of the service.
 * @returns how often each fault was set
 */
export async function injectFaults(
  cameras: VirtualCameras,
  servicePid: number,
  stop: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const count = (fault: string): void => void counts.set(fault, (counts.get(fault) ?? 0) + 1);
  const names = (await cameras.list()).map(({ name }) => name);
  const running = new Set<Promise<void>>();
  const pause = (): Promise<boolean> => sleep(between(PAUSE_MS), true, { signal: stop }).catch(() => false);
  while (await pause()) {
    if (Math.random() < 0.1) {
      const ffmpegs = childrenOf(servicePid);
      if (ffmpegs.length > 0) process.kill(pick(ffmpegs).pid, 'SIGKILL');
      count('FFmpeg killed');
      continue;
    }
    const fault = pick(FAULTS);
    count(fault);
    const one = hurt(cameras, pick(names), fault, stop).finally(() => running.delete(one));
    running.add(one);
  }
  await Promise.all(running);
  await cameras.fault('*', null);
  return counts;
}

async function hurt(cameras: VirtualCameras, name: string, fault: string, stop: AbortSignal): Promise<void> {
  await cameras.fault(name, fault);
  await sleep(between(LASTS_MS), undefined, { signal: stop }).catch(() => undefined);
  await cameras.fault(name, null);
}
