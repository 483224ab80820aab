import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closeReason } from '../../src/shared/close-reason.js';
import { RefusedError } from '../../src/shared/errors.js';
import { createOriginPolicy, type OriginRequest } from '../../src/access/origin.js';

const timeout = 30_000;

function passes(request: OriginRequest, allowed: readonly string[] = []): boolean {
  try {
    createOriginPolicy(allowed).judge(request);
    return true;
  } catch (error) {
    assert.ok(error instanceof RefusedError, String(error));
    assert.equal(error.code, 'origin_denied');
    assert.equal(error.close, 4403);
    assert.match(error.message, /ALLOWED_ORIGINS/);
    assert.equal(closeReason(error.message), error.message);
    return false;
  }
}

test('a program that sends no Origin passes', { timeout }, () => {
  assert.ok(passes({ host: 'wall.example:8003', secure: false }));
  assert.ok(passes({ origin: '', host: 'wall.example:8003', secure: false }));
  assert.ok(passes({ secure: true }));
});

for (const [origin, host, secure] of [
  ['http://wall.example:8003', 'wall.example:8003', false],
  ['https://wall.example:8003', 'wall.example:8003', true],
  ['http://wall.example', 'wall.example', false],
  ['http://wall.example', 'wall.example:80', false],
  ['http://wall.example:80', 'wall.example', false],
  ['https://wall.example', 'wall.example', true],
  ['https://wall.example', 'wall.example:443', true],
  ['http://WALL.example:8003', 'wall.Example:8003', false],
  ['http://127.0.0.1:8003', '127.0.0.1:8003', false],
  ['http://[::1]:8003', '[::1]:8003', false],
  ['http://localhost:8003', 'localhost:8003', false],
] as const) {
  test(`the page ${origin} may connect to its own host ${host}`, { timeout }, () => {
    assert.ok(passes({ origin, host, secure }));
  });
}

test('behind a proxy that ends TLS an https page may connect although we speak http', { timeout }, () => {
  assert.ok(passes({ origin: 'https://wall.example', host: 'wall.example', secure: false }));
  assert.ok(passes({ origin: 'https://wall.example', host: 'wall.example:443', secure: false }));
  assert.ok(passes({ origin: 'https://wall.example:8443', host: 'wall.example:8443', secure: false }));
});

for (const [origin, host, secure] of [
  ['http://evil.example', 'wall.example', false],
  ['http://evil.example:8003', 'wall.example:8003', false],
  ['http://wall.example:8004', 'wall.example:8003', false],
  ['http://wall.example', 'wall.example:8003', false],
  ['https://wall.example', 'wall.example:80', false],
  ['http://wall.example', 'wall.example:443', false],
  ['http://wall.example', 'wall.example', true],
  ['http://wall.example:443', 'wall.example', true],
  ['http://wall.example.evil.example', 'wall.example', false],
  ['http://xwall.example', 'wall.example', false],
  ['http://sub.wall.example', 'wall.example', false],
  ['http://wall.example@evil.example', 'wall.example', false],
  ['http://evil.example/wall.example', 'wall.example', false],
  ['http://evil.example#wall.example', 'wall.example', false],
  ['http://wall.example/', 'wall.example', false],
  ['http://wall.example http://wall.example', 'wall.example', false],
  ['ftp://wall.example', 'wall.example', false],
  ['file://', '', false],
  ['http://', '', false],
  ['://', '', false],
  ['wall.example', 'wall.example', false],
  ['http://wall.example', '', false],
  ['null', 'wall.example', false],
  ['null', 'null', false],
  ['*', 'wall.example', false],
  ['<script>', '<script>', false],
] as const) {
  test(
    `the origin "${origin}" may not connect to ${host} ${secure ? 'over TLS' : ''} without permission`,
    { timeout },
    () => {
      assert.ok(!passes({ origin, host, secure }));
      assert.ok(!passes({ origin, host, secure }, ['https://other.example', 'http://evil.example:1']));
      assert.ok(passes({ origin, host, secure }, ['*']));
    },
  );
}

test(
  'a listed origin passes exactly, with default ports and a final slash of the entry left out',
  { timeout },
  () => {
    const allowed = [
      'https://wall.example',
      'http://kiosk:8080/',
      'capacitor://localhost',
      'https://Up.Example:443',
    ];
    const from = (origin: string) => passes({ origin, host: 'cams.example:8003', secure: false }, allowed);
    for (const origin of [
      'https://wall.example',
      'https://wall.example:443',
      'http://kiosk:8080',
      'capacitor://localhost',
      'https://up.example',
    ]) {
      assert.ok(from(origin), origin);
    }
    for (const origin of [
      'http://wall.example',
      'https://wall.example:8443',
      'http://kiosk',
      'https://kiosk:8080',
      'capacitor://x',
      'null',
    ]) {
      assert.ok(!from(origin), origin);
    }
  },
);

test('sandboxed pages, whose origin is null, pass only where null is listed', { timeout }, () => {
  assert.ok(passes({ origin: 'null', host: 'cams.example', secure: false }, ['null']));
  assert.ok(!passes({ origin: 'https://evil.example', host: 'cams.example', secure: false }, ['null']));
  assert.ok(!passes({ origin: 'null', host: 'cams.example', secure: false }, ['https://null']));
});

test('wrong entries of the list are named', { timeout }, () => {
  const wrong = [
    'wall.example',
    'https://wall.example/page',
    'https://*.example',
    'https://a b',
    '',
    'https://u@wall.example',
  ];
  const { problems } = createOriginPolicy([...wrong, 'https://fine.example', '*', 'null']);
  assert.deepEqual(
    problems.map((problem) => /^ALLOWED_ORIGINS: "(.*)" is no origin/.exec(problem)?.[1]),
    wrong,
  );
});

