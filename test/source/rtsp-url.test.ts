import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { closeReason } from '../../src/shared/close-reason.js';
import { RefusedError } from '../../src/shared/errors.js';
import {
  MAX_PATH_BYTES,
  MAX_URL_LENGTH,
  MAX_USERINFO_BYTES,
  parseRtspUrl,
  sameSource,
} from '../../src/source/rtsp-url.js';

const timeout = 30_000;

function refusal(text: string): RefusedError {
  try {
    parseRtspUrl(text);
  } catch (error) {
    assert.ok(error instanceof RefusedError, `threw ${String(error)}`);
    return error;
  }
  return assert.fail(`was accepted: ${text}`);
}

test('a URL is cut into scheme, host, port, credentials and the rest', { timeout }, () => {
  const url = parseRtspUrl('rtsp://admin:s%40fe@Cam-1.LAN:8554/Streaming/Channels/101?transportmode=unicast');
  assert.equal(url.scheme, 'rtsp');
  assert.equal(url.host, 'cam-1.lan');
  assert.equal(url.port, 8554);
  assert.equal(url.rest, '/Streaming/Channels/101?transportmode=unicast');
  assert.deepEqual(url.credentials(), { username: 'admin', password: 's@fe' });
});

test('default ports are 554 for rtsp and 322 for rtsps', { timeout }, () => {
  assert.equal(parseRtspUrl('rtsp://cam').port, 554);
  assert.equal(parseRtspUrl('RTSPS://cam').port, 322);
  assert.equal(parseRtspUrl('RTSPS://cam').scheme, 'rtsps');
});

test('credentials split at the first colon, as FFmpeg splits them', { timeout }, () => {
  const of = (userinfo: string) => parseRtspUrl(`rtsp://${userinfo}@cam/`).credentials();
  assert.deepEqual(of('u:pa:ss'), { username: 'u', password: 'pa:ss' });
  assert.deepEqual(of('u:pa%3Ass'), { username: 'u', password: 'pa:ss' });
  assert.deepEqual(of('u'), { username: 'u', password: '' });
  assert.deepEqual(of(':p'), { username: '', password: 'p' });
  assert.deepEqual(of(''), { username: '', password: '' });
  assert.equal(parseRtspUrl('rtsp://cam/').credentials(), null);
});

for (const rest of [
  '/Streaming/Channels/101?transportmode=unicast&profile=Profile_1',
  '/cam/realmonitor?channel=1&subtype=0',
  '/;$(id)',
  '/`id`',
  '/\'"|&&;<>*?[x]{y}~!',
  '/a%5Cb%20%zz%',
  '/live+main+1',
  '/?a=b;c',
  '/-i',
  '/../../etc/passwd',
]) {
  test(`the path ${rest} is kept literally`, { timeout }, () => {
    assert.equal(parseRtspUrl(`rtsp://u:p@cam.lan:554${rest}`).rest, rest);
  });
}

for (const text of [
  '',
  '-',
  '-i',
  'cam',
  'cam/stream',
  './x',
  '../x',
  '/etc/passwd',
  '//cam/x',
  'file:///etc/passwd',
  'concat:a|b',
  'subfile,,start,0,end,0,,:/etc/passwd',
  'http://169.254.169.254/',
  'https://cam/',
  'rtmp://cam/',
  'rtspt://cam/',
  'rtspu://cam/',
  'pipe:0',
  'data:,x',
  'tcp://cam:554',
  'rtsp',
  'rtsp:',
  'rtsp:/cam/x',
  'rtsp:cam',
  'xrtsp://cam/',
  'file:rtsp://cam/',
  'rtsp%3A%2F%2Fcam%2F',
]) {
  test(`"${text}" is refused because it is no rtsp URL`, { timeout }, () => {
    const error = refusal(text);
    assert.equal(error.code, 'bad_parameter');
    assert.equal(error.close, 4400);
    assert.match(error.message, /^rtsp: URL must begin with rtsp:\/\/ or rtsps:\/\/$/);
  });
}

