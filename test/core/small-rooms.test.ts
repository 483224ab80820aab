import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressRates } from '../../src/access/client-rates.js';
import { Admission, type AdmissionLimits } from '../../src/access/admission.js';
import { createAuth } from '../../src/access/auth.js';
import { closeReason } from '../../src/shared/errors.js';
import { FrameRateLimit } from '../../src/shared/frame-rate-limit.js';
import { FreezeDetector } from '../../src/camera/freeze-detector.js';
import { createOriginPolicy } from '../../src/access/origin.js';
import { Publisher } from '../../src/camera/publisher.js';
import { TokenBucket } from '../../src/shared/token-bucket.js';
import { Backoff } from '../../src/camera/backoff.js';
import { jpeg } from '../support/fake-opener.js';

const timeout = 10_000;

test('a close reason fits its frame, is whole characters, and begins as it was given', { timeout }, () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      const reason = closeReason(text);
      assert.ok(Buffer.byteLength(reason) <= 123);
      assert.ok(!reason.includes('\uFFFD') || text.includes('\uFFFD'));
      if (Buffer.byteLength(text) <= 123) assert.equal(reason, text);
      else assert.ok(reason.endsWith('…') && text.startsWith(reason.slice(0, -1)));
    }),
  );
  assert.equal(Buffer.byteLength(closeReason('x'.repeat(500))), 123);
});

test('a thinned stream keeps its rate, whatever the source’s', { timeout }, () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 60 }), (fps, sourceFps) => {
      const gate = new FrameRateLimit();
      let taken = 0;
      for (let i = 0; i < sourceFps * 20; i++) if (gate.takes(fps, (i * 1000) / sourceFps)) taken++;
      const wanted = Math.min(fps, sourceFps) * 20;
      assert.ok(taken <= wanted * 1.12 + 1, `${taken} of ${wanted}`);
      assert.ok(taken >= wanted * 0.5, `${taken} of ${wanted}`);
    }),
  );
});

test('after a pause the beat begins anew instead of catching up', { timeout }, () => {
  const gate = new FrameRateLimit();
  assert.equal(gate.takes(10, 0), true);
  assert.equal(gate.takes(10, 60_000), true);
  assert.equal(gate.takes(10, 60_010), false);
  assert.equal(gate.takes(null, 60_011), true);
});

test('a bucket gives its burst at once and then its rate, never more', { timeout }, () => {
  const steps = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 50 }),
      steps,
      (burst, perSecond, waits) => {
        const limit = new TokenBucket(burst, perSecond);
        let now = 0;
        let given = 0;
        for (const wait of waits) {
          now += wait;
          if (limit.take(now)) given++;
        }
        assert.ok(given <= burst + (now / 1000) * perSecond + 1e-6);
      },
    ),
  );
});

test(
  'a backoff never exceeds its longest pause and a fifth, also after a thousand failures',
  { timeout },
  () => {
    const backoff = new Backoff({ minMs: 1000, maxMs: 30_000, holdMs: 300_000 }, () => 1);
    for (let i = 0; i < 2000; i++) assert.ok(backoff.next('refused', 0) <= 36_000);
    assert.equal(backoff.next('unauthorized', 0), 360_000);
  },
);

test('a hold is never shorter than asked for', { timeout }, () => {
  const backoff = new Backoff({ minMs: 1000, maxMs: 30_000, holdMs: 300_000 }, () => 0);
  assert.equal(backoff.next('forbidden', 0), 300_000);
});

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

const refused = (code: string) => ({ name: 'RefusedError', code });

const FACTS = {
  method: 'get',
  path: '/',
  query: '',
  origin: '',
  referer: '',
  host: '',
  authorization: '',
  cookie: '',
};

function doorkeeper(limits: Partial<AdmissionLimits>, token?: string) {
  const clock = { now: 0 };
  const admission = new Admission(
    createAuth({
      tokens: token === undefined ? [] : [token],
      jwtSecret: token === undefined ? '' : 'x'.repeat(32),
    }),
    createOriginPolicy([]),
    { maxViewers: 100, maxPerAddress: 0, maxPerSecond: 0, maxFailuresPerMinute: 0, ...limits },
    false,
    () => clock.now,
  );
  return { admission, clock };
}

test('viewers are counted in and out by total and address', { timeout }, () => {
  const { admission } = doorkeeper({ maxViewers: 3, maxPerAddress: 2 });
  const exits = [admission.enter('a'), admission.enter('a')];
  assert.throws(() => admission.enter('a'), refused('too_many_viewers'));
  exits.push(admission.enter('b'));
  assert.throws(() => admission.enter('c'), refused('too_many_viewers'));
  assert.equal(admission.viewers, 3);
  for (const exit of exits) {
    exit();
    exit();
  }
  assert.equal(admission.viewers, 0);
});

