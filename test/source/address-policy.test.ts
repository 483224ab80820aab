import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import {
  createAddressPolicy,
  resolveTarget,
  systemLookup,
  type Lookup,
} from '../../src/source/address-policy.js';
import { CameraError, RefusedError } from '../../src/shared/errors.js';
import { parseRtspUrl } from '../../src/source/rtsp-url.js';

const timeout = 30_000;
const open = createAddressPolicy({ allow: [], deny: [] });
const policy = (allow: string[], deny: string[] = []) => createAddressPolicy({ allow, deny });

/** A resolver that knows these names and counts what it is asked. */
function resolver(names: Readonly<Record<string, readonly string[]>>): { lookup: Lookup; asked: string[] } {
  const asked: string[] = [];
  const lookup: Lookup = (host) => {
    asked.push(host);
    const found = Object.hasOwn(names, host) ? names[host] : undefined;
    if (found) return Promise.resolve(found);
    return Promise.reject(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }));
  };
  return { lookup, asked };
}

const rejectsWith = (code: string, detail: RegExp) => (error: unknown) => {
  assert.ok(error instanceof CameraError, String(error));
  assert.equal(error.code, code);
  assert.match(error.detail, detail);
  return true;
};

for (const [address, why] of [
  ['0.0.0.0', /unspecified/],
  ['0.1.2.3', /unspecified/],
  ['169.254.1.1', /link-local/],
  ['169.254.169.254', /metadata/],
  ['169.254.170.2', /metadata/],
  ['100.100.100.200', /metadata/],
  ['fd00:ec2::254', /metadata/],
  ['224.0.0.1', /multicast/],
  ['239.255.255.250', /multicast/],
  ['240.0.0.1', /reserved/],
  ['255.255.255.255', /broadcast/],
  ['::', /unspecified/],
  ['fe80::1', /link-local/],
  ['febf::1', /link-local/],
  ['ff02::1', /multicast/],
  ['100::1', /discard/],
  ['::2', /IPv4-compatible/],
  ['::10.0.0.1', /IPv4-compatible/],
  ['::ffff:10.0.0.1', /IPv4-mapped/],
  ['::ffff:169.254.169.254', /IPv4-mapped/],
  ['0:0:0:0:0:ffff:7f00:1', /IPv4-mapped/],
  ['::ffff:0:10.0.0.1', /IPv4-translated/],
  ['64:ff9b:1::10.0.0.1', /local NAT64/],
  ['64:ff9b::169.254.169.254', /holds 169\.254\.169\.254, .*metadata/],
  ['64:ff9b::0.0.0.0', /holds 0\.0\.0\.0/],
  ['2002:a9fe:a9fe::1', /holds 169\.254\.169\.254/],
  ['2002:e000:1::', /holds 224\.0\.0\.1/],
  ['2001:0:a9fe:a9fe::', /holds 169\.254\.169\.254/],
  // The client of a Teredo address stands with its bits turned over: 5601:5601 is 169.254.169.254.
  ['2001:0:c000:201::5601:5601', /holds 169\.254\.169\.254/],
] as const) {
  test(`${address} is denied by default`, { timeout }, async () => {
    assert.match(open.judgeAddress(address, 'cam.lan') ?? '', why);
    assert.match(open.judgeHost(address) ?? '', why);
    const { lookup, asked } = resolver({ 'cam.lan': [address] });
    const url = parseRtspUrl(`rtsp://${address.includes(':') ? `[${address}]` : address}/`);
    await assert.rejects(resolveTarget(url, open, lookup), rejectsWith('target_denied', why));
    assert.deepEqual(asked, []);
    await assert.rejects(resolveTarget({ host: 'cam.lan' }, open, lookup), rejectsWith('target_denied', why));
  });
}

for (const address of [
  '127.0.0.1',
  '127.255.255.254',
  '10.0.0.7',
  '172.16.0.1',
  '192.168.1.64',
  '100.64.0.1',
  '8.8.8.8',
  '223.255.255.255',
  '1.0.0.0',
  '::1',
  'fd00::7',
  '2a00:1450::1',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
]) {
  test(`${address} is allowed by default`, { timeout }, () => {
    assert.equal(open.judgeAddress(address, address), null);
    assert.equal(open.judgeHost(address), null);
  });
}

