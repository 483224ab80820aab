import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isIn } from '../../src/access/client-network.js';
import { type Client, clientOf, type ForwardingHeaders } from '../../src/access/forwarded.js';
import { RefusedError } from '../../src/shared/errors.js';
import { parseRange } from '../../src/source/address-ranges.js';
import { cpuMs } from '../support/cpu-time.js';

const timeout = 30_000;

const trusts = isIn(['10.0.0.0/8', 'fd00::/8'].flatMap((text) => parseRange(text) ?? []));
const PEER = '10.0.0.1';
const NONE: ForwardingHeaders = { forwarded: '', forwardedFor: '', forwardedProto: '' };

const ask = (headers: Partial<ForwardingHeaders>): Client => clientOf(PEER, { ...NONE, ...headers }, trusts);
const byOld = (forwardedFor: string): string => ask({ forwardedFor }).address;
const byStandard = (forwarded: string): string => ask({ forwarded }).address;

test('a proxy that says nothing is the client itself', { timeout }, () => {
  assert.deepEqual(ask({}), { address: PEER, secure: null });
});

test(
  'the client is the last address that is no trusted proxy, whatever stands before it',
  { timeout },
  () => {
    for (const [list, client] of [
      ['203.0.113.7', '203.0.113.7'],
      ['1.1.1.1, 203.0.113.7', '203.0.113.7'],
      ['127.0.0.1,10.9.9.9 , 203.0.113.7,10.0.0.2', '203.0.113.7'],
      ['203.0.113.7, 10.0.0.3, fd00::2', '203.0.113.7'],
      ['10.0.0.4, 10.0.0.3', '10.0.0.4'],
      ['garbage, 203.0.113.7', '203.0.113.7'],
      [',,203.0.113.7,', '203.0.113.7'],
      ['::ffff:10.0.0.2', '::ffff:10.0.0.2'],
      ['203.0.113.7, ::ffff:10.0.0.2', '203.0.113.7'],
    ] as const)
      assert.equal(byOld(list), client, list);
  },
);

test('ports, brackets, quotes and zones are no part of an address', { timeout }, () => {
  for (const [list, client] of [
    ['203.0.113.7:4711', '203.0.113.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['fe80::7%eth0', 'fe80::7'],
  ] as const)
    assert.equal(byOld(list), client, list);
  for (const [list, client] of [
    ['for=203.0.113.7', '203.0.113.7'],
    ['For="203.0.113.7:4711";proto=https;by=10.0.0.1', '203.0.113.7'],
    ['for="[2001:db8::7]:4711"', '2001:db8::7'],
    ['for=203.0.113.7:4711', '203.0.113.7'],
    ['for=1.1.1.1, for="[2001:db8:cafe::17]" ; host="a,b;c" , for=10.0.0.2', '2001:db8:cafe::17'],
    ['for="\\2\\03.0.113.7"', '203.0.113.7'],
  ] as const)
    assert.equal(byStandard(list), client, list);
});

test('where a trusted proxy does not tell, it counts itself', { timeout }, () => {
  assert.equal(byOld('203.0.113.7, unknown'), PEER);
  assert.equal(byOld('203.0.113.7, nonsense, 10.0.0.2'), '10.0.0.2');
  assert.equal(byStandard('for=203.0.113.7, for=_hidden'), PEER);
  assert.equal(byStandard('for=203.0.113.7, proto=https'), PEER);
});

test('the scheme is what the client spoke, not what a proxy in between did', { timeout }, () => {
  for (const [headers, secure] of [
    [{ forwardedFor: '203.0.113.7', forwardedProto: 'https' }, true],
    [{ forwardedFor: '203.0.113.7, 10.0.0.2', forwardedProto: 'https, http' }, true],
    [{ forwardedFor: '1.1.1.1, 203.0.113.7', forwardedProto: 'https,http' }, false],
    [{ forwardedFor: '203.0.113.7, 10.0.0.2', forwardedProto: 'HTTPS' }, true],
    [{ forwardedProto: 'wss' }, true],
    [{ forwardedProto: 'gopher' }, null],
    [{ forwarded: 'for=203.0.113.7;proto=https, for=10.0.0.2;proto=http' }, true],
    [{ forwarded: 'for=203.0.113.7', forwardedProto: 'https' }, true],
    [{ forwardedFor: '203.0.113.7' }, null],
  ] as const)
    assert.equal(ask(headers).secure, secure, JSON.stringify(headers));
});

test('two headers that contradict each other are refused', { timeout }, () => {
  const refused = (headers: Partial<ForwardingHeaders>, message: RegExp): void => {
    assert.throws(() => ask(headers), { name: 'RefusedError', code: 'bad_parameter', message });
  };
  refused(
    { forwarded: 'for=1.1.1.1', forwardedFor: '203.0.113.7' },
    /different clients: have the proxy set one/,
  );
  refused({ forwarded: 'for=1.1.1.1;proto=https', forwardedProto: 'http' }, /different schemes/);
  refused({ forwardedFor: '203.0.113.7', forwardedProto: 'https, http' }, /several schemes/);
  assert.equal(
    ask({ forwarded: 'for="[2001:db8::7]"', forwardedFor: '2001:db8:0::7' }).address,
    '2001:db8::7',
  );
});

test(
  'a Forwarded that cannot be read is refused: an open quote would hide what the proxy added',
  { timeout },
  () => {
    for (const forwarded of [
      'for="1.1.1.1, for=203.0.113.7',
      'for=1.1.1.1 for=203.0.113.7',
      'for',
      'for=',
      '203.0.113.7',
      'for=203.0.113.7;for=1.1.1.1',
      'for = 203.0.113.7',
    ])
      assert.throws(() => byStandard(forwarded), { code: 'bad_parameter' }, forwarded);
  },
);

test('whatever a client writes, what the proxy adds behind it decides', { timeout }, () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'for=10.2;,:[]" \t\\unknow'.split('')) }), (written) => {
      assert.equal(byOld(`${written}, 203.0.113.7`), '203.0.113.7');
      try {
        assert.equal(byStandard(`${written}, for=203.0.113.7`), '203.0.113.7');
      } catch (error) {
        assert.ok(error instanceof RefusedError, String(error));
      }
    }),
  );
});

test('a header as long as the server takes one costs next to nothing', { timeout }, () => {
  const began = cpuMs();
  for (const unit of [' ', ',', ';', '"', 'for=1.1.1.1,', '10.0.0.2, ', 'for="\\']) {
    const text = unit.repeat(16_384 / unit.length);
    for (const headers of [{ forwarded: text }, { forwardedFor: text }, { forwardedProto: text }])
      try {
        ask(headers);
      } catch (error) {
        assert.ok(error instanceof RefusedError, String(error));
      }
  }
  assert.ok(cpuMs() - began < 1000);
});
