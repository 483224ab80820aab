import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  DEGRADED_FPS,
  decodePlan,
  degradationOf,
  EXTRA_PIXELS_PER_SECOND,
  type PlanOptions,
  snapToLadder,
  type PictureWant,
} from '../../src/decoding/decode-plan.js';
import { renditionKey } from '../../src/shared/rendition.js';

const timeout = 30_000;
const OPTIONS: PlanOptions = {
  standby: { width: 640, height: 360, quality: 50 },
  maxFps: null,
  share: 1,
  keyFrames: 'frequent',
};

const size = fc.constantFrom(
  { width: 320, height: 180 },
  { width: 640, height: 360 },
  { width: 1280, height: 720 },
);
const want: fc.Arbitrary<PictureWant> = fc
  .tuple(size, fc.constantFrom(30, 50, 80), fc.option(fc.integer({ min: 1, max: 60 })))
  .map(([{ width, height }, quality, fps]) => ({ rendition: { width, height, quality }, fps }));
const options: fc.Arbitrary<PlanOptions> = fc.record({
  standby: fc.constant(OPTIONS.standby),
  maxFps: fc.option(fc.integer({ min: 1, max: 60 })),
  share: fc.constantFrom(1, 0.9, 0.5, 0.05),
  keyFrames: fc.constantFrom('frequent', 'rare', 'missing'),
});

test(
  'every want is served by exactly one demand of its size, at its rate or the service’s limit',
  { timeout },
  () => {
    fc.assert(
      fc.property(fc.array(want, { minLength: 1, maxLength: 20 }), options, (wants, given) => {
        const plan = decodePlan(wants, given);
        const rate = given.keyFrames === 'frequent' ? null : DEGRADED_FPS[degradationOf(given.share)];
        const limit = Math.min(given.maxFps ?? Infinity, rate ?? Infinity);
        for (const { rendition, fps } of wants) {
          const serving = plan.outputs.filter(
            (o) => o.width === rendition.width && o.height === rendition.height,
          );
          assert.equal(serving.length, 1);
          const demands = serving[0]?.demands.filter((d) => d.key === renditionKey(rendition)) ?? [];
          assert.equal(demands.length, 1);
          assert.equal(demands[0]?.quality, rendition.quality);
          if (renditionKey(rendition) === renditionKey(given.standby))
            assert.ok((demands[0].fps ?? Infinity) >= Math.min(fps ?? Infinity, limit));
          assert.ok((demands[0].fps ?? Infinity) <= limit);
        }
        const demanded = plan.outputs.flatMap(({ demands }) => demands.map(({ key }) => key));
        const wanted = new Set(wants.map(({ rendition }) => renditionKey(rendition)));
        assert.deepEqual(new Set(demanded), wanted, 'nothing is encoded that nobody wants');
        assert.equal(demanded.length, wanted.size);
      }),
    );
  },
);

test('the order of the wants does not change what FFmpeg has to do', { timeout }, () => {
  fc.assert(
    fc.property(fc.array(want, { maxLength: 10 }), options, (wants, given) => {
      const sizes = (list: PictureWant[]) => {
        const plan = decodePlan(list, given);
        return [plan.pictures, ...plan.outputs.map(({ width, height }) => `${width}x${height}`)];
      };
      assert.deepEqual(sizes([...wants].reverse()), sizes(wants));
    }),
  );
});

test('for video alone a picture is decoded now and then, unless key frames never come', { timeout }, () => {
  const alone = decodePlan(['video'], OPTIONS);
  assert.equal(alone.pictures, 'sampled');
  assert.equal(alone.video, true);
  assert.equal(alone.outputs[0]?.demands[0]?.key, '640x360q50');
  assert.equal(decodePlan(['video'], { ...OPTIONS, keyFrames: 'rare', share: 0.05 }).pictures, 'sampled');
  assert.equal(decodePlan(['video'], { ...OPTIONS, keyFrames: 'missing' }).pictures, 'all');
  const viewer = { rendition: OPTIONS.standby, fps: null };
  const both = decodePlan(['video', viewer], OPTIONS);
  assert.deepEqual([both.pictures, both.video], ['all', true]);
  assert.equal(decodePlan([viewer], OPTIONS).video, false);
});

