import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameNumberOfJpeg } from '../../bench/lib/frame-number.js';
import { setsOf } from '../rtp/streams.js';
import { FFMPEGS } from '../support/ffmpegs.js';
import { lumaOf, numberedUnits, UNIT_SIZE, worstBlock } from '../support/numbered-units.js';
import { MachinePace } from '../support/machine-pace.js';
import { inBounds, onceInThreeTimes } from '../support/three-times.js';
import { service, watch, type Watcher } from '../support/rig.js';
import { UnitCamera } from '../support/unit-camera.js';
import { until } from '../support/until.js';

/** Cameras whose key frames are far apart, or never come. */

const timeout = 90_000;
/** `LONG_GOP_SECONDS=30` has key frames as far apart as cameras that save bandwidth. */
const GOP_SECONDS = Number(process.env['LONG_GOP_SECONDS'] ?? 8);
const FPS = 10;
/** Full rate, and one picture a second. */
const QUERIES: readonly Readonly<Record<string, string>>[] = [{}, { fps: '1' }];
const SIZE = { width: String(UNIT_SIZE.width), height: String(UNIT_SIZE.height) };
/** Of 255; what JPEG does to a block stays far below, a torn one is far above. */
const TORN = 30;

const numbers = ({ frames }: Watcher): (number | null)[] => frames.map(({ jpeg }) => frameNumberOfJpeg(jpeg));

/**
 * Asserts that none of the pictures that were shown is torn.
 * @param luma of all that were sent, by their numbers
 * @returns the numbers of those shown, and for each how far it is from what was sent
 */
function wholePictures(
  viewer: Watcher,
  luma: readonly Uint8Array[],
): { readonly shown: readonly (number | null)[]; readonly text: string } {
  const shown = numbers(viewer);
  const worst = viewer.frames.map(({ jpeg }, i) =>
    worstBlock(jpeg, luma[shown[i] ?? -1] ?? new Uint8Array()),
  );
  const text = shown.map((number, i) => `${number}:${worst[i]?.toFixed(0)}`).join(' ');
  assert.ok(
    worst.every((difference) => difference < TORN),
    text,
  );
  return { shown, text };
}

test(
  'a viewer who comes in the middle of a long group sees its next key frame, one who comes later the newest picture',
  { timeout: timeout + GOP_SECONDS * 2000 },
  async (t) => {
    const gop = GOP_SECONDS * FPS;
    const params = `keyint=${gop}:min-keyint=${gop}:bframes=0:rc-lookahead=0`;
    const units = numberedUnits({ codec: 'h264', pictures: 3 * gop, fps: FPS, params });
    const pace = new MachinePace(t);
    const server = await service(t, { OPEN_TIMEOUT_MS: '2500', STALL_TIMEOUT_MS: '5000' });
    await Promise.all(
      QUERIES.map(async (query, at) => {
        const camera = await UnitCamera.start(t, { codec: 'h264', parameterSets: setsOf('h264', units) });
        let newest = -1;
        camera.run(
          units.map(({ all }) => all),
          FPS,
          (index) => (newest = index),
        );
        await until('the group has begun', () => newest >= Math.min(5, GOP_SECONDS / 4) * FPS);
        const viewer = watch(t, server, `cam${at}`, camera.url, { query });
        await viewer.more(1, (GOP_SECONDS + 5) * 1000);
        assert.equal(numbers(viewer)[0], gop, 'its first picture is the key frame');
        const late = FPS + (FPS * pace.delay(100)) / 1000;
        assert.ok(newest - gop <= late, `shown ${newest - gop} pictures later`);
        await until('two seconds on', () => newest >= gop + 2 * FPS);
        for (const later of QUERIES)
          // A decoder that is behind shows an older picture; the key frame would be shown for six seconds more.
          await onceInThreeTimes(async () => {
            const other = watch(t, server, `cam${at}`, camera.url, { query: later });
            await other.more(1, 3000);
            const [first = null] = numbers(other);
            inBounds(newest - (first ?? -Infinity) <= FPS * 1.5, `${first} is shown when ${newest} is sent`);
            other.destroy();
          });
        await onceInThreeTimes(async () => {
          const before = viewer.frames.length;
          await sleep(3000);
          const rate = (viewer.frames.length - before) / 3;
          inBounds(query['fps'] === '1' ? rate > 0.6 && rate < 1.4 : rate > FPS * 0.8, `${rate} a second`);
        });
        assert.equal(camera.sessions, 1);
      }),
    );
  },
);