test(
  'a refusal names the origin if it is short and well-formed, and nothing else of the request',
  { timeout },
  () => {
    const message = (origin: string): string => {
      try {
        createOriginPolicy([]).judge({ origin, host: 'cams.example', secure: false });
      } catch (error) {
        if (error instanceof RefusedError) return error.message;
      }
      return assert.fail('passed');
    };
    assert.equal(
      message('https://evil.example'),
      'origin https://evil.example is not allowed: add it to ALLOWED_ORIGINS',
    );
    assert.equal(message('null'), 'origin null is not allowed: add it to ALLOWED_ORIGINS');
    assert.equal(
      message(`https://${'e'.repeat(99)}.example`),
      'this origin is not allowed: add it to ALLOWED_ORIGINS',
    );
    assert.equal(message('<script>'), 'this origin is not allowed: add it to ALLOWED_ORIGINS');
  },
);

const name = fc.string({ unit: fc.constantFrom(...'ab.'.split('')), minLength: 1, maxLength: 4 });
const port = fc.option(fc.constantFrom(80, 443, 8003), { nil: undefined });
const authority = fc.tuple(name, port).map(([host, p]) => (p === undefined ? host : `${host}:${p}`));

test(
  'an http or https origin passes without permission only if its host is that of the request',
  { timeout },
  () => {
    fc.assert(
      fc.property(
        fc.constantFrom('http', 'https'),
        authority,
        authority,
        fc.boolean(),
        (scheme, page, host, secure) => {
          const sameName = page.split(':')[0] === host.split(':')[0];
          const samePort = page.split(':')[1] === host.split(':')[1];
          const passed = passes({ origin: `${scheme}://${page}`, host, secure });
          if (!sameName) assert.ok(!passed);
          if (sameName && samePort && (scheme === 'https' || !secure)) assert.ok(passed);
        },
      ),
      { numRuns: 1000 },
    );
  },
);

test('whatever the headers are, the answer is yes or a refusal', { timeout }, () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(...'htps:/.[]@0aA*'.split('')), maxLength: 30 }),
  );
  fc.assert(
    fc.property(
      text,
      text,
      fc.boolean(),
      fc.array(text, { maxLength: 2 }),
      (origin, host, secure, allowed) => {
        passes({ origin, host, secure }, allowed);
      },
    ),
    { numRuns: 1000 },
  );
});

test(
  'pictures may be shown by pages of listed origins, told by their Referer, and by no others',
  { timeout },
  () => {
    const listed = createOriginPolicy(['https://home.example:8443', 'http://kiosk.example']);
    for (const referer of [
      'https://home.example:8443/',
      'https://home.example:8443/cameras?a=1#b',
      'https://HOME.example:8443',
      'http://kiosk.example:80/x',
    ])
      assert.ok(listed.mayEmbed(referer), referer);
    for (const referer of [
      '',
      'https://evil.example/',
      'https://evil.example/https://home.example:8443/',
      'https://home.example:8443@evil.example/',
      'https://home.example/',
      'http://home.example:8443/',
      'https://home.example:8443.evil.example/',
      'null',
      '//home.example:8443/',
    ])
      assert.ok(!listed.mayEmbed(referer), referer);
    assert.ok(!createOriginPolicy([]).mayEmbed(''));
    assert.ok(!createOriginPolicy([]).mayEmbed('https://wall.example/'));
    assert.ok(createOriginPolicy(['*']).mayEmbed(''));
    assert.ok(createOriginPolicy(['*']).mayEmbed('https://any.example/'));
    // Any site can put a page into a sandbox, so whoever lists `null` lets all of them in.
    assert.ok(createOriginPolicy(['null']).mayEmbed(''));
    assert.ok(!createOriginPolicy(['null']).mayEmbed('https://any.example/'));
  },
);

test('a request without Origin is foreign by Sec-Fetch-Site, or else by its Referer', { timeout }, () => {
  const policy = createOriginPolicy(['https://wall.example:8443']);
  const isForeign = (fetchSite: string, referer: string, host = 'cams.example:8003') =>
    policy.isForeign({ fetchSite, referer, host, secure: false });
  for (const [fetchSite, referer] of [
    ['', ''],
    ['none', ''],
    ['same-origin', ''],
    ['', 'http://cams.example:8003/x?y'],
    ['same-site', 'http://cams.example:8003/'],
    ['cross-site', 'https://wall.example:8443/'],
    ['', 'https://WALL.example:8443/a'],
  ] as const)
    assert.equal(isForeign(fetchSite, referer), false, `${fetchSite} ${referer}`);
  for (const [fetchSite, referer] of [
    ['cross-site', ''],
    ['same-site', ''],
    ['Cross-Site', ''],
    ['what-comes-next', ''],
    ['', 'http://cams.example:8004/'],
    ['', 'http://evil.example/cams.example:8003'],
    ['', 'http://cams.example:8003@evil.example/'],
    ['cross-site', 'https://wall.example/'],
    ['', 'about:blank'],
  ] as const)
    assert.equal(isForeign(fetchSite, referer), true, `${fetchSite} ${referer}`);
  const any = createOriginPolicy(['*']);
  assert.equal(any.isForeign({ fetchSite: 'cross-site', secure: false }), false);
  const sandboxed = createOriginPolicy(['null']);
  assert.equal(sandboxed.isForeign({ fetchSite: 'cross-site', secure: false }), false);
  assert.equal(sandboxed.isForeign({ referer: 'http://evil.example/', secure: false }), true);
});
