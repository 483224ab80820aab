import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DemandTable, type SeatChange } from '../../src/cluster/demand/demand-table.js';

const timeout = 30_000;

const shown = (changes: readonly SeatChange[]): string[] =>
  changes.map(
    ({ type, seat }) =>
      `${type} ${seat.edge} ${seat.stream} ${seat.rendition ?? 'open'} ${seat.fps ?? 'all'}`,
  );

const SMALL = ['320x180q50', null] as const;
const LARGE = ['640x360q50', 10] as const;

test('an edge has one seat for each rendition, and renewing it changes nothing', { timeout }, () => {
  const table = new DemandTable();
  const demand = [{ stream: 'door', renditions: [SMALL, LARGE] }];
  assert.deepEqual(shown(table.renew('e', demand, true, 0)), [
    'join e door 320x180q50 all',
    'join e door 640x360q50 10',
  ]);
  assert.deepEqual(table.renew('e', demand, true, 1000), []);
});

test(
  'a changed rate or rendition joins before it leaves: the camera is never without a seat',
  { timeout },
  () => {
    const table = new DemandTable();
    table.renew('e', [{ stream: 'door', renditions: [SMALL] }], true, 0);
    assert.deepEqual(
      shown(table.renew('e', [{ stream: 'door', renditions: [['320x180q50', 5]] }], true, 1)),
      ['join e door 320x180q50 5', 'leave e door 320x180q50 all'],
    );
  },
);

test('an edge that wants no frames still keeps the camera open', { timeout }, () => {
  const table = new DemandTable();
  assert.deepEqual(shown(table.renew('e', [{ stream: 'door', renditions: [] }], true, 0)), [
    'join e door open all',
  ]);
});

test('demand is gone after three seconds of silence, that of others is not', { timeout }, () => {
  const table = new DemandTable();
  table.renew('e', [{ stream: 'door', renditions: [SMALL] }], true, 0);
  table.renew('f', [{ stream: 'door', renditions: [SMALL] }], true, 1500);
  assert.deepEqual(table.expire(3000), []);
  assert.deepEqual(shown(table.expire(3001)), ['leave e door 320x180q50 all']);
  assert.deepEqual(table.edgesOf('door'), ['f']);
  assert.equal(table.has('e'), false);
});

test(
  'a stream that a full message does not name is given up, and one that a part does not name stays',
  { timeout },
  () => {
    const table = new DemandTable();
    table.renew('e', [{ stream: 'door', renditions: [SMALL] }], true, 0);
    table.renew('e', [{ stream: 'yard', renditions: [SMALL] }], false, 0);
    assert.deepEqual(table.edgesOf('door'), ['e']);
    assert.deepEqual(shown(table.renew('e', [{ stream: 'yard', renditions: [SMALL] }], true, 0)), [
      'leave e door 320x180q50 all',
    ]);
    assert.deepEqual(shown(table.renew('e', [], true, 0)), ['leave e yard 320x180q50 all']);
  },
);
