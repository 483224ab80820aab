import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closeReason } from '../../src/shared/close-reason.js';
import { RefusedError } from '../../src/shared/errors.js';
import { MAX_QUERY_LENGTH, parseQuery } from '../../src/access/query.js';
import { parseCameraName } from '../../src/shared/camera-name.js';
import { requestedRendition } from '../../src/shared/rendition.js';
import { parseViewerQuery as readViewerQuery } from '../../src/viewer/viewer-request.js';

const timeout = 30_000;

const parseViewerQuery = (query: string) => readViewerQuery(parseQuery(query));

function refusal(query: string, parse: (query: string) => unknown = parseViewerQuery): RefusedError {
  try {
    parse(query);
  } catch (error) {
    assert.ok(error instanceof RefusedError, String(error));
    assert.equal(error.code, 'bad_parameter');
    assert.equal(error.close, 4400);
    assert.equal(closeReason(error.message), error.message);
    return error;
  }
  return assert.fail(`was accepted: ${query.slice(0, 200)}`);
}

const RTSP = 'rtsp://u:p+w@cam.lan:554/live+main?a=1&b=2';

test('a full query is read into what the viewer wants', { timeout }, () => {
  const request = parseViewerQuery(
    `rtsp=${encodeURIComponent(RTSP)}&camera_index=lobby-1&width=1280&height=720&quality=80&fps=12.5&token=a%26b%3D&events=1`,
  );
  assert.equal(request.camera, 'lobby-1');
  assert.equal(request.rtsp?.host, 'cam.lan');
  assert.equal(request.rtsp.rest, '/live+main?a=1&b=2');
  assert.deepEqual(request.rtsp.credentials(), { username: 'u', password: 'p+w' });
  const { width, height, quality, fps, token, events } = request;
  assert.deepEqual([width, height, quality, fps, token, events], [1280, 720, 80, 12.5, 'a&b=', true]);
});

test('what is left out is undefined, and events are off', { timeout }, () => {
  const { camera, events, isSourceSize, ...rest } = parseViewerQuery('camera_index=1');
  assert.equal(camera, '1');
  assert.deepEqual([events, isSourceSize], [false, false]);
  assert.deepEqual(Object.values(rest), [undefined, undefined, undefined, undefined, undefined, undefined]);
  assert.equal(parseViewerQuery('camera_index=1&events=0').events, false);
});

test('unknown parameters are ignored, with or without value', { timeout }, () => {
  assert.equal(
    parseViewerQuery('_=1712&camera_index=1&cachebuster&&x=&__proto__=y&constructor=z').camera,
    '1',
  );
});

test('a query without camera_index is refused naming it', { timeout }, () => {
  for (const query of ['', '&', 'rtsp=rtsp%3A%2F%2Fcam%2F', 'camera=1', 'Camera_index=1', '=1']) {
    assert.match(refusal(query).message, /camera_index is missing/);
  }
});

for (const name of ['camera_index', 'rtsp', 'width', 'height', 'quality', 'fps', 'token', 'events']) {
  test(`an empty or repeated ${name} is refused naming it`, { timeout }, () => {
    const others = name === 'camera_index' ? '' : 'camera_index=1&';
    assert.equal(refusal(`${others}${name}=`).message, `${name} is empty`);
    assert.equal(refusal(`${others}${name}`).message, `${name} is empty`);
    assert.equal(refusal(`${others}${name}=1&${name}=1`).message, `${name} is given twice`);
    assert.equal(
      refusal(`${others}${name}=1&%${name.charCodeAt(0).toString(16)}${name.slice(1)}=2`).message,
      `${name} is given twice`,
    );
  });

  test(`broken encoding, NUL, CR and LF in ${name} are refused naming it`, { timeout }, () => {
    const others = name === 'camera_index' ? '' : 'camera_index=1&';
    for (const value of ['%zz', '%', '%4', 'a%', '%ff', '%c3', '%C0%80', '%ed%a0%80', '%u0041']) {
      assert.match(
        refusal(`${others}${name}=${value}`).message,
        new RegExp(`^${name} has broken percent-encoding`),
      );
    }
    for (const value of ['%00', '%0d%0a', 'a%0ab', 'a\0', '\r\n', '%7f', '%1b', '%c2%85', '%09']) {
      assert.match(
        refusal(`${others}${name}=${value}`).message,
        new RegExp(`^${name} holds a control character`),
      );
    }
  });
}

