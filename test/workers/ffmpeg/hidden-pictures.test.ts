import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HiddenPictures } from '../../../workers/ffmpeg/hidden-pictures.js';

test(
  'a picture is hidden in each output, whichever gives it first, and no longer',
  { timeout: 30_000 },
  () => {
    const hidden = new HiddenPictures(2);
    hidden.add(40);
    hidden.add(80);
    assert.deepEqual(
      [0, 40, 80, 80, 40, 40, 80].map((ticks) => hidden.take(ticks)),
      [false, true, true, true, true, false, false],
    );
  },
);

test('those that no output gives are forgotten', { timeout: 30_000 }, () => {
  const hidden = new HiddenPictures(1);
  for (let ticks = 0; ticks < 5000; ticks++) hidden.add(ticks);
  assert.ok(!hidden.take(0));
  assert.ok(hidden.take(4999));
});