for (const text of [
  'rtsp://',
  'rtsp:///x',
  'rtsp://?x',
  'rtsp://:554/',
  'rtsp://u:p@/x',
  'rtsp://u:p@:554/x',
]) {
  test(`${text} is refused because it has no host`, { timeout }, () => {
    assert.match(refusal(text).message, /has no host/);
  });
}

for (const text of [
  'rtsp://cam:/',
  'rtsp://cam:x/',
  'rtsp://cam:-1/',
  'rtsp://cam:+1/',
  'rtsp://cam:1e3/',
  'rtsp://cam:055555/',
  'rtsp://cam:1:2/',
  'rtsp://a,b/',
  'rtsp://a%2eb/',
  'rtsp://bücher.example/',
  'rtsp://a|b/',
  'rtsp://$(id)/',
  'rtsp://[::1',
  'rtsp://::1/',
  'rtsp://[cam]/',
  'rtsp://[]/',
  'rtsp://[::1]x/',
  'rtsp://[fe80::1%25eth0]/',
  'rtsp://[fe80::1%eth0]/',
  `rtsp://${'a'.repeat(254)}/`,
]) {
  test(`${text.slice(0, 40)} is refused because its host or port is wrong`, { timeout }, () => {
    assert.match(refusal(text).message, /host or port is not valid/);
  });
}

test('ports 0 and 65536 are refused, 1 and 65535 are not', { timeout }, () => {
  for (const port of ['0', '00000', '65536', '99999']) {
    assert.match(refusal(`rtsp://cam:${port}/`).message, /port must be 1-65535/);
  }
  assert.equal(parseRtspUrl('rtsp://cam:1/').port, 1);
  assert.equal(parseRtspUrl('rtsp://cam:65535/').port, 65535);
});

test('brackets hold a real IPv6 address, kept in its shortest form', { timeout }, () => {
  assert.equal(parseRtspUrl('rtsp://[2001:DB8:0:0:0:0:0:7]:554/x').host, '2001:db8::7');
  assert.equal(parseRtspUrl('rtsp://[::ffff:10.0.0.1]/').host, '::ffff:a00:1');
  for (const wrong of ['1.2.3.4', ':', ':::', '1:2', '1:2:3:4:5:6:7:8:9', '::1.2.3', 'abcde::1']) {
    assert.match(refusal(`rtsp://[${wrong}]/`).message, /not an IPv6 address/);
  }
});

test('white space, control and invisible characters are refused anywhere in the URL', { timeout }, () => {
  const wrong = [
    '\0',
    '\n',
    '\r',
    '\t',
    ' ',
    '\x1b',
    '\x7f',
    '\x85',
    '\xa0',
    '\u200b',
    '\u2028',
    '\ufeff',
    '\ud800',
  ];
  for (const character of wrong) {
    for (const text of [
      `${character}rtsp://u:p@cam/x`,
      `rtsp:${character}//u:p@cam/x`,
      `rtsp://u:${character}p@cam/x`,
      `rtsp://u:p@ca${character}m/x`,
      `rtsp://u:p@cam/x${character}`,
    ]) {
      assert.match(refusal(text).message, /white space or control/, JSON.stringify(text));
    }
  }
});

test(
  'a line break hidden in percent-encoded credentials is refused: it would add header lines',
  { timeout },
  () => {
    for (const userinfo of ['u%0d%0aX:p', 'u:p%0A', 'u:p%00', 'u%7f:p']) {
      assert.match(refusal(`rtsp://${userinfo}@cam/`).message, /control character/);
    }
  },
);

test('2,049 characters are refused as too long', { timeout }, () => {
  const text = `rtsp://cam/${'x'.repeat(MAX_URL_LENGTH)}`.slice(0, MAX_URL_LENGTH + 1);
  assert.equal(text.length, 2049);
  assert.match(refusal(text).message, /longer than 2048 characters/);
  assert.doesNotMatch(refusal(text.slice(1)).message, /longer than 2048/);
});

