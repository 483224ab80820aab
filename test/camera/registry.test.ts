import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CameraSpec } from '../../src/config/camera-spec.js';
import { CameraError } from '../../src/shared/errors.js';
import { parseRtspUrl } from '../../src/source/rtsp-url.js';
import { settle } from '../support/manual-clock.js';
import { spec, testRegistry, watch } from '../support/test-registry.js';

const timeout = 30_000;
const A = { at: 'rtsp://10.0.0.1/a' };
const B = { at: 'rtsp://10.0.0.1/b' };
const refused = (code: string) => ({ name: 'RefusedError', code });

test('the same name with another URL is refused while somebody watches', { timeout }, async () => {
  const it = testRegistry();
  const seat = it.join('cam', A);
  await settle();
  assert.throws(() => it.join('cam', B), refused('name_in_use'));
  assert.throws(() => it.join('cam', { at: 'rtsp://u:p@10.0.0.1/a' }), refused('name_in_use'));
  seat.leave();
  it.join('cam', B);
  await settle();
  assert.deepEqual(
    it.openers.map(({ url }) => url),
    ['rtsp://10.0.0.1/a', 'rtsp://10.0.0.1/b'],
  );
  assert.equal(it.opener(0).run.stops, 1);
});

test('late frames of a replaced camera never reach the new one of its name', { timeout }, async () => {
  const it = testRegistry();
  it.join('cam', A).leave();
  await settle();
  const old = it.opener().run;
  it.opener().obedient = false;
  const seat = it.join('cam', B);
  await settle();
  const seen = watch(seat.channel);
  const before = it.published.length;
  old.frame(66);
  old.counters({ decoded: 3 });
  assert.equal(seat.channel.latest, null);
  assert.equal(it.published.length, before);
  it.opener().run.frame(7);
  assert.deepEqual(seen, [7]);
  assert.equal(it.published.at(-1)?.topic, 'cam');
});

test('one camera more than allowed is refused, the others go on', { timeout }, async () => {
  const it = testRegistry({ maxCameras: 2 });
  it.join('a', A);
  const second = it.join('b', B);
  assert.throws(() => it.join('c', { at: 'rtsp://10.0.0.1/c' }), refused('at_capacity'));
  it.join('a', A);
  second.leave();
  await it.clock.advance(11_000);
  it.join('c', { at: 'rtsp://10.0.0.1/c' });
});

test('only configured cameras are to be had when ad-hoc URLs are off', { timeout }, () => {
  const it = testRegistry({ adhoc: false });
  it.registry.configure([spec('door')], null);
  assert.throws(() => it.join('cam', A), refused('adhoc_off'));
  assert.throws(() => it.join('nobody'), refused('no_such_camera'));
  it.join('door');
  it.join('door', { at: 'rtsp://10.0.0.1/door' });
  assert.throws(() => it.join('door', A), refused('name_in_use'));
});

test('names of JavaScript objects are ordinary names', { timeout }, () => {
  const it = testRegistry();
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    assert.equal(it.registry.has(name), false);
    assert.throws(() => it.join(name), refused('no_such_camera'));
  }
});

test(
  'a configured camera offers its main stream beside its small one, and the list shows no address',
  { timeout },
  async () => {
    const it = testRegistry();
    it.registry.configure(
      [spec('door', { title: 'Front door', mainUrl: parseRtspUrl('rtsp://10.0.0.1/main') })],
      null,
    );
    it.join('door');
    it.join('door', { main: true });
    await settle();
    assert.deepEqual(
      it.openers.map(({ url }) => url),
      ['rtsp://10.0.0.1/door', 'rtsp://10.0.0.1/main'],
    );
    const list = it.registry.list(0);
    assert.equal(list.length, 1);
    assert.equal(list[0]?.viewers, 2);
    assert.equal(list[0].title, 'Front door');
    assert.doesNotMatch(JSON.stringify(list), /10\.0\.0\.1|rtsp:/);
  },
);

test(
  'a camera that is always on runs without viewers and does not stop after them',
  { timeout },
  async () => {
    const it = testRegistry();
    it.registry.configure([spec('door', { alwaysOn: true })], null);
    await settle();
    assert.equal(it.opener().runs.length, 1);
    it.opener().run.counters({ decoded: 1 });
    it.join('door').leave();
    for (let decoded = 2; decoded < 20; decoded++) {
      await it.clock.advance(2000);
      it.opener().run.counters({ decoded });
    }
    assert.equal(it.opener().run.stops, 0);
  },
);