test(
  'key frames alone are decoded when nobody wants more than one frame a second, or the machine cannot',
  { timeout },
  () => {
    const one = (fps: number | null): PictureWant => ({
      rendition: { width: 640, height: 360, quality: 50 },
      fps,
    });
    assert.equal(decodePlan([], OPTIONS).pictures, 'key_frames');
    assert.deepEqual(decodePlan([], OPTIONS).outputs, [{ width: 640, height: 360, demands: [] }]);
    assert.equal(decodePlan([one(1)], OPTIONS).pictures, 'key_frames');
    assert.equal(decodePlan([one(1), one(2)], OPTIONS).pictures, 'all');
    assert.equal(decodePlan([one(null)], OPTIONS).pictures, 'all');
    assert.equal(decodePlan([one(null)], { ...OPTIONS, maxFps: 1 }).pictures, 'key_frames');
    assert.equal(decodePlan([one(null)], { ...OPTIONS, share: 0.05 }).pictures, 'key_frames');
    assert.equal(decodePlan([one(1)], { ...OPTIONS, keyFrames: 'rare' }).pictures, 'all');
    assert.equal(decodePlan([], { ...OPTIONS, keyFrames: 'rare' }).pictures, 'all');
    for (const share of [0.9, 0.5]) {
      const plan = decodePlan([one(null)], { ...OPTIONS, share });
      assert.equal(plan.pictures, 'all');
      assert.equal(plan.groupShare, share);
      assert.equal(plan.outputs[0]?.demands[0]?.fps, null);
      const rare = decodePlan([one(null)], { ...OPTIONS, share, keyFrames: 'rare' });
      assert.equal(rare.groupShare, undefined, 'the end of a long group would be seconds');
      assert.equal(rare.outputs[0]?.demands[0]?.fps, DEGRADED_FPS[degradationOf(share)]);
    }
  },
);

test('a wanted size becomes the smallest of the ladder that holds it, else the largest', { timeout }, () => {
  const side = fc.integer({ min: 1, max: 2000 });
  const ladder = fc.array(fc.record({ width: side, height: side }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.record({ width: side, height: side }), ladder, (asked, steps) => {
      const got = snapToLadder(asked, steps);
      assert.ok(steps.some((step) => step.width === got.width && step.height === got.height));
      const area = (s: { width: number; height: number }): number => s.width * s.height;
      const fitting = steps.filter((step) => step.width >= asked.width && step.height >= asked.height);
      const best = fitting.length > 0 ? Math.min(...fitting.map(area)) : Math.max(...steps.map(area));
      assert.equal(area(got), best);
    }),
  );
});

test('the default rendition comes first, whoever asked first', { timeout }, () => {
  const at = (width: number, quality: number): PictureWant => ({
    rendition: { width, height: (width * 9) / 16, quality },
    fps: null,
  });
  const plan = decodePlan([at(320, 30), at(1280, 50), at(640, 80), at(640, 50), at(320, 50)], OPTIONS);
  assert.deepEqual(
    plan.outputs.flatMap(({ demands }) => demands.map(({ key }) => key)),
    ['640x360q50', '640x360q80', '320x180q50', '320x180q30', '1280x720q50'],
  );
});

test('what viewers ask for besides the default rendition costs it nothing', { timeout }, () => {
  const large = (quality: number): PictureWant => ({
    rendition: { width: 1920, height: 1080, quality },
    fps: null,
  });
  const own: PictureWant = { rendition: OPTIONS.standby, fps: null };
  const rates = (wants: PictureWant[], share = 1): (number | null)[] =>
    decodePlan(wants, { ...OPTIONS, share }).outputs.flatMap(({ demands }) => demands.map(({ fps }) => fps));
  assert.deepEqual(rates([own, large(80)]), [null, null], 'one large tile is not too much');
  const many = [own, ...Array.from({ length: 8 }, (_, i) => large(10 + i))];
  const [first, ...others] = rates(many);
  assert.equal(first, null);
  const pixels = others.reduce<number>((sum, fps) => sum + 1920 * 1080 * (fps ?? Infinity), 0);
  assert.ok(Math.abs(pixels - EXTRA_PIXELS_PER_SECOND) < 1, String(pixels));
  const degraded = rates(many, 0.9);
  assert.equal(degraded[0], null);
  assert.ok((degraded[1] ?? Infinity) < (others[0] ?? 0) / 3, 'on a busy machine still less');
});
