import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CAMERA_KEYS,
  cameraDefaults,
  type ConfigFile,
  loadConfigFile,
  parseConfigFile,
} from '../../src/config/cameras-file.js';
import { checkReport } from '../../src/commands/check.js';
import { loadConfig } from '../../src/config/settings.js';
import { ConfigError } from '../../src/shared/errors.js';
import type { CameraSpec } from '../../src/config/camera-spec.js';
import { cpuMs } from '../support/cpu-time.js';
import { tempFolder } from '../support/temp-folder.js';

const range = (count: number, make: (index: number) => string, joint = ','): string =>
  Array.from({ length: count }, (_, i) => make(i)).join(joint);

const timeout = 30_000;
const SAMPLE = new URL('../../../docker/cameras.sample.yaml', import.meta.url);
const defaults = cameraDefaults(loadConfig({}));

const parseFile = (text: string, env: Record<string, string> = {}): ConfigFile =>
  parseConfigFile(text, 'cams.yaml', defaults, env);

const parse = (text: string, env: Record<string, string> = {}): readonly CameraSpec[] =>
  parseFile(text, env).cameras;

function only(text: string, env: Record<string, string> = {}): CameraSpec {
  const [camera, ...others] = parse(text, env);
  assert.ok(camera && others.length === 0);
  return camera;
}

function problems(text: string, env: Record<string, string> = {}, given = defaults): readonly string[] {
  try {
    parseConfigFile(text, 'cams.yaml', given, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return assert.fail('was accepted');
}

test('a camera with name and URL alone takes everything else from the settings', { timeout }, () => {
  const config = loadConfig({
    FRAME_WIDTH: '320',
    FRAME_HEIGHT: '180',
    JPEG_QUALITY: '70',
    MAX_FPS: '12',
    RTSP_TRANSPORT: 'udp',
  });
  const text = 'cameras:\n  - name: door\n    url: rtsp://10.0.0.7/sub\n';
  const [camera] = parseConfigFile(text, 'cams.yaml', cameraDefaults(config), {}).cameras;
  assert.ok(camera);
  const { url, ...rest } = camera;
  assert.equal(url.toString(), 'rtsp://10.0.0.7/sub');
  assert.deepEqual(rest, {
    name: 'door',
    title: 'door',
    mainUrl: null,
    transport: 'udp',
    rendition: { width: 320, height: 180, quality: 70 },
    maxFps: 12,
    alwaysOn: false,
  });
});

test('every key of a camera wins over the settings', { timeout }, () => {
  const { url, mainUrl, ...rest } = only(`
cameras:
  - name: "7"
    title: Yard, north
    url: rtsp://10.0.0.7/sub
    main_url: rtsp://10.0.0.7/main
    width: 960
    height: 540
    quality: 80
    fps: 7.5
    transport: udp
    always_on: true
`);
  assert.equal(url.rest, '/sub');
  assert.equal(mainUrl?.rest, '/main');
  assert.deepEqual(rest, {
    name: '7',
    title: 'Yard, north',
    transport: 'udp',
    rendition: { width: 960, height: 540, quality: 80 },
    maxFps: 7.5,
    alwaysOn: true,
  });
});

test(
  'one side alone keeps the shape of the default, and fps 0 is the rate of the source',
  { timeout },
  () => {
    const camera = only('cameras: [{name: a, url: "rtsp://10.0.0.7/", width: 320, fps: 0}]');
    assert.deepEqual(camera.rendition, { width: 320, height: 180, quality: 50 });
    assert.equal(camera.maxFps, null);
  },
);

test(
  'a variable in user or password holds the plain password, whatever characters it has',
  { timeout },
  () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 30 }), (password) => {
        fc.pre(!/\p{Cc}/u.test(password) && Buffer.byteLength(encodeURIComponent(password)) < 120);
        const { url } = only('cameras:\n  - {name: a, url: "rtsp://u:${PW}@10.0.0.7:8554/x"}', {
          PW: password,
        });
        assert.deepEqual(url.credentials(), { username: 'u', password });
        assert.equal(url.host, '10.0.0.7');
        assert.equal(url.rest, '/x');
      }),
    );
  },
);

