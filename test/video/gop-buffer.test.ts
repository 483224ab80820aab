import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccessUnit, RandomAccess } from '../../src/video/access-unit.js';
import { GopBuffer, type GopStart } from '../../src/video/gop-buffer.js';
import { formatOf } from '../support/access-units.js';

const FORMAT = formatOf('h264');

let clock = 0;

function unit(randomAccess: RandomAccess, more: Partial<AccessUnit> = {}): AccessUnit {
  clock += 40;
  return {
    codec: 'h264',
    data: new Uint8Array(100),
    randomAccess,
    recoveryFrames: 0,
    mediaTimeMs: clock,
    firstArrivedAt: clock,
    arrivedAt: clock,
    damaged: false,
    discontinuity: false,
    disposable: false,
    leading: false,
    format: FORMAT,
    ...more,
  };
}

function started(buffer: GopBuffer): GopStart {
  const start = buffer.start();
  assert.ok(typeof start !== 'string', `nothing to begin on: ${JSON.stringify(start)}`);
  return start;
}

const buffer = (bounds: Partial<GopBuffer['bounds']> = {}): GopBuffer =>
  new GopBuffer({ bytes: 10_000, units: 50, ms: 10_000, ...bounds });

describe('units since the last key unit', () => {
  test('there is nothing before the first key unit', { timeout: 30_000 }, () => {
    const gop = buffer();
    gop.push(unit('none'));
    assert.equal(gop.start(), 'empty');
  });

  test('each key unit begins anew, and the units are the same objects', { timeout: 30_000 }, () => {
    const gop = buffer();
    const units = [unit('key'), unit('none'), unit('key'), unit('none'), unit('none')];
    for (const each of units) gop.push(each);
    const { units: held, unitsUntilRight } = started(gop);
    assert.equal(held.length, 3);
    held.forEach((each, index) => assert.equal(each, units[index + 2]));
    assert.equal(unitsUntilRight, 0);
    assert.equal(gop.bytes, 300);
  });

  test('leading units are left out: they need what came before the key unit', { timeout: 30_000 }, () => {
    const gop = buffer();
    gop.push(unit('recovery'));
    gop.push(unit('none', { leading: true }));
    gop.push(unit('none'));
    assert.equal(started(gop).units.length, 2);
  });

  for (const [gap, bounds] of [
    ['too_many_bytes', { bytes: 450 }],
    ['too_many_units', { units: 4 }],
    ['too_long', { ms: 150 }],
  ] as const) {
    test(`over a bound it is ${gap} and holds nothing until the next key unit`, { timeout: 30_000 }, () => {
      const gop = buffer(bounds);
      gop.push(unit('key'));
      for (let index = 0; index < 3; index += 1) gop.push(unit('none'));
      assert.equal(started(gop).units.length, 4);
      gop.push(unit('none'));
      assert.equal(gop.start(), gap);
      assert.equal(gop.bytes, 0);
      gop.push(unit('none'));
      assert.equal(gop.start(), gap);
      gop.push(unit('key'));
      assert.equal(started(gop).units.length, 1);
    });
  }
});

describe('intra refresh', () => {
  test('the units before a refresh are held until it is through', { timeout: 30_000 }, () => {
    const gop = buffer();
    gop.push(unit('key'));
    gop.push(unit('none'));
    gop.push(unit('recovery', { recoveryFrames: 3 }));
    gop.push(unit('none'));
    gop.push(unit('none', { disposable: true }));
    gop.push(unit('none'));
    assert.deepEqual([started(gop).units.length, started(gop).unitsUntilRight], [6, 0]);
    gop.push(unit('none'));
    assert.deepEqual([started(gop).units.length, started(gop).unitsUntilRight], [5, 0]);
    assert.equal(started(gop).units[0]?.randomAccess, 'recovery');
  });

  test('who begins in the middle of one is told how many units it still takes', { timeout: 30_000 }, () => {
    const gop = buffer();
    gop.push(unit('recovery', { recoveryFrames: 3 }));
    gop.push(unit('none'));
    assert.equal(started(gop).unitsUntilRight, 2);
    gop.push(unit('none'));
    gop.push(unit('none'));
    assert.equal(started(gop).unitsUntilRight, 0);
  });

  test('a camera that only ever refreshes never fills the buffer', { timeout: 30_000 }, () => {
    const gop = buffer({ units: 25 });
    for (let index = 0; index < 500; index += 1) {
      gop.push(unit(index % 10 === 0 ? 'recovery' : 'none', { recoveryFrames: index % 10 === 0 ? 9 : 0 }));
      assert.ok(started(gop).units.length <= 20);
    }
  });
});