test(
  'a parameter name with broken encoding or of hostile text is not repeated in the refusal',
  { timeout },
  () => {
    assert.match(refusal('camera_index=1&%zz=1').message, /^query has broken percent-encoding/);
    assert.match(refusal('camera_index=1&a%00b=1').message, /^query holds a control character/);
    assert.equal(refusal('%3Cscript%3E=1&%3Cscript%3E=2').message, 'a parameter is given twice');
    assert.equal(refusal(`${'a'.repeat(99)}=1&${'a'.repeat(99)}=2`).message, 'a parameter is given twice');
  },
);

for (const name of [
  '../x',
  '..',
  '.',
  '-1',
  '_x',
  'a/b',
  'a\\b',
  '<script>',
  'a b',
  'a+b',
  'a:b',
  'a*',
  '#',
  'ä',
  '\u{1f600}',
  '１',
  'a'.repeat(65),
  '__proto__',
  ' 1',
  '1 ',
  '$(id)',
  '"',
  'a%b',
  'a,b',
  'a@b',
]) {
  test(`the camera_index "${name.slice(0, 20)}" is refused with the rule`, { timeout }, () => {
    const { message } = refusal(`camera_index=${encodeURIComponent(name)}`);
    assert.equal(message, 'camera_index must be 1-64 of A-Z a-z 0-9 . _ - and begin with a letter or digit');
    assert.match(refusal(name, (text) => parseCameraName(text, 'name')).message, /^name must be/);
  });
}

test('a camera_index of 10 KB is refused', { timeout }, () => {
  assert.match(refusal(`camera_index=${'a'.repeat(10_240)}`).message, /longer than 8192 characters/);
  assert.match(refusal('a'.repeat(10_240), parseCameraName).message, /camera_index must be/);
  assert.match(refusal('', parseCameraName).message, /camera_index must be/);
  assert.match(refusal('a\n', parseCameraName).message, /camera_index must be/);
});

test('names that JavaScript objects have by themselves are ordinary camera names', { timeout }, () => {
  for (const name of [
    'constructor',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'a'.repeat(64),
    '0',
    'A.b_c-d',
  ]) {
    assert.equal(parseViewerQuery(`camera_index=${name}`).camera, name);
  }
  const parameters = parseQuery('x=1');
  for (const name of ['constructor', 'toString', '__proto__']) assert.equal(parameters.get(name), undefined);
  assert.equal(parseQuery('__proto__=1').get('__proto__'), '1');
});

for (const url of [
  'file:///etc/passwd',
  'concat:a|b',
  'subfile,,start,0,end,0,,:/etc/passwd',
  'http://169.254.169.254/',
  'pipe:0',
  '-',
  '-i',
  'data:,x',
  'x',
  './x',
  '../x',
  'rtsp://',
  'rtsp://:554/',
  'rtsp://cam:0/',
  'rtsp://cam:65536/',
  'rtsp://ca m/',
  `rtsp://cam/${'x'.repeat(2038)}`,
]) {
  test(`rtsp=${url.slice(0, 40)} is refused naming rtsp`, { timeout }, () => {
    assert.match(refusal(`camera_index=1&rtsp=${encodeURIComponent(url)}`).message, /^rtsp: /);
  });
}