test('a variable may hold user and password, or a whole URL, or a part of the path', { timeout }, () => {
  const env = { LOGIN: 'admin:s@fe', URL: 'rtsp://u:p@10.0.0.8/y', CHANNEL: '102' };
  const of = (url: string): CameraSpec['url'] => only(`cameras: [{name: a, url: "${url}"}]`, env).url;
  assert.deepEqual(of('rtsp://${LOGIN}@10.0.0.7/').credentials(), { username: 'admin', password: 's@fe' });
  assert.equal(of('${URL}').host, '10.0.0.8');
  assert.equal(of('rtsp://10.0.0.7/Channels/${CHANNEL}?x=@').rest, '/Channels/102?x=@');
});

test('a variable that is missing or empty is named, and so is what is no variable', { timeout }, () => {
  const url = (text: string): string => `cameras:\n  - name: a\n    url: ${text}\n`;
  assert.deepEqual(problems(url('rtsp://u:${DOOR_PW}@${HOST}/'), { HOST: '' }), [
    'cams.yaml:3:10: cameras[0].url: environment variable DOOR_PW is not set: set it before the start',
    'cams.yaml:3:10: cameras[0].url: environment variable HOST is not set: set it before the start',
  ]);
  for (const wrong of ['${}', '${A-B}', '${1}', '${A'])
    assert.match(
      problems(url(`rtsp://u:${wrong}@h/`))[0] ?? '',
      /must hold the name of an environment variable/,
    );
  // Names that every object has are not variables.
  assert.match(problems(url('rtsp://u:${constructor}@h/'))[0] ?? '', /variable constructor is not set/);
});

test(
  'all mistakes are told at once, each with file, line and column, in the order of the file',
  { timeout },
  () => {
    const found = problems(`cameras:
  - name: a b
    url: rtsp://u:secretpw@@10.0.0.7/
    heigth: 3
    width: 7
    height: 8640
    quality: 0
    fps: "25"
  - name: door
    url: http://u:secretpw@10.0.0.7/
    main_url: secretpw
    transport: secretpw
    always_on: secretpw
    title: ""
  - name: door
  - rtsp://u:secretpw@10.0.0.7/
  - name: 7
    url: [secretpw]
    password: secretpw
other: secretpw
`);
    const known =
      'name, title, url, main_url, width, height, size, quality, fps, transport, always_on, aspect, site';
    assert.deepEqual(found, [
      'cams.yaml:2:11: cameras[0].name: must be 1-64 of A-Z a-z 0-9 . _ - and begin with a letter or digit',
      'cams.yaml:3:10: cameras[0].url: in user and password write @ / ? # ; \\ % percent-encoded: %40 %2F %3F %23 %3B %5C %25',
      `cams.yaml:4:5: cameras[0].heigth: unknown key: known are ${known}`,
      'cams.yaml:5:12: cameras[0].width: must be an even number from 16 to 7680',
      'cams.yaml:6:13: cameras[0].height: must be an even number from 16 to 4320',
      'cams.yaml:7:14: cameras[0].quality: must be a whole number from 1 to 100',
      'cams.yaml:8:10: cameras[0].fps: must be a number from 0.1 to 120, or 0 for the rate of the source',
      'cams.yaml:10:10: cameras[1].url: URL must begin with rtsp:// or rtsps://',
      'cams.yaml:11:15: cameras[1].main_url: URL must begin with rtsp:// or rtsps://',
      'cams.yaml:12:16: cameras[1].transport: must be tcp or udp',
      'cams.yaml:13:16: cameras[1].always_on: must be true or false',
      'cams.yaml:14:12: cameras[1].title: must not be empty',
      'cams.yaml:15:5: cameras[2].url: is missing: an RTSP URL like rtsp://user:${CAMERA_PASSWORD}@192.0.2.7/stream',
      "cams.yaml:15:11: cameras[2].name: is cameras[1]'s name already: names must differ",
      'cams.yaml:16:5: cameras[3]: must be a block with name: and url:',
      'cams.yaml:17:11: cameras[4].name: must be text; a number needs quotes: name: "7"',
      'cams.yaml:18:10: cameras[4].url: must be an RTSP URL like rtsp://user:${CAMERA_PASSWORD}@192.0.2.7/stream',
      `cams.yaml:19:5: cameras[4].password: unknown key: known are ${known}`,
      'cams.yaml:20:1: other: unknown key: known are cameras, views, groups',
    ]);
  },
);