test(
  'a path or user and password that FFmpeg would cut off are refused, the longest that fit are not',
  { timeout },
  () => {
    const path = `/${'x'.repeat(MAX_PATH_BYTES - 1)}`;
    assert.equal(parseRtspUrl(`rtsp://cam${path}`).rest, path);
    assert.match(refusal(`rtsp://cam${path}x`).message, /FFmpeg would cut/);
    assert.match(refusal(`rtsp://cam/${'ü'.repeat(MAX_PATH_BYTES / 2)}`).message, /FFmpeg would cut/);
    const userinfo = `u:${'p'.repeat(MAX_USERINFO_BYTES - 2)}`;
    assert.equal(
      parseRtspUrl(`rtsp://${userinfo}@cam/`).credentials()?.password.length,
      MAX_USERINFO_BYTES - 2,
    );
    assert.match(refusal(`rtsp://${userinfo}p@cam/`).message, /FFmpeg would cut/);
  },
);

for (const password of [
  'pa@ss',
  'pa/ss',
  'pa?ss',
  'pa#ss',
  '/x',
  '12/34',
  '99999/x',
  '1?2',
  '2#3',
  'p@s/s',
  'a;b',
  'a\\b',
  '#',
  '@',
  '50%',
  '%zz',
  '%ff',
]) {
  test(
    `the password ${password} written raw gets a hint to percent-encode it and is not repeated`,
    { timeout },
    () => {
      const { message } = refusal(`rtsp://admin:${password}@cam.lan:554/stream`);
      assert.match(message, /percent-encoded: %40 %2F %3F %23 %3B %5C %25/);
      assert.ok(
        !message.includes(`:${password}`) && !message.includes('admin') && !message.includes('cam.lan'),
      );
      const { password: read } =
        parseRtspUrl(`rtsp://admin:${encodeURIComponent(password)}@cam/`).credentials() ?? {};
      assert.equal(read, password);
    },
  );
}

for (const [text, message] of [
  ['rtsp://10.0.0.7#@10.0.0.8/x', /percent-encoded/],
  ['rtsp://10.0.0.7/x#y', /write %23 or %5C/],
  ['rtsp://10.0.0.7\\/x', /write %23 or %5C/],
  ['rtsp://10.0.0.7/a\\b', /write %23 or %5C/],
  ['rtsp://10.0.0.7;x/y', /percent-encoded/],
  ['rtsp://10.0.0.7?x=1', /write a \/ before it/],
  ['rtsp://u:p@10.0.0.7/x@y', /several @/],
  ['rtsp://u:p@v@10.0.0.7/x', /percent-encoded/],
] as const)
  test(`${text} is refused, because parsers differ on what it means`, { timeout }, () => {
    assert.match(refusal(text).message, message);
  });

for (const [host, message] of [
  ['cam.lan.', /ends in a dot: leave it out/],
  ['10.0.0.7.', /ends in a dot/],
  ['cam..lan', /is no name/],
  ['.lan', /is no name/],
  ['-cam', /is no name/],
  ['cam-.lan', /is no name/],
  [`${'a'.repeat(64)}.lan`, /is no name/],
] as const)
  test(`the host ${host.slice(0, 20)} is refused because it is no name`, { timeout }, () => {
    assert.match(refusal(`rtsp://u:p@${host}:554/x`).message, message);
  });

test('an @ in the path of an address or a dotted name is an ordinary character', { timeout }, () => {
  for (const host of ['10.0.0.7:554', '[::1]', 'cam-1.lan'])
    assert.equal(parseRtspUrl(`rtsp://${host}/a@b`).rest, '/a@b');
});

