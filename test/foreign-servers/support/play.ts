import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import bundled from '@ffmpeg-installer/ffmpeg';
import type { Credentials } from '../../../src/rtsp/messages/authentication.js';
import type { DialogueStep } from '../../../src/rtsp/dialogue-step.js';
import { openSession, type SessionEnd } from '../../../src/rtsp/session.js';
import type { AccessUnit } from '../../../src/video/access-unit.js';
import { numbersOf } from './decode.js';
import { CLIP_SIZE, CLIPS, FPS, type ClipName } from './numbered-clips.js';

export interface Source {
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  readonly transport: 'tcp' | 'udp';
  readonly credentials?: Credentials | null;
}

export interface Played {
  readonly units: readonly AccessUnit[];
  readonly steps: readonly DialogueStep[];
  readonly end: SessionEnd;
  readonly lost: number;
}

const OPEN_TIMEOUT_MS = 15_000;

/** Plays for so long from the first picture on, then stops. */
export async function play(source: Source, ms: number): Promise<Played> {
  const units: AccessUnit[] = [];
  const steps: DialogueStep[] = [];
  let onFirst: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (onFirst = resolve));
  const session = openSession(
    {
      url: { scheme: 'rtsp', host: '127.0.0.1', port: source.port, pathAndQuery: source.path },
      credentials: source.credentials ?? null,
      address: '127.0.0.1',
      transport: source.transport,
      openTimeoutMs: OPEN_TIMEOUT_MS,
      stallTimeoutMs: 3000,
    },
    {
      unit: (unit) => {
        units.push(unit);
        onFirst();
      },
      step: (step) => steps.push(step),
    },
  );
  await Promise.race([first, session.ended]);
  await Promise.race([sleep(ms), session.ended]);
  session.stop();
  const end = await session.ended;
  return { units, steps, end, lost: session.statistics?.lost ?? 0 };
}

/** Plays a clip for four seconds: every picture comes, whole and in order, with both FFmpegs. */
export async function assertPlays(source: Source, clip: ClipName): Promise<Played> {
  const played = await play(source, 4000);
  const { units, steps, end, lost } = played;
  const account = JSON.stringify({ end, lost, units: units.length, steps });
  assert.deepEqual(end, { code: 'stopped' }, account);
  assert.equal(lost, 0, account);
  assert.ok(units.length > 3.5 * FPS && units.length < 5.5 * FPS, account);
  assert.equal(units[0]?.codec, CLIPS[clip].codec);
  assert.equal(units[0].randomAccess, 'key');
  assert.deepEqual([units[0].format.width, units[0].format.height], [CLIP_SIZE.width, CLIP_SIZE.height]);
  for (const ffmpeg of [bundled.path, 'ffmpeg']) {
    const numbers = await numbersOf(ffmpeg, units, CLIP_SIZE);
    assert.equal(numbers.length, units.length, `${numbers.join(' ')} from ${account}`);
    const begin = numbers[0] ?? NaN;
    // With B-frames the stop may cut off pictures that are shown before the last one.
    const whole = numbers.slice(0, -3);
    assert.deepEqual(
      whole,
      Array.from(whole, (_, i) => begin + i),
    );
  }
  return played;
}

/** Whether the server has confirmed that the session is over. */
export const isTornDown = ({ steps }: Played): boolean =>
  steps.some((step) => step.kind === 'answer' && step.method === 'TEARDOWN' && step.status === 200);