for (const [what, text, message] of [
  ['an empty file', '', /^cams\.yaml:1:1: the file must hold `cameras:` and a list$/],
  ['a file without the list', 'cameras:\n', /^cams\.yaml:\d:\d+: cameras: must be a list of cameras/],
  ['a tab in the indentation', 'cameras:\n\t- name: a\n', /:2:1: a tab in the indentation: use spaces$/],
  ['a key twice', 'cameras: []\ncameras: []\n', /:2:1: this key stands twice in the same block: delete one$/],
  [
    'a quote left open',
    'cameras:\n  - name: "secretpw\n',
    /^cams\.yaml:\d+:\d+: a quote, bracket, comma or space is missing, or a line is indented/,
  ],
  ['an unknown alias', 'cameras: *secretpw\n', /:1:10: alias \(\*name\) without its anchor/],
  ['an unknown tag', 'cameras: !secretpw []\n', /:1:10: unknown !tag/],
  ['two documents', 'cameras: []\n---\ncameras: []\n', /a second document begins here/],
  ['a URL as key', 'cameras:\n  - "rtsp://u:secretpw@h/": x\n', /cameras\[0\]\.\?: unknown key/],
] as const) {
  test(`${what} is told with its place, and without its text`, { timeout }, () => {
    const found = problems(text).join('\n');
    assert.match(problems(text).find((line) => message.test(line)) ?? found, message);
    assert.doesNotMatch(found, /secretpw/);
  });
}

test('aliases that unfold to millions of values are refused', { timeout }, () => {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(10)}]`);
  assert.match(problems(`l0: &l0 [x]\n${levels.join('\n')}\ncameras: *l12\n`)[0] ?? '', /too many values/);
});

for (const [what, text, message] of [
  ['120,000 aliases', `a: &a 1\nx: [${'*a,'.repeat(120_000)}]\n`, /more than 2000 aliases/],
  ['20,000 anchors', `x: [${range(20_000, (i) => `&a${i} 1`)}]\n`, /cameras: is missing/],
  ['30,000 keys of one block', range(30_000, (i) => `key${i}: 1`, '\n'), /key0: unknown key/],
  ['30,000 unknown keys of a camera', `cameras:\n- {${range(30_000, (i) => `k${i}: 1`)}}\n`, /unknown key/],
  ['10,000 wrong cameras', `cameras:\n${range(10_000, (i) => `- {name: c${i}, url: x}`, '\n')}\n`, /rtsp/],
  ['10,000 times one name', `cameras:\n${'- {name: c, url: x}\n'.repeat(10_000)}`, /names must differ/],
  ['100,000 open brackets', '['.repeat(100_000), /not valid YAML/],
] as const)
  // Work that grew with the square of these took a minute.
  test(`a file with ${what} is refused within seconds, in a hundred lines`, { timeout: 30_000 }, () => {
    const before = cpuMs();
    const found = problems(text);
    const seconds = (cpuMs() - before) / 1000;
    assert.ok(seconds < 6, `${seconds.toFixed(1)} s`);
    assert.ok(found.length <= 101, `${found.length} lines`);
    assert.match(found.join('\n'), message);
  });

test(
  'whatever the file holds, the answer is cameras or placed problems, and never a value',
  { timeout: 30_000 },
  () => {
    const value = fc.oneof(
      fc.constantFrom(
        'secretpw',
        '"secretpw',
        '[secretpw',
        '{secretpw: secretpw}',
        '&secretpw x',
        '!!int secretpw',
        '|\n  secretpw',
      ),
      fc.string({ maxLength: 8 }).map((s) => `secretpw${s}`),
    );
    const key = fc.constantFrom('name', 'url', 'width', 'title', 'always_on', 'x');
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { maxLength: 6 }), (entries) => {
        const text = `cameras:\n  - ${entries.map(([k, v]) => `${k}: ${v}`).join('\n    ')}\n`;
        for (const line of problems(text)) {
          assert.match(line, /^cams\.yaml:\d+:\d+: /);
          assert.doesNotMatch(line, /secretpw(?!:)/);
        }
      }),
    );
  },
);

test('more cameras that are always on than may run are refused', { timeout }, () => {
  const text =
    'cameras:\n' + ['a', 'b'].map((n) => `  - {name: ${n}, url: "rtsp://h/", always_on: true}\n`).join('');
  assert.deepEqual(problems(text, {}, { ...defaults, maxCameras: 1 }), [
    'cams.yaml:2:3: 2 cameras are always_on, but MAX_CAMERAS is 1: raise it',
  ]);
});

test('a file that cannot be read, is far too large, or is no UTF-8, is named', { timeout }, async (t) => {
  const file = join(tempFolder(t), 'cams.yaml');
  const load = (): Promise<unknown> => loadConfigFile(loadConfig({ CONFIG_FILE: file }), {});
  await assert.rejects(load, {
    name: 'ConfigError',
    message: `CONFIG_FILE: ${file} cannot be read (ENOENT): check path and rights`,
  });
  writeFileSync(file, '#'.repeat((1 << 20) + 1));
  await assert.rejects(load, /is larger than 1048576 bytes/);
  for (const [name, encoding] of [
    ['\uFEFFdoor', 'utf16le'],
    ['n\u00fcrnberg', 'latin1'],
  ] as const) {
    writeFileSync(file, `${name}: 1`, encoding);
    await assert.rejects(load, /is not UTF-8 text: save it as UTF-8$/);
  }
  assert.deepEqual(await loadConfigFile(loadConfig({}), {}), { cameras: [], views: [], groups: [] });
});

test("the sample is valid, and the defaults that its comments state are the code's", { timeout }, () => {
  const sample = readFileSync(SAMPLE, 'utf8');
  const env = { CAMERA_PASSWORD: 'x' };
  const uncommented = sample
    .slice(0, sample.indexOf('\nviews:'))
    .replace(/^ {4}# (?!main_url|site|size)([a-z_]+: \S+)$/gm, '    $1');
  assert.notEqual(uncommented, sample);
  const text = (cameras: readonly CameraSpec[]): string => JSON.stringify(cameras);
  assert.equal(text(parse(uncommented, env)), text(parse(sample, env)));
  const stated = CAMERA_KEYS.filter((key) => new RegExp(`^ {4}(# )?${key}: |- ${key}: `, 'm').test(sample));
  assert.deepEqual(stated, CAMERA_KEYS);
  const withMain = sample.replace('# main_url', 'main_url');
  assert.equal(parse(withMain, env)[0]?.mainUrl?.rest, '/main');
});