test('a new configuration leaves unchanged cameras alone and ends the others', { timeout }, async () => {
  const it = testRegistry();
  it.registry.configure([spec('same'), spec('moved'), spec('removed')], null);
  const seats = ['same', 'moved', 'removed'].map((name) => it.join(name));
  await settle();
  for (const { opener } of it.openers) opener.run.frame();
  it.registry.configure(
    [spec('same'), spec('moved', { url: parseRtspUrl('rtsp://10.0.0.9/moved') }), spec('new')],
    new CameraError('disconnected'),
  );
  await settle();
  assert.deepEqual(
    seats.map(({ lost }) => lost.length),
    [0, 1, 1],
  );
  assert.deepEqual(
    it.openers.map(({ opener }) => opener.run.stops),
    [0, 1, 1],
  );
  it.opener(0).run.frame(9);
  assert.equal(it.published.at(-1)?.topic, 'same');
  assert.equal(it.registry.has('removed'), false);
  assert.equal(it.registry.has('new'), true);
});

for (const [what, change] of Object.entries<Partial<CameraSpec>>({
  shape: { aspect: 16 / 9 },
  transport: { transport: 'udp' },
  quality: { rendition: { ...spec('gate').rendition, quality: 80 } },
  rate: { maxFps: 5 },
  'main stream': { mainUrl: parseRtspUrl('rtsp://10.0.0.1/main') },
  site: { site: 'north' },
}))
  test(
    `another ${what} in the configuration ends a camera's run, another title does not`,
    { timeout },
    async () => {
      const it = testRegistry();
      it.registry.configure([spec('gate')], null);
      it.join('gate');
      await settle();
      it.registry.configure([spec('gate', { title: 'Gate' })], null);
      await settle();
      assert.equal(it.opener(0).run.stops, 0);
      it.registry.configure([spec('gate', { title: 'Gate', ...change })], null);
      await settle();
      assert.equal(it.opener(0).run.stops, 1);
    },
  );

test(
  'viewers of a camera that was renamed are told its new name, as is who asks for the old one later',
  { timeout },
  async () => {
    const it = testRegistry();
    const url = parseRtspUrl('rtsp://10.0.0.1/gate');
    it.registry.configure([spec('gate'), spec('yard')], null);
    const seat = it.join('gate');
    await settle();
    const gone = new CameraError('disconnected');
    it.registry.configure([spec('yard'), spec('north', { url, title: 'North' })], gone);
    assert.deepEqual(
      seat.lost.map(({ code, message, close }) => [code, message, close]),
      [['camera_renamed', 'camera gate is named north now: ask for that name', 4404]],
    );
    assert.throws(() => it.join('gate'), refused('camera_renamed'));
    it.registry.configure([spec('yard'), spec('main-gate', { url })], gone);
    for (const name of ['gate', 'north'])
      assert.throws(() => it.join(name), { code: 'camera_renamed', message: /is named main-gate now/ });
    assert.deepEqual(
      it.registry.list(0).map(({ camera, formerNames }) => [camera, formerNames]),
      [
        ['yard', undefined],
        ['main-gate', ['gate', 'north']],
      ],
    );
    // The old name is another camera's now, and the camera is gone at last.
    it.registry.configure([spec('gate', { url: parseRtspUrl('rtsp://10.0.0.1/x') })], gone);
    it.join('gate');
    assert.throws(() => it.join('north'), refused('no_such_camera'));
  },
);

test('of two new cameras with the same stream none is taken for the old one', { timeout }, () => {
  const it = testRegistry();
  const url = parseRtspUrl('rtsp://10.0.0.1/gate');
  it.registry.configure([spec('gate')], null);
  it.registry.configure([spec('a', { url }), spec('b', { url })], new CameraError('disconnected'));
  assert.throws(() => it.join('gate'), refused('no_such_camera'));
});

test('a configured name takes the place of an ad-hoc stream', { timeout }, async () => {
  const it = testRegistry();
  const seat = it.join('door', A);
  await settle();
  it.registry.configure([spec('door')], new CameraError('disconnected'));
  assert.equal(seat.lost.length, 1);
  it.join('door');
  assert.equal(it.openers.at(-1)?.url, 'rtsp://10.0.0.1/door');
});