for (const [name, range, wrong, right] of [
  [
    'width',
    'an even whole number from 16 to 7680',
    ['0', '1', '14', '15', '641', '7681', '7682', '-640', '99999999999999999999'],
    ['16', '640', '7680'],
  ],
  [
    'height',
    'an even whole number from 16 to 4320',
    ['0', '1', '15', '361', '4321', '4322', '-360'],
    ['16', '360', '4320'],
  ],
  ['quality', 'a whole number from 1 to 100', ['0', '101', '-1', '50.5', '1000'], ['1', '50', '100']],
  [
    'fps',
    'a number from 0.1 to 120',
    ['0', '0.0', '0.09', '-1', '120.1', '121', '1000', '.5', '5.', '0.1234', '1/2'],
    ['0.1', '0.5', '1', '29.97', '120'],
  ],
] as const) {
  test(`a wrong ${name} is refused naming the range`, { timeout }, () => {
    for (const value of [
      ...wrong,
      '1e2',
      '1E2',
      ' 64',
      '64 ',
      '+64',
      '64px',
      'NaN',
      'Infinity',
      '0x40',
      '064',
      '64,0',
      '６４',
      '6_4',
      'null',
      '--',
      "64'",
    ]) {
      const { message } = refusal(`camera_index=1&${name}=${encodeURIComponent(value)}`);
      assert.equal(message, `${name} must be ${range}`, value);
    }
  });

  test(`the bounds of ${name} are accepted`, { timeout }, () => {
    for (const value of right)
      assert.equal(parseViewerQuery(`camera_index=1&${name}=${value}`)[name], Number(value));
  });
}

test('events other than 1 and 0 are refused', { timeout }, () => {
  for (const value of ['2', 'true', 'yes', '01', '11', '-1']) {
    assert.equal(refusal(`camera_index=1&events=${value}`).message, 'events must be 1 or 0');
  }
});

test('a plus sign stays a plus sign, encoded or not', { timeout }, () => {
  assert.equal(parseQuery('a=x+y%2Bz%20').get('a'), 'x+y+z ');
  assert.equal(parseViewerQuery(`camera_index=1&rtsp=rtsp://cam/a+b%2Bc`).rtsp?.rest, '/a+b+c');
});

test('only the first equals sign splits, and the order of parameters is kept', { timeout }, () => {
  assert.deepEqual(
    [...parseQuery('b=1=2&a&c==')],
    [
      ['b', '1=2'],
      ['a', ''],
      ['c', '='],
    ],
  );
});

test('a query of 8,192 characters is read, one more is refused', { timeout }, () => {
  const query = 'camera_index=1&x='.padEnd(MAX_QUERY_LENGTH, 'y');
  assert.equal(query.length, 8192);
  assert.equal(parseViewerQuery(query).camera, '1');
  assert.match(refusal(`${query}y`).message, /longer than 8192/);
});

test('no refusal repeats what was given for rtsp or token', { timeout }, () => {
  for (const query of [
    'rtsp=rtsp%3A%2F%2Fu%3Ahunter2%2Fx%40cam%2F',
    'rtsp=hunter2',
    'rtsp=rtsp%3A%2F%2Fhunter2%2F%0a',
    'token=hunter2%00',
    'token=hunter2&token=hunter2',
    'width=hunter2',
  ]) {
    assert.ok(!refusal(`camera_index=1&${query}`).message.includes('hunter2'));
  }
});

test(
  'one side alone keeps the aspect of the default, in even pixels and within the range',
  { timeout },
  () => {
    const defaults = { width: 640, height: 360, quality: 50 };
    const of = (query: string, base = defaults) =>
      requestedRendition(parseViewerQuery(`camera_index=1${query}`), base);
    assert.deepEqual(of(''), defaults);
    assert.deepEqual(of('&width=1280'), { width: 1280, height: 720, quality: 50 });
    assert.deepEqual(of('&height=1080'), { width: 1920, height: 1080, quality: 50 });
    assert.deepEqual(of('&width=100&height=300&quality=7'), { width: 100, height: 300, quality: 7 });
    assert.deepEqual(of('&width=7680'), { width: 7680, height: 4320, quality: 50 });
    assert.deepEqual(of('&width=16'), { width: 16, height: 16, quality: 50 });
    assert.deepEqual(of('&width=7680', { width: 360, height: 640, quality: 50 }).height, 4320);
  },
);

