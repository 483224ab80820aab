import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Subjects } from '../../src/cluster/bus/subjects.js';
import { type Answer, writeJson } from '../../src/cluster/bus/messages.js';
import { Directory } from '../../src/cluster/nodes/directory.js';
import { findOwner } from '../../src/cluster/ownership/find-owner.js';
import { takeLease } from '../../src/cluster/ownership/lease.js';
import { ManualClock } from '../support/manual-clock.js';
import { FakeLeases } from './fake-leases.js';

const timeout = 30_000;
const HASH = 'h'.repeat(22);
const WANTED = {
  stream: 'door',
  renditions: [],
  video: false,
  viewers: 1,
  retryRequests: 0,
  knows: true,
};
const FACTS = { stream: 'door', name: 'door', main: false, site: '', hash: HASH };

/** Node a looks for the owner of a camera that it and node b have in their CONFIG_FILE. */
function rig({ opensCameras = true }: { readonly opensCameras?: boolean } = {}) {
  const clock = new ManualClock();
  const leases = new FakeLeases(clock);
  const self = { node: 'a', instance: 'a'.repeat(16) };
  const directory = new Directory(() => clock.now());
  const node = { site: '', draining: false, owned: 0, maxOwned: 64, cores: 4, free: 0.9 };
  directory.noteNode('b', {
    ...node,
    instance: 'b'.repeat(16),
    role: 'both',
    version: '1',
    relieved: false,
    cameras: 1,
    secretCheck: HASH,
  });
  const listed = {
    title: 'Door',
    hash: HASH,
    mainHash: null,
    site: '',
    rendition: '320x180q70' as const,
    maxFps: null,
  };
  directory.noteCameras('b', { instance: 'b'.repeat(16), cameras: { door: listed } });
  const gone = new Set<string>();
  const asked: string[] = [];
  const answer = { now: { ok: true, why: '', epoch: 9 } as Answer | null };
  const bus = {
    connected: true,
    maxPayload: 1 << 20,
    publish: () => true,
    subscribe: () => undefined,
    answer: () => undefined,
    request: (subject: string) => {
      asked.push(subject);
      return Promise.resolve(answer.now && writeJson(answer.now));
    },
    reach: () => Promise.resolve('silent' as const),
  };
  const search = {
    self,
    clock,
    bus,
    subjects: new Subjects('rtsp-ws'),
    leases,
    directory,
    presence: { isGone: (name: string) => gone.has(name) },
    selfNode: () => ({ ...node, name: 'a', opensCameras }),
  };
  const take = (owner: string, instance: string) =>
    takeLease('door', HASH, { node: owner, instance: instance.repeat(16) }, leases, clock);
  return {
    leases,
    gone,
    asked,
    answer,
    take,
    find: (mine = false) => findOwner(FACTS, WANTED, mine, search),
  };
}

test('a lease whose owner has left NATS is taken from it', { timeout }, async () => {
  const it = rig();
  await it.take('c', 'c');
  assert.equal((await it.find(true)).type, 'wait');
  it.gone.add('c');
  assert.deepEqual(await it.find(true), { type: 'wait', ms: 0 });
  assert.equal((await it.find(true)).type, 'own');
});

test('an edge, which may write no lease, asks another node then', { timeout }, async () => {
  const it = rig({ opensCameras: false });
  await it.take('c', 'c');
  assert.equal((await it.find()).type, 'wait');
  assert.deepEqual(it.asked, []);
  it.gone.add('c');
  assert.equal((await it.find()).type, 'follow');
  assert.deepEqual(it.asked, ['rtsp-ws.open.b']);
});

test('a node that started anew does not wait for the leases of its former life', { timeout }, async () => {
  const it = rig();
  await it.take('a', 'f');
  it.leases.settled = false;
  assert.equal((await it.find(true)).type, 'wait', 'not before the name is its own');
  assert.equal(typeof (await it.leases.read('door')), 'object');
  it.leases.settled = true;
  assert.deepEqual(await it.find(true), { type: 'wait', ms: 0 });
  assert.equal((await it.find(true)).type, 'own');
});

test('a lease of its own, whose answer was lost, it does not give away', { timeout }, async () => {
  const it = rig();
  await it.take('a', 'a');
  assert.equal((await it.find(true)).type, 'wait');
  assert.equal(typeof (await it.leases.read('door')), 'object');
});

test('a node that does not answer in time, or has no lease yet, has not refused', { timeout }, async () => {
  const it = rig({ opensCameras: false });
  it.answer.now = null;
  assert.equal((await it.find()).type, 'unanswered');
  it.answer.now = { ok: true, why: '', epoch: null };
  assert.equal((await it.find()).type, 'unanswered');
  it.answer.now = { ok: false, why: 'this node is draining', epoch: null };
  assert.equal((await it.find()).type, 'failed');
});
