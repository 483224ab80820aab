import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import type { AccessUnit } from '../../src/video/access-unit.js';
import { yuv420Bytes } from '../../src/shared/rendition.js';
import type { DecodeJob } from '../../workers/ffmpeg/decode-args.js';
import { VideoDecoder } from '../../workers/video-decoder.js';
import { encodeUnits, type EncodeOptions } from '../support/access-units.js';
import { CHOSEN_FFMPEG, FFMPEGS } from '../support/ffmpegs.js';

const timeout = 60_000;
const SOURCE = 'testsrc2=s=320x180:r=25:d=2';
const SIZES = [
  { width: 160, height: 90 },
  { width: 64, height: 48 },
];

interface Seen {
  readonly output: number;
  readonly ticks: number;
  readonly at: number;
}

async function start(
  t: TestContext,
  ffmpeg: string,
  units: readonly AccessUnit[],
  more: Partial<DecodeJob> = {},
) {
  const [first] = units;
  assert.ok(first);
  const job: DecodeJob = {
    format: first.format,
    aspect: null,
    pixels: 'yuv420p',
    sizes: SIZES,
    skipLoopFilter: false,
    ...more,
  };
  const buffers = job.sizes.map(({ width, height }) => {
    const bytes = yuv420Bytes(width, height);
    return [new Uint8Array(bytes), new Uint8Array(bytes)] as const;
  });
  const seen: Seen[] = [];
  const passed: number[] = [];
  const decoder = new VideoDecoder(job, await findFfmpeg(ffmpeg), buffers, {
    frame: (output, _, ticks) => seen.push({ output, ticks, at: performance.now() }),
    passed: (output) => passed.push(output),
  });
  t.after(() => {
    decoder.stop();
    return decoder.ended;
  });
  const ticksOf = (output: number): number[] =>
    seen.filter((s) => s.output === output).map(({ ticks }) => ticks);
  const until = async (count: number): Promise<void> => {
    for (let i = 0; i < 1000 && seen.length < count * job.sizes.length; i++) await sleep(10);
  };
  return { decoder, seen, passed, ticksOf, until };
}

const CODECS: readonly (EncodeOptions & { readonly name: string })[] = [
  { name: 'H.264', codec: 'h264', source: SOURCE, args: ['-bf', '0', '-g', '10'] },
  { name: 'H.264 with B-frames', codec: 'h264', source: SOURCE, args: ['-bf', '3', '-g', '25'] },
  { name: 'H.265', codec: 'h265', source: SOURCE },
  { name: 'JPEG', codec: 'jpeg', source: SOURCE },
  { name: 'MPEG-4', codec: 'mpeg4', source: SOURCE, args: ['-bf', '0', '-g', '10'] },
];

for (const ffmpeg of FFMPEGS)
  for (const codec of CODECS)
    test(
      `every picture of ${codec.name} comes with the time of its unit, with ${ffmpeg.name}`,
      { timeout },
      async (t) => {
        const units = encodeUnits(t, codec);
        const it = await start(t, ffmpeg.path, units);
        for (const unit of units) it.decoder.decode({ unit, ticks: 1000 + unit.mediaTimeMs });
        // B-frames: the last ones wait for others that do not come.
        const most = codec.args?.includes('3') ? units.length - 4 : units.length;
        await it.until(most);
        const wanted = units.map(({ mediaTimeMs }) => 1000 + mediaTimeMs).sort((a, b) => a - b);
        for (const output of [0, 1]) {
          const ticks = it.ticksOf(output);
          assert.ok(ticks.length >= most, `${ticks.length} of ${units.length} pictures; ${it.decoder.log}`);
          assert.deepEqual(ticks, wanted.slice(0, ticks.length));
        }
      },
    );

for (const ffmpeg of FFMPEGS)
  test(`a picture is there before the next one is given, with ${ffmpeg.name}`, { timeout }, async (t) => {
    const units = encodeUnits(t, { codec: 'h264', source: SOURCE, args: ['-bf', '0', '-g', '10'] }).slice(
      0,
      25,
    );
    const it = await start(t, ffmpeg.path, units);
    const delays: number[] = [];
    for (const [i, unit] of units.entries()) {
      const given = performance.now();
      it.decoder.decode({ unit, ticks: unit.mediaTimeMs });
      await it.until(i + 1);
      assert.equal(it.ticksOf(1).at(-1), unit.mediaTimeMs);
      delays.push(performance.now() - given);
    }
    delays.sort((a, b) => a - b);
    assert.ok((delays[12] ?? Infinity) < 35, `in the middle ${delays[12]} ms`);
  });

test(
  'of each output it is told that a picture is not to be shown, when it is whole',
  { timeout },
  async (t) => {
    const all = encodeUnits(t, { codec: 'h264', source: SOURCE, args: ['-bf', '0', '-g', '10'] }).slice(
      0,
      12,
    );
    const units = all.map((unit, i) => ({ ...unit, damaged: i === 3 || i === 4 }));
    const it = await start(t, CHOSEN_FFMPEG.path, units);
    for (const unit of units) it.decoder.decode({ unit, ticks: unit.mediaTimeMs });
    await it.until(10);
    const shown = units.filter(({ damaged }) => !damaged).map(({ mediaTimeMs }) => mediaTimeMs);
    for (const output of [0, 1]) {
      assert.deepEqual(it.ticksOf(output), shown);
      assert.ok(it.passed.filter((each) => each === output).length >= 2);
    }
  },
);