const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(...'0123456789.-+e%&='.split('')), maxLength: 8 }),
);
const key = fc.constantFrom(
  'camera_index',
  'rtsp',
  'width',
  'height',
  'quality',
  'fps',
  'token',
  'events',
  '__proto__',
  'x',
  '',
);
const rawQuery = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .array(fc.tuple(key, value), { maxLength: 6 })
    .map((pairs) => pairs.map(([k, v]) => `${k}=${v}`).join('&')),
  fc
    .array(fc.tuple(key, value), { maxLength: 6 })
    .map((pairs) => `camera_index=1&${pairs.map(([k, v]) => `${k}=${v}`).join('&')}`),
);

test('whatever the query is, it is read within all ranges or refused', { timeout }, () => {
  fc.assert(
    fc.property(rawQuery, (query) => {
      try {
        const { camera, width = 16, height = 16, quality = 1, fps = 1 } = parseViewerQuery(query);
        assert.match(camera, /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
        assert.ok(width >= 16 && width <= 7680 && width % 2 === 0);
        assert.ok(height >= 16 && height <= 4320 && height % 2 === 0);
        assert.ok(Number.isInteger(quality) && quality >= 1 && quality <= 100);
        assert.ok(fps >= 0.1 && fps <= 120);
      } catch (error) {
        assert.ok(error instanceof RefusedError && error.code === 'bad_parameter', String(error));
        assert.equal(closeReason(error.message), error.message);
      }
    }),
    { numRuns: 3000 },
  );
});

test('whatever encodeURIComponent wrote is read back as it was', { timeout }, () => {
  const printable = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text));
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(printable, printable), { selector: ([k]) => k, maxLength: 6 }),
      (pairs) => {
        const query = pairs.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&');
        assert.deepEqual([...parseQuery(query)], pairs);
      },
    ),
    { numRuns: 500 },
  );
});

test('a name is accepted exactly when it follows the rule', { timeout }, () => {
  const letters = 'abcxyzABCXYZ0189'.split('');
  const name = fc
    .tuple(
      fc.constantFrom(...letters),
      fc.string({ unit: fc.constantFrom(...letters, '.', '_', '-'), maxLength: 63 }),
    )
    .map(([first, rest]) => first + rest);
  fc.assert(
    fc.property(
      name,
      fc.nat(64),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      (good, at, odd) => {
        assert.equal(parseViewerQuery(`camera_index=${good}`).camera, good);
        const changed = good.slice(0, at) + odd + good.slice(at);
        if (!/[A-Za-z0-9._-]/.test(odd)) refusal(changed, parseCameraName);
      },
    ),
    { numRuns: 500 },
  );
});

test('the URL of any request shows no credentials when it is printed', { timeout }, () => {
  const secret = fc.string({ minLength: 1, maxLength: 20 }).map((text) => `S3cr3t${text}`);
  fc.assert(
    fc.property(secret, (password) => {
      const url = `rtsp://admin:${encodeURIComponent(password)}@cam.lan/x`;
      const { rtsp } = parseViewerQuery(`camera_index=1&rtsp=${encodeURIComponent(url)}`);
      assert.ok(rtsp);
      assert.equal(rtsp.credentials()?.password, password);
      assert.equal(rtsp.toString(), 'rtsp://***@cam.lan/x');
    }),
    { numRuns: 300 },
  );
});

test("size=source is the camera's own size, and leaves no choice of sides", { timeout }, () => {
  assert.equal(parseViewerQuery('camera_index=1&size=source').isSourceSize, true);
  assert.throws(() => parseViewerQuery('camera_index=1&size=large'), /size must be source/);
  assert.throws(() => parseViewerQuery('camera_index=1&size=source&width=640'), /leave them out/);
});
