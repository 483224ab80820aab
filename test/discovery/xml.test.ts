import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { envelope, probe, PROBED_TYPES, usernameToken } from '../../src/discovery/envelopes.js';
import { parseProbeMatch, serviceUrl } from '../../src/discovery/probe-match.js';
import { chooseProfiles } from '../../src/discovery/profiles.js';
import { find, findAll, parseXml, textOf, XmlError } from '../../src/discovery/xml-tree.js';
import { probeMatch } from './onvif-device.js';

const timeout = 30_000;
const bytes = (text: string): Buffer => Buffer.from(text);

test('elements are found by their names, whatever prefixes they have', { timeout }, () => {
  const root = parseXml(
    bytes(
      '\ufeff<?xml version="1.0"?>\n<a:x xmlns:a="urn:a"><a:y k="1&amp;2"> t <![CDATA[<c>]]></a:y><y xmlns="urn:b"/></a:x>',
    ),
  );
  assert.equal(root.name, 'x');
  assert.equal(textOf(root, 'y'), 't <c>');
  assert.equal(find(root, 'y')?.attributes.get('k'), '1&2');
  assert.equal(findAll(root, 'y').length, 2);
  assert.equal(textOf(root, 'no', 'such'), '');
});

for (const [what, text] of [
  ['a document type', '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'],
  ['an entity of its own', '<x>&secret;</x>'],
  ['an unbound prefix', '<a:x/>'],
  ['two roots', '<x/><y/>'],
  ['nothing', ''],
  ['an open end', '<x><y>'],
] as const)
  test(`XML with ${what} is none`, { timeout }, () => {
    assert.throws(() => parseXml(bytes(text)), XmlError);
  });

test('whatever bytes come, they are XML or an XmlError, and a probe match or null', { timeout }, () => {
  const good = probeMatch('urn:uuid:1', 'http://192.0.2.7/onvif/device_service');
  const cut = fc
    .tuple(fc.nat(good.length), fc.nat(good.length), fc.string())
    .map(([a, b, text]) => good.slice(0, a) + text + good.slice(b));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), cut.map(bytes)), (datagram) => {
      const device = parseProbeMatch(datagram, '192.0.2.7', ['urn:uuid:1']);
      if (device?.service) assert.equal(device.service.hostname, '192.0.2.7');
      try {
        parseXml(datagram);
      } catch (error) {
        assert.ok(error instanceof XmlError);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a probe match speaks for the host that it came from', { timeout }, () => {
  const match = (addresses: string) =>
    parseProbeMatch(bytes(probeMatch('urn:uuid:1', addresses)), '192.0.2.7', ['urn:uuid:1']);
  const both = match('http://169.254.1.1/x https://192.0.2.7/y http://192.0.2.7:8080/z http://[fe80::1]/');
  assert.equal(both?.service?.href, 'http://192.0.2.7:8080/z');
  assert.deepEqual(both.foreign, ['169.254.1.1']);
  assert.equal(both.name, 'Front door X1');
  for (const addresses of [
    '',
    'ftp://192.0.2.7/',
    'http://u:p@192.0.2.7/',
    'http://cam.lan/',
    'http://192.0.2.7.evil.example/',
  ])
    assert.equal(match(addresses)?.service, null, addresses);
  assert.equal(serviceUrl(`http://192.0.2.7/${'x'.repeat(600)}`), null);
});

test('what is sent is XML, also with a user that has marks in his name', { timeout }, () => {
  const login = { username: '<&">', password: 'userpassword' };
  const nonce = Buffer.from('LKqI6G/AikKCQrN0zqZFlg==', 'base64');
  const token = usernameToken(login, new Date('2010-09-16T07:50:45Z'), nonce);
  const security = find(parseXml(bytes(envelope('<x/>', token))), 'Header', 'Security', 'UsernameToken');
  assert.equal(textOf(security, 'Username'), '<&">');
  assert.equal(textOf(security, 'Created'), '2010-09-16T07:50:45Z');
  // The example of ONVIF's Application Programmer's Guide.
  assert.equal(textOf(security, 'Password'), 'tuOSpGlFlIXsozq4HFNeeGeFLEI=');
  for (const type of PROBED_TYPES)
    assert.equal(textOf(parseXml(bytes(probe('urn:uuid:1', type))), 'Body', 'Probe', 'Types'), type);
});

test('a tile gets the smallest profile that fills it, a tile in focus the largest', { timeout }, () => {
  const profile = (encoding: string, width: number, height: number) => ({
    token: `${width}`,
    encoding,
    width,
    height,
  });
  const widths = (all: Parameters<typeof chooseProfiles>[0]) => {
    const { small, main } = chooseProfiles(all);
    return [small?.width, main?.width];
  };
  const four = [
    profile('H264', 1920, 1080),
    profile('H264', 320, 180),
    profile('H265', 640, 360),
    profile('JPEG', 480, 270),
  ];
  assert.deepEqual(widths(four), [640, 1920]);
  assert.deepEqual(widths([profile('H264', 320, 180)]), [320, undefined]);
  assert.deepEqual(widths([profile('JPEG', 640, 480)]), [640, undefined]);
  assert.deepEqual(widths([]), [undefined, undefined]);
});
