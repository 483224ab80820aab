import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  adoptLease,
  type Holder,
  type Lease,
  LEASE_LIFE_MS,
  takeLease,
} from '../../src/cluster/ownership/lease.js';
import { ManualClock } from '../support/manual-clock.js';
import { FakeLeases } from './fake-leases.js';

const timeout = 30_000;

const A = { node: 'a', instance: 'a'.repeat(16) };
const B = { node: 'b', instance: 'b'.repeat(16) };
const HASH = 'h'.repeat(22);

function rig() {
  const clock = new ManualClock();
  const store = new FakeLeases(clock);
  const take = (owner = A) => takeLease('door', HASH, owner, store, clock);
  const taken = async (owner = A): Promise<Lease> => {
    const result = await take(owner);
    assert.equal(result.type, 'taken');
    return result.lease;
  };
  return { clock, store, take, taken };
}

test('a lease is taken once, and who comes later learns who holds it', { timeout }, async () => {
  const it = rig();
  const lease = await it.taken();
  const second = await it.take(B);
  assert.deepEqual(second, { type: 'held', holder: { ...A, hash: HASH, epoch: lease.epoch } });
});

test('it is renewed each second, under the epoch with which it was taken', { timeout }, async () => {
  const it = rig();
  const lease = await it.taken();
  const { epoch } = lease;
  await it.clock.advance(20_000);
  assert.equal(lease.state, 'held');
  assert.equal(lease.epoch, epoch);
  assert.deepEqual(it.store.value('door'), { ...A, hash: HASH, epoch });
});

test('released, it can be taken at once', { timeout }, async () => {
  const it = rig();
  const lease = await it.taken();
  await lease.release();
  const next = await it.taken(B);
  assert.ok(next.epoch > lease.epoch);
  await it.clock.advance(5000);
  assert.deepEqual(it.store.value('door'), { ...B, hash: HASH, epoch: next.epoch });
});

test(
  'an owner whose lease ran out while it was stopped learns that another has it, and shows no frame until then',
  { timeout },
  async () => {
    const it = rig();
    const lease = await it.taken();
    const lost: (Holder | null)[] = [];
    lease.onLost = (to) => lost.push(to);
    // Stopped: its timers do not run. The fake clock runs them late instead, so the store answers nobody meanwhile.
    it.store.fault = 'silent';
    assert.equal(lease.isTrusted(), true);
    it.store.clear();
    it.store.fault = 'none';
    const other = await it.taken(B);
    await it.clock.advance(1000);
    assert.equal(lease.state, 'lost');
    assert.deepEqual(lost, [{ ...B, hash: HASH, epoch: other.epoch }]);
  },
);

test('after a stop of the process frames wait until the lease is confirmed', { timeout }, async () => {
  let now = 0;
  const timers: (() => void)[] = [];
  const clock = { now: () => now, after: (_: number, fn: () => void) => (timers.push(fn), () => undefined) };
  const store = new FakeLeases(clock);
  const result = await takeLease('door', HASH, A, store, clock);
  assert.ok(result.type === 'taken');
  now = 900;
  assert.equal(result.lease.isTrusted(), true);
  now = 900 + LEASE_LIFE_MS - 1100;
  assert.equal(result.lease.isTrusted(), true, 'its lease is surely its own for so long');
  now += LEASE_LIFE_MS - 900;
  assert.equal(result.lease.isTrusted(), false, 'it was stopped for 2.1 s');
  timers.shift()?.();
  await new Promise(setImmediate);
  assert.equal(result.lease.isTrusted(), true, 'it was still free, and is taken anew');
  assert.equal(result.lease.state, 'held');
});

test(
  'without NATS an owner goes on, and takes its lease anew when nobody else has',
  { timeout },
  async () => {
    const it = rig();
    const lease = await it.taken();
    const epochs: number[] = [];
    lease.onEpoch = (epoch) => epochs.push(epoch);
    const { epoch } = lease;
    it.store.fault = 'silent';
    await it.clock.advance(30_000);
    assert.equal(lease.state, 'unsure');
    assert.equal(lease.isTrusted(), true);
    it.store.fault = 'none';
    await it.clock.advance(500);
    assert.equal(lease.state, 'held');
    assert.deepEqual(epochs, [lease.epoch]);
    assert.ok(lease.epoch > epoch, 'its frames are told from those before');
  },
);

test('without NATS an owner goes on also after it was stopped', { timeout }, async () => {
  let now = 0;
  const timers: (() => void)[] = [];
  const clock = { now: () => now, after: (_: number, fn: () => void) => (timers.push(fn), () => undefined) };
  const store = new FakeLeases(clock);
  const result = await takeLease('door', HASH, A, store, clock);
  assert.ok(result.type === 'taken');
  store.fault = 'silent';
  now = 10_000;
  assert.equal(result.lease.isTrusted(), false);
  for (; now < 10_000 + LEASE_LIFE_MS + 1000; now += 250) {
    timers.shift()?.();
    await new Promise(setImmediate);
  }
  assert.equal(result.lease.isTrusted(), true);
});

test('a renewal whose answer is lost is no loss of the lease', { timeout }, async () => {
  const it = rig();
  const lease = await it.taken();
  const { epoch } = lease;
  it.store.fault = 'deaf';
  await it.clock.advance(1000);
  assert.equal(lease.state, 'unsure');
  it.store.fault = 'none';
  await it.clock.advance(250);
  assert.equal(lease.state, 'held');
  assert.equal(lease.epoch, epoch);
});

test('a create whose answer is lost still takes the lease', { timeout }, async () => {
  const it = rig();
  it.store.fault = 'deaf';
  assert.equal((await it.take()).type, 'unknown');
  it.store.fault = 'none';
  assert.equal((await it.take()).type, 'taken');
});

test(
  'a lease passes to another node under a new epoch, and its old owner renews no more',
  { timeout },
  async () => {
    const it = rig();
    const lease = await it.taken();
    await it.clock.advance(2500);
    const epoch = await lease.pass(B);
    assert.ok(epoch !== null && epoch > lease.epoch);
    const next = await adoptLease('door', B, it.store, it.clock);
    assert.equal(next?.epoch, epoch);
    await it.clock.advance(10_000);
    assert.deepEqual(it.store.value('door'), { ...B, hash: HASH, epoch });
    assert.equal(await lease.pass(A), null);
  },
);

test('nobody adopts a lease that is not his', { timeout }, async () => {
  const it = rig();
  await it.taken();
  assert.equal(await adoptLease('door', B, it.store, it.clock), null);
  assert.equal(await adoptLease('yard', B, it.store, it.clock), null);
});

test('a renewal and a pass that come together do not spoil each other', { timeout }, async () => {
  const it = rig();
  const lease = await it.taken();
  const passing = it.clock.advance(1000).then(() => lease.pass(B));
  assert.ok((await passing) !== null);
});