for (const host of [
  '0x7f.1',
  '0x7f000001',
  '0x7f.0.0.0x1',
  '0X7F.1',
  '0x',
  '2130706433',
  '017700000001',
  '0177.0.0.1',
  '127.1',
  '127.0.1',
  '127.0.0.01',
  '127.0.0.1.',
  '256.1.1.1',
  '1.2.3.4.5',
  '1.2.3',
  '4294967296',
  'cam.lan.',
  'cam..lan',
  '.cam',
  '.',
  '',
  '-cam.lan',
  'cam-.lan',
  'cam.123',
  `${'a'.repeat(64)}.lan`,
  `${'a.'.repeat(127)}aa`,
  'cam lan',
  'cam%2elan',
  'bücher.example',
  '[::1]',
]) {
  test(
    `the host "${host.slice(0, 30)}" is denied because it is neither a name nor a plain address`,
    { timeout },
    async () => {
      assert.match(open.judgeHost(host) ?? '', /neither a host name nor a plain/);
      const { lookup, asked } = resolver({ [host]: ['127.0.0.1'] });
      await assert.rejects(resolveTarget({ host }, open, lookup), rejectsWith('target_denied', /neither/));
      assert.deepEqual(asked, []);
    },
  );
}

test('the odd numbers are denied as targets, not as bad parameters', { timeout }, async () => {
  for (const host of ['0x7f.1', '2130706433', '017700000001', '127.1']) {
    await assert.rejects(resolveTarget(parseRtspUrl(`rtsp://${host}/`), open), (error: unknown) => {
      return error instanceof CameraError && error.close === 4403;
    });
  }
});

test('what a resolver gives is judged as an address, also when it is none', { timeout }, () => {
  for (const wrong of ['', 'cam.lan', '127.1', '0x7f.1', 'fe80::1%eth0', '::1%lo', '[::1]', '10.0.0.1/8']) {
    assert.match(open.judgeAddress(wrong, 'cam.lan') ?? '', /not a plain numeric address/);
  }
});

test('an address with a zone id is denied as a host, too', { timeout }, () => {
  for (const host of ['fe80::1%eth0', 'fd00::1%1', '::1%lo']) assert.notEqual(open.judgeHost(host), null);
});

test(
  'an IPv4-compatible address is not taken for the mapped one, which is another address',
  { timeout },
  () => {
    const mapped = policy(['::ffff:0:0/96']);
    assert.equal(mapped.judgeAddress('::ffff:10.0.0.1', 'x'), null);
    assert.match(mapped.judgeAddress('::10.0.0.1', 'x') ?? '', /IPv4-compatible/);
    assert.equal(parseRtspUrl('rtsp://[::10.0.0.1]/').host, '::a00:1');
  },
);

test('ordinary host names go on to the resolver', { timeout }, () => {
  for (const host of [
    'cam',
    'localhost',
    'cam-1.lan',
    'CAM-1.Lan',
    'ip_cam.local',
    '1.cams.example',
    '7cam',
    'xn--bcher-kva.example',
  ]) {
    assert.equal(open.judgeHost(host), null, host);
  }
});

test('RTSP_DENY wins over RTSP_ALLOW, for ranges and for names', { timeout }, () => {
  const both = policy(
    ['10.0.0.0/8', '*.cams.example', 'fd00::/8'],
    ['10.9.0.0/16', 'bad.cams.example', 'fd00::bad'],
  );
  assert.equal(both.judgeAddress('10.8.0.1', '10.8.0.1'), null);
  assert.match(both.judgeAddress('10.9.0.1', '10.9.0.1') ?? '', /RTSP_DENY/);
  assert.match(both.judgeAddress('10.9.0.1', 'good.cams.example') ?? '', /RTSP_DENY/);
  assert.match(both.judgeHost('bad.cams.example') ?? '', /RTSP_DENY/);
  assert.match(both.judgeHost('BAD.cams.Example') ?? '', /RTSP_DENY/);
  assert.match(both.judgeAddress('10.8.0.1', 'bad.cams.example') ?? '', /RTSP_DENY/);
  assert.match(both.judgeAddress('fd00::bad', 'fd00::bad') ?? '', /RTSP_DENY/);
});

