import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FreezeDetector } from '../../src/camera/life/freeze-detector.js';
import { jpeg } from '../support/fake-opener.js';

const timeout = 30_000;

test(
  'a freeze is judged within one rendition, and goes on when its viewers leave for another',
  { timeout },
  () => {
    const freeze = new FreezeDetector(60_000);
    let frozen = false;
    for (let t = 0; t < 30_000; t += 500) frozen = freeze.note('640x360q50', jpeg(1), t);
    for (let t = 30_000; t < 62_000; t += 500) frozen = freeze.note('320x180q50', jpeg(2), t);
    assert.equal(frozen, true);
    assert.equal(freeze.note('320x180q50', jpeg(3), 62_000), false);
    for (let t = 62_500; t < 200_000; t += 500) {
      frozen = freeze.note('320x180q50', jpeg(3), t);
      if (t === 150_000) freeze.reset();
    }
    assert.equal(frozen, false, 'a new run begins anew');
  },
);