test(
  'one camera too many that is always on does not keep the others from being configured',
  { timeout },
  async () => {
    const it = testRegistry({ maxCameras: 1 });
    it.registry.configure([spec('a', { alwaysOn: true }), spec('b', { alwaysOn: true }), spec('c')], null);
    await settle();
    assert.equal(it.openers.length, 1);
    assert.equal(it.registry.list(0).length, 3);
  },
);

test('the end waits for every camera, dropped ones too, and lets nobody in', { timeout }, async () => {
  const it = testRegistry();
  it.join('cam', A);
  await settle();
  it.opener().obedient = false;
  const other = it.join('x', B);
  other.leave();
  await settle();
  it.join('x', { at: 'rtsp://10.0.0.1/c' });
  await settle();
  await it.registry.close();
  assert.throws(() => it.join('cam', A), refused('shutting_down'));
  assert.ok(it.openers.every(({ opener }) => opener.runs.every((run) => run.stops > 0)));
  assert.equal(it.clock.pending, 0);
});

test(
  'a camera with a new URL is opened when the session of the old one is over, or after six seconds',
  { timeout },
  async () => {
    const it = testRegistry();
    it.registry.configure([spec('door')], null);
    it.join('door');
    it.opener().obedient = false;
    await settle();
    const old = it.opener();
    const changed = spec('door', { url: parseRtspUrl('rtsp://10.0.0.1/other') });
    it.registry.configure([changed], new CameraError('disconnected'));
    it.join('door');
    it.opener().obedient = false;
    const elsewhere = it.join('yard', { at: 'rtsp://10.0.0.2/x' });
    await settle();
    assert.equal(it.opener().runs.length, 1, 'another host does not wait');
    elsewhere.leave();
    const second = it.openers[1]?.opener;
    assert.equal(old.run.stops, 1);
    assert.equal(second?.runs.length, 0, 'the camera may grant one session only');
    await old.run.end({ code: 'stopped' });
    assert.equal(second.runs.length, 1);

    it.registry.configure([spec('door')], new CameraError('disconnected'));
    it.join('door');
    await it.clock.advance(5999);
    assert.equal(it.opener().runs.length, 0);
    await it.clock.advance(1);
    assert.equal(it.opener().runs.length, 1, 'a run that never ends does not keep the camera for ever');
  },
);

test(
  'a URL corrected in the file is tried at once, whatever the hold of the wrong one',
  { timeout },
  async () => {
    const it = testRegistry();
    const at = (password: string) => ({ url: parseRtspUrl(`rtsp://admin:${password}@10.0.0.1/door`) });
    it.registry.configure([spec('door', at('wrong'))], null);
    it.join('door');
    await settle();
    await it.opener().run.fail('unauthorized');
    await it.clock.advance(20_000);
    assert.throws(() => it.join('door'), { name: 'CameraError', code: 'unauthorized' });
    it.registry.configure([spec('door', at('right'))], null);
    const seat = it.join('door');
    await settle();
    assert.equal(it.opener().runs.length, 1);
    it.opener().run.frame();
    assert.deepEqual(seat.states, ['connecting', 'live']);
  },
);

test(
  'credentials that were refused are not tried under another name either, nor by a changed camera that is always on',
  { timeout },
  async () => {
    const it = testRegistry();
    const wrong = { at: 'rtsp://admin:wrong@10.0.0.1/door' };
    it.join('door', wrong);
    await settle();
    await it.opener().run.fail('unauthorized');
    assert.throws(() => it.join('yard', wrong), { name: 'CameraError', code: 'unauthorized' });
    assert.equal(it.registry.has('yard'), false);
    const url = parseRtspUrl(wrong.at);
    it.registry.configure([spec('hall', { url, alwaysOn: true })], null);
    await settle();
    assert.deepEqual(it.registry.list(0)[0]?.reason, 'unauthorized');
    const tries = (): number => it.openers.reduce((sum, { opener }) => sum + opener.runs.length, 0);
    await it.clock.advance(299_000);
    assert.equal(tries(), 1);
    await it.clock.advance(62_000);
    assert.ok(tries() > 1, 'it is tried again when the hold is over');
  },
);
