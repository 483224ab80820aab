import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnitGap } from '../../workers/unit-gap.js';

const timeout = 30_000;
const counts = (packets: number, units: number, dependentUnits = 0, unreadableUnits = 0) => ({
  packets,
  units,
  damagedUnits: 0,
  dependentUnits,
  unreadableUnits,
});

test('a stream that gives units has no gap', { timeout }, () => {
  const gap = new UnitGap();
  for (let i = 1; i < 10; i++) assert.equal(gap.look(counts(i * 10, i), i * 500).ms, 0);
});

test('packets without pictures are a gap for as long as they come', { timeout }, () => {
  const gap = new UnitGap();
  gap.look(counts(10, 5), 1000);
  assert.deepEqual(gap.look(counts(20, 5), 2500), { ms: 1500, what: 'nothing' });
  assert.equal(gap.look(counts(30, 6), 3000).ms, 0);
});

test('pictures that are left out wait for a key frame', { timeout }, () => {
  const gap = new UnitGap();
  gap.look(counts(10, 5, 3), 1000);
  assert.deepEqual(gap.look(counts(20, 5, 9), 2000), { ms: 1000, what: 'dependent' });
});

test('silence is no gap: others judge it', { timeout }, () => {
  const gap = new UnitGap();
  gap.look(counts(10, 5), 1000);
  assert.equal(gap.look(counts(10, 5), 9000).ms, 0);
});

test('the first packets of a picture after a long silence are no gap', { timeout }, () => {
  const gap = new UnitGap();
  for (let at = 0; at <= 8000; at += 500) gap.look(counts(10, 5), at);
  assert.deepEqual(gap.look(counts(12, 5), 8500), { ms: 500, what: 'nothing' });
  assert.deepEqual(gap.look(counts(14, 5), 9000), { ms: 1000, what: 'nothing' });
  assert.equal(gap.look(counts(15, 6), 9500).ms, 0);
});

test('what cannot be a picture at all waits for no key frame, unless most can', { timeout }, () => {
  const gap = new UnitGap();
  gap.look(counts(10, 5), 1000);
  assert.deepEqual(gap.look(counts(20, 5, 4, 6), 2000), { ms: 1000, what: 'unreadable' });
  assert.deepEqual(gap.look(counts(30, 5, 9, 7), 3000), { ms: 2000, what: 'dependent' });
});
