import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission, type AdmissionLimits } from '../../src/access/admission.js';
import { createAuth, type Grant } from '../../src/access/auth.js';
import { createOriginPolicy } from '../../src/access/origin.js';

const timeout = 30_000;

const refused = (code: string) => ({ name: 'RefusedError', code });

const FACTS = {
  method: 'get',
  path: '/',
  query: '',
  origin: '',
  referer: '',
  fetchSite: '',
  host: '',
  authorization: '',
  cookie: '',
  secure: false,
  user: null,
  refusal: null,
};

const queryOf = (token?: string): string => (token === undefined ? '' : `token=${token}`);

/** As on the paths that show pictures. */
const attempt = async (admission: Admission, address: string, token?: string): Promise<Grant> =>
  admission.admit('watch', { ...FACTS, query: queryOf(token), address }, ({ grant }) => grant);

/** As on all other paths. */
const identify = async (admission: Admission, address: string, token?: string): Promise<Grant> =>
  admission.admit('read', { ...FACTS, query: queryOf(token), address }, ({ grant }) => grant);

function admissionWith(limits: Partial<AdmissionLimits>, token?: string) {
  const clock = { now: 0 };
  const admission = new Admission(
    createAuth({
      tokens: token === undefined ? [] : [token, 'right too'],
      jwtSecret: token === undefined ? '' : 'x'.repeat(32),
    }),
    createOriginPolicy([]),
    { maxViewers: 100, maxPerAddress: 0, maxPerSecond: 0, maxFailuresPerMinute: 0, ...limits },
    () => clock.now,
  );
  return { admission, clock };
}

test('viewers are counted in and out by total and address', { timeout }, () => {
  const { admission } = admissionWith({ maxViewers: 3, maxPerAddress: 2 });
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
  const { admission } = admissionWith(
    { maxPerAddress: 1, maxPerSecond: 1, maxFailuresPerMinute: 1 },
    'right',
  );
  const [one, same, other] = [
    '2001:db8:0:7::1',
    '2001:0db8:0000:0007:ffff:0000:0000:0002',
    '2001:db8:0:8::1',
  ];
  admission.enter(one);
  assert.throws(() => admission.enter(same), refused('too_many_viewers'));
  admission.enter(other);
  // In this order the rate of attempts is judged before any token.
  await attempt(admission, one, 'right too');
  await assert.rejects(attempt(admission, same, 'right'), refused('too_many_connections'));
  await attempt(admission, other, 'right');
  const show = (token: string, address: string): Promise<Grant> => identify(admission, address, token);
  await assert.rejects(show('wrong', one), refused('unauthenticated'));
  await assert.rejects(show('right', same), refused('too_many_failures'));
  await show('right', other);
});

test('an IPv4 client counts whole, also where a dual-stack socket shows it as IPv6', { timeout }, () => {
  const { admission } = admissionWith({ maxPerAddress: 1 });
  admission.enter('192.0.2.1');
  admission.enter('192.0.2.2');
  for (const same of ['192.0.2.1', '::ffff:192.0.2.1', '0000:0000:0000:0000:0000:ffff:c000:0201'])
    assert.throws(() => admission.enter(same), refused('too_many_viewers'), same);
  admission.enter('0000:0000:0000:0000:0000:ffff:c000:0203');
  admission.enter('::1');
});

test('who connects too often is refused, whatever became of the attempts before', { timeout }, async () => {
  const { admission, clock } = admissionWith({ maxPerSecond: 3 }, 'right');
  await attempt(admission, 'a', 'right');
  for (let i = 0; i < 2; i++)
    await assert.rejects(attempt(admission, 'a', 'wrong'), refused('unauthenticated'));
  await assert.rejects(attempt(admission, 'a', 'right'), refused('too_many_connections'));
  await attempt(admission, 'b', 'right');
  clock.now = 1000;
  for (let i = 0; i < 3; i++) await attempt(admission, 'a', 'right');
});

test('requests that watch nothing are no attempts', { timeout }, async () => {
  const { admission } = admissionWith({ maxPerSecond: 1 }, 'right');
  for (let i = 0; i < 5; i++) await identify(admission, 'a', 'right');
  await attempt(admission, 'a', 'right');
});

test(
  'who is admitted gets the query read once, and is told before its token what is wrong with it',
  { timeout },
  async () => {
    const { admission } = admissionWith({}, 'right');
    const query = 'token=right&camera_index=gate';
    const parameters = await admission.admit(
      'watch',
      { ...FACTS, query, address: 'a' },
      (admitted) => admitted.parameters,
    );
    assert.deepEqual(
      [...parameters],
      [
        ['token', 'right'],
        ['camera_index', 'gate'],
      ],
    );
    assert.throws(
      () => admission.admit('watch', { ...FACTS, query: 'token=wrong&x=%zz', address: 'a' }, () => 0),
      refused('bad_parameter'),
    );
  },
);

test(
  'after too many wrong tokens an address has to wait, also with the right one; others do not',
  { timeout },
  async () => {
    const { admission, clock } = admissionWith({ maxFailuresPerMinute: 2 }, 'right');
    const show = async (token: string | undefined, address = 'a'): Promise<string> =>
      (await identify(admission, address, token)).subject;
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

test(
  'a token that was right before is let in beside the wrong ones of its address',
  { timeout },
  async () => {
    const { admission } = admissionWith({ maxFailuresPerMinute: 2 }, 'right');
    await identify(admission, 'a', 'right');
    for (let i = 0; i < 2; i++)
      await assert.rejects(identify(admission, 'a', 'wrong'), refused('unauthenticated'));
    assert.equal((await identify(admission, 'a', 'right')).subject, 'token:1');
    await assert.rejects(identify(admission, 'a', 'wrong'), refused('too_many_failures'));
  },
);

const FOREIGN = { fetchSite: 'cross-site', address: 'a' };

test("a foreign page's pictures are refused before anything is counted", { timeout }, async () => {
  const { admission } = admissionWith({ maxPerSecond: 1, maxFailuresPerMinute: 1 }, 'right');
  for (const purpose of ['watch', 'read'] as const)
    for (let i = 0; i < 3; i++)
      assert.throws(
        () => admission.admit(purpose, { ...FACTS, ...FOREIGN, query: 'token=wrong' }, () => 0),
        refused('origin_denied'),
      );
  await attempt(admission, 'a', 'right');
});

test(
  'wrong tokens in links of foreign pages are counted apart from those of the visitor',
  { timeout },
  async () => {
    const { admission } = admissionWith({ maxFailuresPerMinute: 1 }, 'right');
    const link = (token: string) => () =>
      admission.admit('page', { ...FACTS, ...FOREIGN, query: `token=${token}` }, () => 'shown');
    assert.equal(link('right')(), 'shown');
    assert.throws(link('wrong'), refused('unauthenticated'));
    assert.throws(link('wrong'), refused('too_many_failures'));
    await assert.rejects(identify(admission, 'a', 'wrong'), refused('unauthenticated'));
  },
);
