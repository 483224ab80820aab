import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameNumberOfJpeg } from '../../bench/lib/frame-number.js';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import type { DecodePlan, FrameMessage } from '../../src/shared/worker-protocol.js';
import { StreamDecoding } from '../../workers/stream-decoding.js';
import { packetise, receive, setsOf, track } from '../rtp/streams.js';
import { NO_COUNTS } from '../support/fake-opener.js';
import { FFMPEGS } from '../support/ffmpegs.js';
import { lumaOf, numberedUnits, UNIT_SIZE, worstBlock } from '../support/numbered-units.js';

/** Open groups of H.264 with B-pictures and several references: what is left out must not tear what follows. */

const timeout = 60_000;
/** Of 255. */
const TORN = 20;

const params = 'keyint=24:min-keyint=24:open-gop=1:bframes=3:b-adapt=0:b-pyramid=none:ref=4:rc-lookahead=5';
const source = numberedUnits({ codec: 'h264', pictures: 192, fps: 25, params });
const luma = lumaOf('h264', source);
const order = (index: number): number => (index === 0 ? 0 : index % 4 === 1 ? index + 3 : index - 1);
const { units } = receive(
  { track: track('h264', { parameterSets: setsOf('h264', source) }) },
  packetise(source, { codec: 'h264', mtu: 1400 }, order),
);

const PLAN: DecodePlan = {
  outputs: [{ ...UNIT_SIZE, demands: [{ key: '320x180q80', quality: 80, fps: null }] }],
  pictures: 'all',
  video: false,
};

interface Run {
  readonly ffmpeg: string;
  readonly plan: DecodePlan;
  readonly unitMs: number;
  /** Called with the index of each unit, and the processes that decode. */
  readonly sent?: (index: number, pids: ReadonlySet<number>) => void;
}

/** Decodes all units. @returns how many pictures were shown, and which of them were torn */
async function decode(
  t: TestContext,
  { ffmpeg, plan, unitMs, sent }: Run,
): Promise<{ readonly shown: number; readonly torn: readonly string[] }> {
  const frames: FrameMessage[] = [];
  const pids = new Set<number>();
  const options = { pixels: 'yuv420p', aspect: null, skipLoopFilter: false } as const;
  const it = new StreamDecoding(
    plan,
    { ...options, ffmpeg: await findFfmpeg(ffmpeg) },
    { ...NO_COUNTS },
    {
      picture: () => undefined,
      hasRoom: () => true,
      send: (frame) => frames.push(frame),
      spawned: (pid) => pids.add(pid),
      reaped: (pid) => pids.delete(pid),
      failed: (fault) => assert.fail(fault.detail),
    },
  );
  t.after(() => it.close());
  for (const [index, unit] of units.entries()) {
    it.unit(unit);
    sent?.(index, pids);
    await sleep(unitMs);
  }
  await sleep(300);
  const torn = frames.flatMap(({ jpeg }) => {
    const number = frameNumberOfJpeg(Buffer.from(jpeg));
    const right = number === null ? undefined : luma[number];
    return right && worstBlock(new Uint8Array(jpeg), right) < TORN ? [] : [String(number)];
  });
  return { shown: frames.length, torn };
}

for (const { name, path } of FFMPEGS) {
  test(
    `nothing torn is shown of open groups when a part of each is left out, with ${name}`,
    { timeout },
    async (t) => {
      const plan = { ...PLAN, groupShare: 0.5 };
      const { shown, torn } = await decode(t, { ffmpeg: path, plan, unitMs: 15 });
      assert.deepEqual(torn, []);
      assert.ok(shown >= 24, `${shown} shown`);
    },
  );

  test(
    `nothing torn is shown of open groups when the decoder stands still and units are let go, with ${name}`,
    { timeout },
    async (t) => {
      // From the middle of each other group on, for some more than a unit may wait: what waits is let go up to the group after it.
      const isAt = (index: number, at: number): boolean => index % 48 === at;
      const { shown, torn } = await decode(t, {
        ffmpeg: path,
        plan: PLAN,
        unitMs: 30,
        sent: (index, pids) => {
          if (isAt(index, 28)) for (const pid of pids) process.kill(pid, 'SIGSTOP');
          if (isAt(index, 6)) for (const pid of pids) process.kill(pid, 'SIGCONT');
        },
      });
      assert.deepEqual(torn, []);
      assert.ok(shown >= 60, `${shown} shown`);
    },
  );
}
