import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fetchText, startTarget, type Target } from './target.js';

/** Headers of every answer, and that what users send never becomes markup. */

const timeout = 60_000;
let target: Target;

before(async () => (target = await startTarget()), { timeout });
after(() => target.close(), { timeout });

const PATHS = [
  '/',
  '/healthz',
  '/readyz',
  '/metrics',
  '/api/cameras',
  '/snapshot?camera_index=honest',
  '/snapshot',
  '/nowhere',
  '/..%2f..%2fetc%2fpasswd',
];

test(
  'every answer forbids guessing its type, sending its address on, and use by other sites',
  { timeout },
  async () => {
    for (const path of PATHS) {
      const response = await fetch(target.service.url + path);
      await response.arrayBuffer();
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff', path);
      assert.equal(response.headers.get('referrer-policy'), 'no-referrer', path);
      assert.equal(response.headers.get('cross-origin-resource-policy'), 'same-origin', path);
      assert.equal(response.headers.get('access-control-allow-origin'), null, path);
    }
  },
);

test(
  'the page may run only scripts and styles of this service, none inline, and holds none',
  { timeout },
  async () => {
    const response = await fetch(target.service.url);
    const page = await response.text();
    // Without a build of the page there is none to look at; the policy is tested with what there is.
    if (response.status === 404) return;
    const policy = new Map(
      (response.headers.get('content-security-policy') ?? '')
        .split('; ')
        .map((entry) => [entry.split(' ')[0] ?? '', entry]),
    );
    assert.equal(policy.get('default-src'), "default-src 'none'");
    assert.equal(policy.get('script-src'), "script-src 'self'");
    assert.equal(policy.get('style-src'), "style-src 'self'");
    assert.equal(policy.get('base-uri'), "base-uri 'none'");
    assert.ok(policy.has('frame-ancestors') && policy.has('form-action') && policy.has('connect-src'));
    assert.ok(
      ![...policy.values()].some((entry) => /unsafe|\*|https?:/.test(entry)),
      'something is let through',
    );
    assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:/i);
  },
);

test('markup that a client sends comes back as data or not at all', { timeout }, async () => {
  const markup = '<script>alert(1)</script>';
  const encoded = encodeURIComponent(markup);
  const paths = [
    `/${encoded}`,
    `/snapshot?camera_index=${encoded}`,
    `/snapshot?camera_index=a&rtsp=${encoded}`,
    `/snapshot?${encoded}=1&${encoded}=2`,
    `/?token=${encoded}`,
  ];
  for (const path of paths) {
    const response = await fetch(target.service.url + path);
    const text = await response.text();
    assert.ok(!text.includes(markup), path);
    assert.doesNotMatch(response.headers.get('set-cookie') ?? '', /[<>"]/, path);
    if (path !== `/?token=${encoded}`)
      assert.match(response.headers.get('content-type') ?? '', /^(application\/json|text\/plain)/);
  }
  assert.ok(!(await fetchText(target.service, '/metrics')).includes('alert(1)'));
});

test('no path of a request reaches the file system', { timeout }, async () => {
  for (const path of [
    '/../package.json',
    '/..%2fpackage.json',
    '/dist/src/main.js',
    '//etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/.env',
    '/index.html%00',
  ])
    assert.ok((await fetch(target.service.url + path)).status >= 400, path);
});
