import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlarmBook } from '../../src/alarms/news/alarm-book.js';
import type { CameraSummary } from '../../src/camera/telemetry/camera-summary.js';

const timeout = 30_000;

const camera = (name: string, rest: Partial<CameraSummary> = {}): CameraSummary => ({
  ...{ camera: name, title: name, state: 'live', reason: null, since: 1, configured: true, hasMain: false },
  ...{ viewers: 0, degraded: 0, frameAgeMs: 0, node: 'a', ...rest },
});

const book = (): AlarmBook => new AlarmBook(0, ({ node }) => node === 'a');

test('configured cameras are told, and those that viewers named are not', { timeout }, () => {
  const { changed, present, configured } = book().look(
    [camera('gate', { state: 'offline', reason: 'dns' }), camera('adhoc', { configured: false })],
    0,
  );
  assert.deepEqual(
    changed.map(({ camera: name, state, reason }) => [name, state, reason]),
    [['gate', 'offline', 'dns']],
  );
  assert.deepEqual([...present.keys(), ...configured], ['gate', 'gate']);
});

test(
  'a camera that is taken out is told as removed once, and begins anew when it is back',
  { timeout },
  () => {
    const told = book();
    told.look([camera('gate')], 0);
    assert.deepEqual(told.look([], 1).removed, ['gate']);
    assert.deepEqual(told.look([], 2).removed, []);
    assert.equal(told.look([camera('gate')], 3).changed.length, 1);
  },
);

test(
  'a camera that goes to another node is not told again, and is the other node’s then',
  { timeout },
  () => {
    const told = book();
    assert.equal(told.look([camera('gate')], 0).changed[0]?.own, true);
    const { changed, present } = told.look([camera('gate', { node: 'b' })], 1);
    assert.deepEqual(changed, []);
    assert.equal(present.get('gate')?.own, false);
  },
);

test('a new title is known, and no news', { timeout }, () => {
  const told = book();
  told.look([camera('gate')], 0);
  const { changed, present } = told.look([camera('gate', { title: 'Main gate' })], 1);
  assert.deepEqual(changed, []);
  assert.equal(present.get('gate')?.title, 'Main gate');
});