for (const ffmpeg of FFMPEGS)
  test(
    `a camera that refreshes its picture without key frames is shown whole, also after a loss, with ${ffmpeg.name}`,
    { timeout },
    async (t) => {
      const params = 'keyint=10:intra-refresh=1:bframes=0:rc-lookahead=0';
      const units = numberedUnits({ codec: 'h264', pictures: 160, fps: FPS, params });
      const luma = lumaOf('h264', units);
      assert.equal(luma.length, units.length);
      const pace = new MachinePace(t);
      const server = await service(t, { FFMPEG_PATH: ffmpeg.path, STALL_TIMEOUT_MS: '5000' });
      await Promise.all(
        QUERIES.map(async (query, at) => {
          const camera = await UnitCamera.start(t, { codec: 'h264', parameterSets: setsOf('h264', units) });
          let newest = -1;
          const lost = new Set([75, 76]);
          camera.run(
            units.map(({ all }) => all),
            FPS,
            (index) => (newest = index),
            lost,
          );
          await until('its only key frame has gone by', () => newest > 3);
          const viewer = watch(t, server, `cam${at}`, camera.url, { query: { ...query, ...SIZE } });
          await until('most is over', () => newest >= 130, 20_000);
          const { shown, text } = wholePictures(viewer, luma);
          // A refresh takes ten pictures; a viewer who waits for something else is shown nothing at all.
          const first = 40 + (FPS * pace.delay(500)) / 1000;
          assert.ok((shown[0] ?? Infinity) <= first, `shown as soon as a refresh is through: ${text}`);
          assert.ok(shown.length >= (query['fps'] === '1' ? 6 : 60) / pace.slowness(), text);
          assert.ok((shown.at(-1) ?? 0) > 100, `it goes on after the loss: ${text}`);
          assert.equal(camera.sessions, 1);
        }),
      );
    },
  );

/** The place on the display of the picture with an index in the stream: `count` B-pictures come behind the picture that they are shown before. */
const withBPictures =
  (count: number) =>
  (index: number): number =>
    index === 0 ? 0 : index % (count + 1) === 1 ? index + count : index - 1;

const B_STREAMS = [
  {
    // Each loss costs the rest of its group and the pictures that lead the next one.
    params: 'keyint=24:min-keyint=24:open-gop=1:bframes=3:b-adapt=0:b-pyramid=none:ref=4:rc-lookahead=5',
    lost: [30, 54, 77, 105, 150, 175, 200],
    order: withBPictures(3),
  },
  {
    // x264 tells a refresh that is through after 60 of these pictures, and the loss in it takes the next one.
    params: 'keyint=24:intra-refresh=1:bframes=2:b-adapt=0:b-pyramid=none:rc-lookahead=5',
    lost: [52, 58],
    order: withBPictures(2),
  },
];

for (const ffmpeg of FFMPEGS)
  test(
    `after a loss nothing torn is shown of open groups and intra refreshes with B-pictures, with ${ffmpeg.name}`,
    { timeout },
    async (t) => {
      const fps = 25;
      // Less than the refresh hides: its pictures count as life.
      const server = await service(t, { FFMPEG_PATH: ffmpeg.path, STALL_TIMEOUT_MS: '2500' });
      const cases = B_STREAMS.map((stream) => {
        const units = numberedUnits({ codec: 'h264', pictures: 240, fps, params: stream.params });
        return { ...stream, units, luma: lumaOf('h264', units) };
      });
      await Promise.all(
        cases.map(async ({ units, luma, lost, order }, at) => {
          const camera = await UnitCamera.start(t, { codec: 'h264', parameterSets: setsOf('h264', units) });
          const viewer = watch(t, server, `cam${at}`, camera.url, { query: SIZE });
          await until('it plays', () => camera.clients === 1, 10_000);
          let newest = -1;
          camera.run(
            units.map(({ all }) => all),
            fps,
            (index) => (newest = index),
            new Set(lost),
            order,
          );
          await until('most is over', () => newest >= 230, 20_000);
          const { shown, text } = wholePictures(viewer, luma);
          assert.ok(shown.length >= 100, text);
          assert.ok((shown.at(-1) ?? 0) > 200, text);
          assert.equal(camera.sessions, 1);
        }),
      );
    },
  );