test('RTSP_DENY also covers the IPv4 address inside an IPv6 one', { timeout }, () => {
  const noLoopback = policy([], ['127.0.0.0/8', '::1']);
  for (const address of [
    '127.0.0.1',
    '::1',
    '64:ff9b::127.0.0.1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    '::ffff:127.0.0.1',
  ]) {
    assert.notEqual(noLoopback.judgeAddress(address, address), null, address);
  }
  const mapped = policy(['::ffff:0:0/96'], ['10.0.0.0/8']);
  assert.match(
    mapped.judgeAddress('::ffff:10.0.0.1', 'x') ?? '',
    /holds 10\.0\.0\.1, which is denied by RTSP_DENY/,
  );
  assert.equal(mapped.judgeAddress('::ffff:192.168.0.1', 'x'), null);
});

test('an RTSP_ALLOW that is not empty admits nothing else', { timeout }, () => {
  const some = policy(['192.168.1.0/24', '2001:db8::/32', 'cam-1.lan', '*.cams.example']);
  for (const address of ['192.168.1.64', '2001:db8::7'])
    assert.equal(some.judgeAddress(address, 'other.lan'), null);
  for (const address of ['192.168.2.64', '10.0.0.1', '127.0.0.1', '::1', '8.8.8.8']) {
    assert.match(some.judgeAddress(address, address) ?? '', /not in RTSP_ALLOW/);
    assert.equal(some.judgeAddress(address, 'cam-1.lan'), null);
    assert.equal(some.judgeAddress(address, 'Hall.Cams.example'), null);
  }
  for (const host of [
    'cams.example',
    'xcams.example',
    'cam-1.lan.evil.example',
    'xcam-1.lan',
    'cams.example.evil',
  ]) {
    assert.match(some.judgeAddress('10.0.0.1', host) ?? '', /not in RTSP_ALLOW/, host);
  }
});

test('a name that no answer could admit is not looked up at all', { timeout }, async () => {
  const { lookup, asked } = resolver({ 'evil.example': ['10.0.0.1'], 'cam-1.lan': ['10.0.0.1'] });
  const names = policy(['cam-1.lan']);
  await assert.rejects(
    resolveTarget({ host: 'evil.example' }, names, lookup),
    rejectsWith('target_denied', /RTSP_ALLOW/),
  );
  assert.deepEqual(asked, []);
  assert.deepEqual(await resolveTarget({ host: 'cam-1.lan' }, names, lookup), ['10.0.0.1']);
});

test('an RTSP_ALLOW range inside a denied one lifts that denial, a wider one does not', { timeout }, () => {
  const linkLocal = policy(['169.254.0.0/16', 'fe80::/10', '10.0.0.0/8']);
  assert.equal(linkLocal.judgeAddress('169.254.7.7', 'x'), null);
  assert.equal(linkLocal.judgeAddress('fe80::7', 'x'), null);
  assert.match(linkLocal.judgeAddress('169.254.169.254', 'x') ?? '', /metadata/);
  assert.equal(policy(['169.254.169.254']).judgeAddress('169.254.169.254', 'x'), null);
  const all = policy(['0.0.0.0/0', '::/0']);
  assert.equal(all.judgeAddress('8.8.8.8', 'x'), null);
  for (const address of [
    '0.0.0.0',
    '169.254.7.7',
    '169.254.169.254',
    '224.0.0.1',
    '::',
    'fe80::1',
    '::ffff:10.0.0.1',
    '::7',
  ]) {
    assert.notEqual(all.judgeAddress(address, 'x'), null, address);
  }
});

