import { setTimeout as sleep } from 'node:timers/promises';
import { connectViewer, READ_BUFFER_BYTES, type Viewer } from '../lib/ws-viewer.js';
import { between, pick } from './random-faults.js';
import { UnitCheck } from './unit-check.js';

const LIFE_MS = [5000, 60_000] as const;
/** Between a viewer's end and the next one in its place. */
const PAUSE_MS = [200, 2000] as const;
const SLOW_BYTES_PER_SECOND = 60_000;

/** How a viewer behaves: most read, some are slow, some stop reading, some answer nothing. */
const HABITS = ['reads', 'reads', 'reads', 'reads', 'reads', 'slow', 'stops', 'mute'] as const;

export interface CrowdCount {
  frames: number;
  torn: number;
  /** Access units of viewers of video, and what a decoder said of them. */
  units: number;
  readonly complaints: string[];
  connections: number;
  /** By close code; 1000 is our own goodbye. */
  readonly closes: Map<number, number>;
}

export const noCrowdYet = (): CrowdCount => ({
  ...{ frames: 0, torn: 0, units: 0, connections: 0 },
  complaints: [],
  closes: new Map(),
});

export interface Target {
  readonly port: number;
  readonly path: string;
  /** The path asks for video as it comes, in H.264: the FFmpeg that checks it. */
  readonly decoder?: string;
}

/**
 * Keeps `places` viewers connected to random streams, each for a random while.
 * @param target where the next viewer goes
 */
export async function runCrowd(
  target: () => Target,
  places: number,
  count: CrowdCount,
  stop: AbortSignal,
): Promise<void> {
  const buffer = Buffer.alloc(READ_BUFFER_BYTES);
  const wait = (ms: number): Promise<void> => sleep(ms, undefined, { signal: stop }).catch(() => undefined);
  const place = async (): Promise<void> => {
    while (!stop.aborted) {
      const habit = pick(HABITS);
      const slow = habit === 'slow' ? { readRate: SLOW_BYTES_PER_SECOND } : {};
      const { decoder, ...address } = target();
      const units = decoder === undefined ? null : new UnitCheck();
      const reads = units
        ? ({ mode: 'keep', onFrame: units.note.bind(units) } as const)
        : ({ mode: 'count' } as const);
      const options = { host: '127.0.0.1', ...address, ...reads, ...slow };
      const viewer = connectViewer(habit === 'slow' ? options : { ...options, buffer });
      count.connections++;
      await live(viewer, habit, wait);
      if (units && decoder !== undefined) {
        count.units += viewer.stats.frames;
        count.complaints.push(...(await units.complaints(decoder)));
      } else {
        count.frames += viewer.stats.frames;
        count.torn += viewer.stats.torn;
      }
      const code = viewer.stats.closed?.code ?? 0;
      count.closes.set(code, (count.closes.get(code) ?? 0) + 1);
      await wait(between(PAUSE_MS));
    }
  };
  await Promise.all(Array.from({ length: places }, place));
}

async function live(
  viewer: Viewer,
  habit: (typeof HABITS)[number],
  wait: (ms: number) => Promise<void>,
): Promise<void> {
  const life = between(LIFE_MS);
  if (habit === 'stops' || habit === 'mute') {
    await Promise.race([wait(life / 2), viewer.ended]);
    if (habit === 'stops') viewer.pause();
    else viewer.mute();
  }
  await Promise.race([wait(life / 2), viewer.ended]);
  // Not all say goodbye.
  if (habit === 'stops' || Math.random() < 0.3) viewer.destroy();
  else viewer.close();
  await viewer.ended;
}