test('an IPv6 client is its /64, whichever of its addresses it uses', { timeout }, async () => {
  const { admission } = doorkeeper({ maxPerAddress: 1, maxPerSecond: 1, maxFailuresPerMinute: 1 }, 'right');
  const [one, same, other] = [
    '2001:db8:0:7::1',
    '2001:0db8:0000:0007:ffff:0000:0000:0002',
    '2001:db8:0:8::1',
  ];
  admission.enter(one);
  assert.throws(() => admission.enter(same), refused('too_many_viewers'));
  admission.enter(other);
  admission.knock(one);
  assert.throws(() => {
    admission.knock(same);
  }, refused('too_many_connections'));
  admission.knock(other);
  const show = async (token: string, address: string): Promise<unknown> =>
    admission.authenticate({ ...FACTS, address }, token);
  await assert.rejects(show('wrong', one), refused('unauthenticated'));
  await assert.rejects(show('right', same), refused('too_many_failures'));
  await show('right', other);
});

test('an IPv4 client counts whole, also where a dual-stack socket shows it as IPv6', { timeout }, () => {
  const { admission } = doorkeeper({ maxPerAddress: 1 });
  admission.enter('192.0.2.1');
  admission.enter('192.0.2.2');
  for (const same of ['192.0.2.1', '::ffff:192.0.2.1', '0000:0000:0000:0000:0000:ffff:c000:0201'])
    assert.throws(() => admission.enter(same), refused('too_many_viewers'), same);
  admission.enter('0000:0000:0000:0000:0000:ffff:c000:0203');
  admission.enter('::1');
});

test('who knocks too often is refused, whatever became of the knocks before', { timeout }, () => {
  const { admission, clock } = doorkeeper({ maxPerSecond: 3 });
  for (let i = 0; i < 3; i++) admission.knock('a');
  assert.throws(() => admission.knock('a'), refused('too_many_connections'));
  admission.knock('b');
  clock.now = 1000;
  for (let i = 0; i < 3; i++) admission.knock('a');
});

test(
  'after too many wrong tokens an address has to wait, also with the right one; others do not',
  { timeout },
  async () => {
    const { admission, clock } = doorkeeper({ maxFailuresPerMinute: 2 }, 'right');
    const show = async (token: string | undefined, address = 'a'): Promise<string> =>
      (await admission.authenticate({ ...FACTS, address }, token)).subject;
    await show('right');
    for (let i = 0; i < 5; i++) await assert.rejects(show(undefined), refused('unauthenticated'));
    for (let i = 0; i < 2; i++) await assert.rejects(show('wrong'), refused('unauthenticated'));
    await assert.rejects(show('wrong'), refused('too_many_failures'));
    await assert.rejects(show('right'), refused('too_many_failures'));
    assert.equal(await show('right', 'b'), 'token:1');
    clock.now = 30_000;
    assert.equal(await show('right'), 'token:1');
    // A JSON Web Token is judged later than at once.
    await assert.rejects(show('e30.e30.e30'), refused('unauthenticated'));
    await assert.rejects(show('e30.e30.e30'), refused('too_many_failures'));
  },
);

test('a rate forgets the address that was heard of longest ago', { timeout }, () => {
  const rates = new AddressRates(1, 0);
  assert.equal(rates.take('first', 0), true);
  assert.equal(rates.has('first', 0), false);
  for (let i = 0; i < 10_000; i++) rates.take(`other ${i}`, 0);
  assert.equal(rates.has('first', 0), true);
  assert.equal(rates.has('other 9999', 0), false);
});

test(
  'a frame goes to the topic and to the sinks of its own rendition, and the newest is kept',
  { timeout },
  () => {
    const topics: string[] = [];
    const publisher = new Publisher('cam', '640x360q50', (topic) => topics.push(topic));
    const frame = (key: '640x360q50' | '320x180q50', picture: number) =>
      publisher.deliver({ type: 'frame', key, jpeg: jpeg(picture), capturedAt: picture, encodeMs: 1 });
    assert.equal(frame('640x360q50', 1), null, 'nobody wants it');
    const channel = publisher.channel('640x360q50');
    const small = publisher.channel('320x180q50');
    const seen: number[] = [];
    const once = {
      frame: ({ sequence }: { sequence: number }) => {
        seen.push(sequence);
        channel.sinks.delete(once);
      },
    };
    channel.sinks.add(once);
    frame('640x360q50', 2);
    frame('640x360q50', 3);
    frame('320x180q50', 4);
    assert.deepEqual(seen, [1]);
    assert.deepEqual(topics, ['cam', 'cam', 'cam@320x180q50']);
    assert.deepEqual([channel.latest?.sequence, small.latest?.capturedAt], [2, 4]);
    publisher.drop('320x180q50');
    assert.notEqual(publisher.channel('320x180q50'), small, 'it was let go');
  },
);
