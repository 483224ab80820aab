import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  groupShare: 0.5,
};

for (const ffmpeg of FFMPEGS)
  test(
    `nothing torn is shown of open groups when a part of each is left out, with ${ffmpeg.name}`,
    { timeout },
    async (t) => {
      const frames: FrameMessage[] = [];
      const options = { pixels: 'yuv420p', aspect: null, skipLoopFilter: false } as const;
      const it = new StreamDecoding(
        PLAN,
        { ...options, ffmpeg: await findFfmpeg(ffmpeg.path) },
        { ...NO_COUNTS },
        {
          picture: () => undefined,
          hasRoom: () => true,
          send: (frame) => frames.push(frame),
          spawned: () => undefined,
          reaped: () => undefined,
          failed: (fault) => assert.fail(fault.detail),
        },
      );
      t.after(() => it.close());
      for (const unit of units) {
        it.unit(unit);
        await sleep(15);
      }
      await sleep(300);
      const torn = frames.flatMap(({ jpeg }) => {
        const number = frameNumberOfJpeg(Buffer.from(jpeg));
        const right = number === null ? undefined : luma[number];
        return right && worstBlock(new Uint8Array(jpeg), right) < TORN ? [] : [String(number)];
      });
      assert.deepEqual(torn, []);
      assert.ok(frames.length >= 24, `${frames.length} shown`);
    },
  );