test(
  'an RTSP_ALLOW host pattern lifts no denied range: who owns a name decides where it points',
  { timeout },
  () => {
    const names = policy(['*.cams.example', 'cam.lan']);
    assert.match(names.judgeAddress('169.254.169.254', 'a.cams.example') ?? '', /metadata/);
    assert.match(names.judgeAddress('0.0.0.0', 'cam.lan') ?? '', /unspecified/);
  },
);

test('every wrong entry of the lists is named with its setting', { timeout }, () => {
  const wrongAllow = [
    '10.0.0.0/33',
    '10.0.0',
    '300.1.1.1',
    '010.0.0.1',
    '0x0a.1',
    'fd00::/129',
    'fd00:::1',
    '10.0.0.0/',
    '*',
    '*.',
  ];
  const wrongDeny = [
    'cam.*',
    '*cam.lan',
    'a.*.lan',
    'http://cam/',
    'cam lan',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '',
    '[::1]',
    'fe80::1%eth0',
  ];
  const { problems } = policy(wrongAllow, wrongDeny);
  assert.deepEqual(
    problems.map((problem) => /^(RTSP_\w+): "(.*)" is no address/.exec(problem)?.slice(1)),
    [...wrongDeny.map((entry) => ['RTSP_DENY', entry]), ...wrongAllow.map((entry) => ['RTSP_ALLOW', entry])],
  );
  assert.deepEqual(
    policy(['10.0.0.0/8', '::/0', 'fd00::7', '1.2.3.4', 'cam', '*.lan', '192.168.1.7/24']).problems,
    [],
  );
});

test('an RTSP_ALLOW of mistakes alone admits nothing', { timeout }, () => {
  const broken = policy(['10.0.0.0/33']);
  assert.match(broken.judgeAddress('10.0.0.1', '10.0.0.1') ?? '', /not in RTSP_ALLOW/);
  assert.match(broken.judgeHost('cam.lan') ?? '', /not in RTSP_ALLOW/);
});

test('one denied address among several denies the name, wherever it stands', { timeout }, async () => {
  const good = ['10.0.0.1', '10.0.0.2', 'fd00::1'];
  for (let place = 0; place <= good.length; place++) {
    const { lookup } = resolver({ 'cam.lan': good.toSpliced(place, 0, '169.254.169.254') });
    await assert.rejects(
      resolveTarget({ host: 'cam.lan' }, open, lookup),
      rejectsWith('target_denied', /^cam\.lan has the address 169\.254\.169\.254, which is a cloud metadata/),
    );
  }
});

test(
  'the addresses to dial are those that were judged, IPv4 first, from a single look-up',
  { timeout },
  async () => {
    const { lookup, asked } = resolver({ 'cam.lan': ['fd00::1', '10.0.0.1', '10.0.0.2'], six: ['fd00::1'] });
    const resolved = (text: string) => resolveTarget(parseRtspUrl(text), open, lookup);
    assert.deepEqual(await resolved('rtsp://Cam.lan/'), ['10.0.0.1', '10.0.0.2', 'fd00::1']);
    assert.deepEqual(await resolved('rtsp://six/'), ['fd00::1']);
    assert.deepEqual(await resolved('rtsp://10.0.0.9/'), ['10.0.0.9']);
    assert.deepEqual(await resolved('rtsp://[FD00:0::9]/'), ['fd00::9']);
    assert.deepEqual(asked, ['cam.lan', 'six']);
  },
);

test('a name that changes its address after the check cannot redirect the dial', { timeout }, async () => {
  const answers = [['10.0.0.1'], ['169.254.169.254']];
  const url = parseRtspUrl('rtsp://rebind.example:554/x');
  const [address] = await resolveTarget(url, open, () => Promise.resolve(answers.shift() ?? []));
  assert.equal(address, '10.0.0.1');
  assert.equal(answers.length, 1);
});

test('a name that does not resolve ends in the error dns, naming host and cause', { timeout }, async () => {
  const { lookup } = resolver({ empty: [] });
  await assert.rejects(
    resolveTarget({ host: 'gone.lan' }, open, lookup),
    rejectsWith('dns', /^gone\.lan: ENOTFOUND$/),
  );
  await assert.rejects(
    resolveTarget({ host: 'empty' }, open, lookup),
    rejectsWith('dns', /^empty: the name has no address$/),
  );
  const odd: Lookup = () => Promise.reject(new Error('secret text'));
  await assert.rejects(
    resolveTarget({ host: 'odd' }, open, odd),
    rejectsWith('dns', /^odd: look-up failed$/),
  );
});

