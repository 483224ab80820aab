import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkReport } from '../../src/commands/check.js';
import { cameraDefaults, parseConfigFile } from '../../src/config/cameras-file.js';
import { loadConfig } from '../../src/config/settings.js';
import { VIEW_KEYS } from '../../src/config/view-entry.js';
import { camerasOfView, type ViewSpec } from '../../src/config/view-spec.js';
import { ConfigError } from '../../src/shared/errors.js';
import { fitsPattern } from '../../src/shared/name-pattern.js';

const timeout = 30_000;
const SAMPLE = new URL('../../../docker/cameras.sample.yaml', import.meta.url);
const defaults = cameraDefaults(loadConfig({}));

const CAMERAS = `cameras:
  - {name: gate, url: "rtsp://10.0.0.7/"}
  - {name: door-1, url: "rtsp://10.0.0.8/"}
  - {name: door-2, url: "rtsp://10.0.0.9/"}
`;

const parse = (text: string, env = {}): readonly ViewSpec[] =>
  parseConfigFile(text, 'cams.yaml', defaults, env).views;

function problems(views: string): readonly string[] {
  try {
    parse(`${CAMERAS}${views}`);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return assert.fail('was accepted');
}

test('a view with a name alone shows all cameras at once, in equal tiles', { timeout }, () => {
  assert.deepEqual(parse(`${CAMERAS}views: [{name: all}]`), [
    {
      name: 'all',
      title: 'all',
      cameras: null,
      layout: { kind: 'auto' },
      pages: null,
      pinned: [],
      fps: null,
      quality: null,
    },
  ]);
  assert.deepEqual(parse(CAMERAS), []);
});

test('every key of a view is taken over', { timeout }, () => {
  const [view] = parse(`${CAMERAS}
views:
  - name: doors
    title: All doors
    cameras: [gate, "door-*"]
    layout: columns
    columns: 3
    page_size: 2
    dwell: 4.5
    pinned: [gate]
    fps: 5
    quality: 30
`);
  assert.deepEqual(view, {
    name: 'doors',
    title: 'All doors',
    cameras: ['gate', 'door-*'],
    layout: { kind: 'columns', columns: 3 },
    pages: { size: 2, dwellMs: 4500 },
    pinned: ['gate'],
    fps: 5,
    quality: 30,
  });
});

test('each mistake in a view is told at its place', { timeout }, () => {
  assert.deepEqual(
    problems(`views:
  - name: a b
    layout: large
    columns: 2
    dwell: 5
    fps: 0
  - name: ok
    cameras: [gate, dor, "dor*"]
    pinned: [nobody]
    page_size: 1
    rotate: true
`),
    [
      'cams.yaml:6:11: views[0].name: must be 1-64 of A-Z a-z 0-9 . _ - and begin with a letter or digit',
      'cams.yaml:10:10: views[0].fps: must be a number from 0.1 to 120',
      `cams.yaml:15:5: views[1].rotate: unknown key: known are ${VIEW_KEYS.join(', ')}`,
    ],
  );
  assert.deepEqual(
    problems(`views:
  - name: a
    layout: large
    columns: 2
    dwell: 5
  - name: b
    cameras: [gate, dor, "dor*"]
    pinned: [nobody]
    page_size: 1
  - name: c
    layout: columns
  - name: d
    dwell: 2
`),
    ['cams.yaml:17:12: views[3].dwell: must be a number of seconds from 3 to 86400'],
  );
  assert.deepEqual(
    problems(`views:
  - name: a
    layout: large
    columns: 2
    dwell: 5
  - name: b
    cameras: [gate, dor, "dor*"]
    pinned: [nobody]
    page_size: 1
  - name: c
    layout: columns
  - name: c
`),
    [
      'cams.yaml:8:14: views[0].columns: layout: columns and columns: go together',
      'cams.yaml:9:12: views[0].dwell: needs page_size, the tiles of a page',
      'cams.yaml:11:21: views[1].cameras[1]: no camera of this name in the file',
      'cams.yaml:12:14: views[1].pinned[0]: no camera of this name in the file',
      'cams.yaml:13:16: views[1].page_size: must be more than the pinned cameras: the others have to turn',
      'cams.yaml:15:13: views[2].layout: layout: columns and columns: go together',
      "cams.yaml:16:11: views[3].name: is views[2]'s name already: names must differ",
    ],
  );
});

test('a pattern fits as a regular expression of it would', { timeout }, () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 8 });
  fc.assert(
    fc.property(letters, letters, (pattern, given) => {
      const name = given.replaceAll('*', '');
      const escaped = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
      assert.equal(fitsPattern(pattern, name), new RegExp(`^${escaped}$`).test(name), `${pattern} ${name}`);
    }),
    { numRuns: 2000 },
  );
});

test("a view's cameras stand in its order, pinned ones first and none twice", { timeout }, () => {
  const names = ['gate', 'door-1', 'door-2', 'yard'];
  assert.deepEqual(camerasOfView({ cameras: null, pinned: ['yard'] }, names), [
    'yard',
    'gate',
    'door-1',
    'door-2',
  ]);
  assert.deepEqual(camerasOfView({ cameras: ['door-2', 'door*', 'gone'], pinned: [] }, names), [
    'door-2',
    'door-1',
  ]);
});

test(
  "the sample's view is valid, states every key, and the defaults that it states are the code's",
  { timeout },
  () => {
    const sample = readFileSync(SAMPLE, 'utf8');
    const env = { CAMERA_PASSWORD: 'x' };
    const at = sample.indexOf('\nviews:');
    const [cameras, views] = [sample.slice(0, at), sample.slice(at)];
    const given = (key: string, text: string): string =>
      text.replace(new RegExp(`^ {4}# (${key}: )`, 'm'), '    $1');
    for (const key of ['title', 'layout'])
      assert.deepEqual(parse(cameras + given(key, views), env), parse(sample, env), key);
    const paged = given('page_size', views);
    assert.notDeepEqual(parse(cameras + paged, env), parse(sample, env));
    assert.deepEqual(parse(cameras + given('dwell', paged), env), parse(cameras + paged, env));
    const stated = VIEW_KEYS.filter((key) => new RegExp(`^ {4}(# )?${key}: |- ${key}: `, 'm').test(views));
    assert.deepEqual(stated, VIEW_KEYS);
  },
);

test('--check tells each view in a line', { timeout }, async () => {
  const file = parseConfigFile(
    `${CAMERAS}views:
  - {name: doors, title: Doors, cameras: ["door*"], page_size: 1, dwell: 9}
  - {name: all, layout: large}`,
    'cams.yaml',
    defaults,
    {},
  );
  const report = await checkReport(loadConfig({ CONFIG_FILE: 'cams.yaml' }), file);
  assert.match(
    report,
    /\n {2}view doors: 2 cameras, auto, 1 at a time for 9 s, "Doors"\n {2}view all: 3 cameras, large\n$/,
  );
});
