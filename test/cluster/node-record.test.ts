import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeTeller } from '../../src/cluster/nodes/node-record.js';
import { readNodeRecord } from '../../src/cluster/bus/messages.js';
import { roomClass } from '../../src/cluster/placement/placement.js';
import { ManualClock } from '../support/manual-clock.js';

const timeout = 30_000;

function rig() {
  const clock = new ManualClock();
  let written: Uint8Array = new Uint8Array();
  const teller = new NodeTeller(
    {
      name: 'a',
      instance: 'a'.repeat(16),
      site: '',
      role: 'both',
      version: '1',
      maxOwned: 64,
      cores: 4,
      secretCheck: 'h'.repeat(22),
    },
    {
      clock,
      freeShare: () => 0.9,
      owned: () => 3,
      putNode: (value) => {
        written = value;
        return Promise.resolve();
      },
      putCameras: () => Promise.resolve(),
    },
  );
  const told = () => {
    const record = readNodeRecord(written);
    assert.ok(record);
    return { hasRoom: roomClass(record) < roomClass({ free: 0 }), takesMore: !record.relieved };
  };
  return { clock, teller, told };
}

test(
  'a node that lost its leases although it lives is given no cameras for a minute',
  { timeout },
  async () => {
    const { clock, teller, told } = rig();
    await clock.advance(2000);
    assert.deepEqual(told(), { hasRoom: true, takesMore: true });
    // All of them at once, by one stall.
    for (let lease = 0; lease < 20; lease++) teller.lostLease();
    assert.deepEqual(told(), { hasRoom: false, takesMore: false }, 'told at once');
    await clock.advance(58_000);
    assert.deepEqual(told(), { hasRoom: false, takesMore: false });
    await clock.advance(4000);
    assert.deepEqual(told(), { hasRoom: true, takesMore: true });
  },
);

test('each time that it happens again soon it is twice as long', { timeout }, async () => {
  const { clock, teller, told } = rig();
  for (const seconds of [60, 120, 240, 480, 600, 600]) {
    teller.lostLease();
    await clock.advance(seconds * 1000 - 2000);
    assert.equal(told().takesMore, false, `${seconds} s`);
    await clock.advance(4000);
    assert.equal(told().takesMore, true, `${seconds} s`);
  }
  await clock.advance(3_600_000);
  teller.lostLease();
  await clock.advance(62_000);
  assert.equal(told().takesMore, true, 'forgotten after a while');
});