test('the system resolver gives numeric addresses of localhost', { timeout: 30_000 }, async () => {
  const addresses = await systemLookup('localhost');
  assert.ok(addresses.length > 0);
  for (const address of addresses) assert.equal(open.judgeAddress(address, 'localhost'), null, address);
});

/** The denied sets once more, by ipaddr.js's own classification instead of the policy's tables. */
function isDeniedKind(text: string): boolean {
  const address = ipaddr.parse(text);
  const denied = ['unspecified', 'linkLocal', 'multicast', 'broadcast', 'ipv4Mapped', 'rfc6145', 'discard'];
  return (
    denied.includes(address.range()) || (address.kind() === 'ipv4' && (address.toByteArray()[0] ?? 0) >= 240)
  );
}

const ipv4 = fc
  .tuple(
    fc.oneof(fc.constantFrom(0, 10, 100, 127, 169, 224, 240, 255), fc.nat(255)),
    fc.oneof(fc.constantFrom(254, 100), fc.nat(255)),
    fc.nat(255),
    fc.nat(255),
  )
  .map((bytes) => bytes.join('.'));
const ipv6 = fc
  .tuple(
    fc.constantFrom(
      '0:0',
      'fe80:0',
      'ff02:0',
      '64:ff9b',
      '2002:a9fe',
      '2001:0',
      '2001:db8',
      'fd00:ec2',
      '100:0',
    ),
    fc.array(fc.oneof(fc.constant(0), fc.constantFrom(0xffff, 0xa9fe), fc.nat(0xffff)), {
      minLength: 6,
      maxLength: 6,
    }),
  )
  .map(([head, tail]) => `${head}:${tail.map((group) => group.toString(16)).join(':')}`);

test(
  'any URL that the policy accepts is dialled at a numeric address outside the denied sets',
  { timeout },
  async () => {
    const hosts = fc.oneof(
      ipv4,
      ipv6.map((a) => `[${a}]`),
      fc.constant('cam.lan'),
      fc.string({ unit: fc.constantFrom(...'0x71.afc'.split('')), minLength: 1, maxLength: 12 }),
    );
    await fc.assert(
      fc.asyncProperty(hosts, fc.array(fc.oneof(ipv4, ipv6), { maxLength: 3 }), async (host, addresses) => {
        let dialled: readonly string[];
        try {
          const url = parseRtspUrl(`rtsp://u:p@${host}/x`);
          dialled = await resolveTarget(url, open, () => Promise.resolve(addresses));
        } catch (error) {
          assert.ok(error instanceof CameraError || error instanceof RefusedError, String(error));
          return;
        }
        for (const each of dialled) assert.ok(ipaddr.isValid(each) && !isDeniedKind(each), each);
        if (host === 'cam.lan') assert.ok(addresses.every((address) => !isDeniedKind(address)));
      }),
      { numRuns: 1000 },
    );
  },
);

test(
  'a range in RTSP_DENY denies each of its addresses, also under an RTSP_ALLOW of everything',
  { timeout },
  () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), fc.nat(32), (address, prefix) => {
        const denying = policy(['0.0.0.0/0', '::/0', 'cam.lan'], [`${address}/${prefix}`]);
        assert.deepEqual(denying.problems, []);
        assert.match(denying.judgeAddress(address, 'cam.lan') ?? '', /RTSP_DENY/);
      }),
      { numRuns: 300 },
    );
  },
);

test('no text whatever makes the policy throw', { timeout }, () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(...'*.:/%[]019afx-'.split('')), maxLength: 30 }),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 3 }), text, (entries, host) => {
      const some = policy(entries, entries);
      some.judgeHost(host);
      some.judgeAddress(host, host);
      some.judgeAddress('10.0.0.1', host);
    }),
    { numRuns: 1000 },
  );
});