test('printing, logging or serialising a URL never shows its credentials', { timeout }, () => {
  const url = parseRtspUrl(
    'rtsp://admin:hunter2@cam.lan/user=admin&password=hunter2&channel=1?token=hunter2',
  );
  const shown = url.toString();
  assert.equal(shown, 'rtsp://***@cam.lan/user=admin&password=***&channel=1?token=***');
  const fields = Object.entries(url).filter(([key]) => key !== 'rest');
  for (const text of [
    String(url),
    JSON.stringify({ url }),
    inspect({ url }),
    inspect(url, { showHidden: true }),
  ]) {
    assert.ok(!text.includes('hunter2'), text);
  }
  assert.ok(!JSON.stringify(fields).includes('hunter2'));
});

test('two URLs are the same source only if everything but spelling is equal', { timeout }, () => {
  const url = parseRtspUrl('rtsp://u:p@cam.lan/x?y=1');
  for (const same of ['RTSP://u:p@CAM.lan:554/x?y=1', 'rtsp://%75:%70@cam.lan/x?y=1']) {
    assert.ok(sameSource(url, parseRtspUrl(same)), same);
  }
  for (const other of [
    'rtsps://u:p@cam.lan:554/x?y=1',
    'rtsp://u:p@cam2.lan/x?y=1',
    'rtsp://u:p@cam.lan:8554/x?y=1',
    'rtsp://u:q@cam.lan/x?y=1',
    'rtsp://v:p@cam.lan/x?y=1',
    'rtsp://cam.lan/x?y=1',
    'rtsp://u:p@cam.lan/X?y=1',
    'rtsp://u:p@cam.lan/x?y=2',
    'rtsp://u:p@cam.lan/x',
  ]) {
    assert.ok(!sameSource(url, parseRtspUrl(other)), other);
  }
  assert.ok(sameSource(parseRtspUrl('rtsp://[0:0::1]/'), parseRtspUrl('rtsp://[::1]/')));
});

const word = (alphabet: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet.split('')), minLength, maxLength });
const SECRET = 'ABCDEFGHKLMNPQRSTUVWXYZ';
const noise = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  word('rtsp:/@[]?#%.0123456789abx-\\', 0, 40),
  word(':/@[]?#%.019af', 0, 40).map((s) => `rtsp://${s}`),
);

test(
  'whatever the text is, it is parsed or refused with a reason that fits a close frame',
  { timeout },
  () => {
    fc.assert(
      fc.property(noise, (text) => {
        try {
          const url = parseRtspUrl(text);
          assert.ok(url.host !== '' && url.port >= 1 && url.port <= 65535);
          assert.ok(text.endsWith(url.rest));
        } catch (error) {
          assert.ok(error instanceof RefusedError && error.code === 'bad_parameter', String(error));
          assert.equal(closeReason(error.message), error.message);
          assert.match(error.message, /^rtsp: /);
        }
      }),
      { numRuns: 2000 },
    );
  },
);

test('any accepted URL keeps its host, port and path, and gives its credentials decoded', { timeout }, () => {
  const path = word("abc/?&=;$()`'|+%~-_.", 0, 30).map((s) => (s === '' ? '' : `/${s}`));
  const userinfo = fc.option(fc.tuple(word(SECRET, 1, 8), fc.string({ minLength: 1, maxLength: 12 })));
  fc.assert(
    fc.property(
      userinfo,
      word('abc09', 1, 12),
      fc.option(fc.integer({ min: 1, max: 65535 })),
      path,
      (auth, name, port, rest) => {
        const secret = auth === null ? '' : `${auth[0]}:${encodeURIComponent(auth[1])}@`;
        const url = parseRtspUrl(`rtsp://${secret}${name}${port === null ? '' : `:${port}`}${rest}`);
        assert.deepEqual([url.host, url.port, url.rest], [name, port ?? 554, rest]);
        assert.deepEqual(url.credentials(), auth === null ? null : { username: auth[0], password: auth[1] });
        const shown = url.toString();
        assert.equal(shown.includes('***@'), auth !== null);
        if (auth !== null) assert.ok(!shown.includes(auth[0]), shown);
      },
    ),
    { numRuns: 500 },
  );
});
