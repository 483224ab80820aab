import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SourceHasher } from '../../src/cluster/ownership/source-hash.js';
import { parseRtspUrl } from '../../src/source/rtsp-url.js';

const timeout = 30_000;

const hashOf = (secret: string, url: string, cluster = 'walls'): string =>
  new SourceHasher(secret, cluster).hash(parseRtspUrl(url).identity);

test('the same source has the same hash on every node of a cluster', { timeout }, () => {
  const url = 'rtsp://admin:geheim@10.0.0.1/stream';
  assert.equal(hashOf('secret', url), hashOf('secret', 'rtsp://admin:geheim@10.0.0.1:554/stream'));
  assert.match(hashOf('secret', url), /^[A-Za-z0-9_-]{22}$/);
});

test('another host, path, user or password is another hash', { timeout }, () => {
  const urls = ['//u:a@h/s', '//u:b@h/s', '//v:a@h/s', '//u:a@i/s', '//u:a@h/t', '//h/s'].map(
    (url) => `rtsp:${url}`,
  );
  assert.equal(new Set(urls.map((url) => hashOf('secret', url))).size, urls.length);
});

test('without the secret nobody can make the hash, and two clusters never share one', { timeout }, () => {
  const url = 'rtsp://u:a@h/s';
  assert.equal(new Set([hashOf('one', url), hashOf('two', url), hashOf('one', url, 'other')]).size, 3);
});

test('nodes can compare their secrets without telling them', { timeout }, () => {
  assert.equal(new SourceHasher('one', 'walls').check, new SourceHasher('one', 'walls').check);
  assert.notEqual(new SourceHasher('one', 'walls').check, new SourceHasher('two', 'walls').check);
});