test('--check tells each camera in a line without credentials', { timeout }, async () => {
  const config = loadConfig({ CONFIG_FILE: 'cams.yaml' });
  const cameras = parse(
    `cameras:
  - {name: a, url: "rtsp://u:secretpw@10.0.0.7/sub", main_url: "rtsp://u:secretpw@10.0.0.7/main", fps: 5, always_on: true}
  - {name: b, title: Yard, url: "rtsp://10.0.0.8/?password=secretpw"}`,
  );
  assert.equal(
    await checkReport(config, { cameras, views: [], groups: [] }),
    `OK: settings valid; cams.yaml: 2 cameras
  a: rtsp://***@10.0.0.7/sub, main rtsp://***@10.0.0.7/main, 640x360 quality 50, at most 5 fps, tcp, always on
  b: rtsp://10.0.0.8/?password=***, 640x360 quality 50, fps of the source, tcp, "Yard"
`,
  );
});

test('--check finds what the start or the first viewer would stumble over', { timeout }, async () => {
  const config = loadConfig({
    RTSP_DENY: '10.0.0.0/8,no such',
    TLS_CERT_FILE: '/nowhere/cert.pem',
    TLS_KEY_FILE: '/nowhere/key.pem',
  });
  const cameras = parse('cameras: [{name: a, url: "rtsp://10.0.0.7/"}]');
  await assert.rejects(
    () => checkReport(config, { cameras, views: [], groups: [] }),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        [
          'RTSP_DENY: "no such"',
          'TLS_CERT_FILE="/nowhere/cert.pem": cannot be read (ENOENT)',
          'TLS_KEY_FILE="/nowhere/key.pem"',
          'camera a: its host 10.0.0.7 is denied',
        ].map((begin, i) => error.problems[i]?.startsWith(begin)),
        [true, true, true, true],
      );
      return true;
    },
  );
});

test('aspect gives a camera the shape that its stream does not tell', { timeout }, () => {
  const camera = (aspect: string): string => `cameras:\n  - {name: a, url: "rtsp://h/", aspect: ${aspect}}\n`;
  assert.equal(only(camera('16:9')).aspect, 16 / 9);
  assert.equal(only(camera('source')).aspect, undefined);
  for (const wrong of ['16/9', '0:9', '16:', 'wide', '1.78'])
    assert.match(problems(camera(`"${wrong}"`)).join(), /aspect: must be source, or a shape like 16:9/);
});
