import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CameraEdit, editCameras } from '../../src/config/camera-edit.js';
import { cameraDefaults, parseConfigFile } from '../../src/config/cameras-file.js';
import { loadConfig } from '../../src/config/settings.js';
import { ServiceError } from '../../src/shared/errors.js';

const timeout = 30_000;
const SAMPLE = readFileSync(new URL('../../../docker/cameras.sample.yaml', import.meta.url), 'utf8');
const defaults = cameraDefaults(loadConfig({}));

const HALL = `# Cameras of the hall.
cameras:
  # At the gate, replaced in May.
  - name: gate # north
    title: "Main gate"
    url: rtsp://10.0.0.7/a

  - {name: yard, url: 'rtsp://10.0.0.8/a'} # seldom

  # The last one.
  - name: door
    url: rtsp://10.0.0.9/a
# Screens.
views:
  - name: hall
    cameras: [gate, "do*", yard] # as people walk
    pinned: [gate]
  - name: all
`;

const parse = (text: string) => parseConfigFile(text, 'cams.yaml', defaults, { CAMERA_PASSWORD: 'x' });
const namesOf = (text: string): string[] => parse(text).cameras.map(({ name }) => name);
const add = (name: string): CameraEdit => ({ kind: 'add', camera: { name, url: 'rtsp://10.0.0.1/' } });

/** Lines of `after` that are not in `before`, and the other way round. */
function difference(before: string, after: string): { added: string[]; gone: string[] } {
  const [one, other] = [before.split('\n'), after.split('\n')];
  return {
    added: other.filter((line) => !one.includes(line)),
    gone: one.filter((line) => !other.includes(line)),
  };
}

function refusal(text: string, edit: CameraEdit): string {
  try {
    editCameras(text, edit);
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    return error.code;
  }
  return assert.fail('was accepted');
}

test('a camera is added at the end, and nothing else of the file changes', { timeout }, () => {
  const camera = { name: 'new', title: 'Hof: #2', url: 'rtsp://u:p%40@10.0.0.1/s?a=b' };
  for (const file of [HALL, SAMPLE]) {
    const text = editCameras(file, { kind: 'add', camera });
    assert.deepEqual(difference(file, text), {
      added: ['  - name: new', '    title: "Hof: #2"', '    url: rtsp://u:p%40@10.0.0.1/s?a=b'],
      gone: [],
    });
    assert.deepEqual(namesOf(text), [...namesOf(file), 'new']);
  }
  assert.deepEqual(namesOf(editCameras('cameras: []\n', add('a'))), ['a']);
  assert.deepEqual(namesOf(editCameras('{"cameras":[{"name":"a","url":"rtsp://h/"}]}', add('b'))), [
    'a',
    'b',
  ]);
  assert.match(editCameras('cameras: []\r\n', add('a')), /^cameras:\r\n +- name: a\r\n/);
});

test('a camera that is renamed keeps its place, its comments and its views', { timeout }, () => {
  const text = editCameras(HALL, { kind: 'change', name: 'gate', fields: { name: 'north', title: 'N' } });
  assert.deepEqual(difference(HALL, text), {
    added: [
      '  - name: north # north',
      '    title: "N"',
      '    cameras: [north, "do*", yard] # as people walk',
      '    pinned: [north]',
    ],
    gone: [
      '  - name: gate # north',
      '    title: "Main gate"',
      '    cameras: [gate, "do*", yard] # as people walk',
      '    pinned: [gate]',
    ],
  });
  assert.deepEqual(namesOf(text), ['north', 'yard', 'door']);
});

test('cameras are moved with what belongs to them', { timeout }, () => {
  const moved = (name: string, before: string | null): string[] =>
    namesOf(editCameras(HALL, { kind: 'change', name, fields: {}, before }));
  assert.deepEqual(moved('door', 'gate'), ['door', 'gate', 'yard']);
  assert.deepEqual(moved('gate', null), ['yard', 'door', 'gate']);
  assert.deepEqual(moved('gate', 'door'), ['yard', 'gate', 'door']);
  assert.deepEqual(moved('gate', 'gate'), ['gate', 'yard', 'door']);
  const text = editCameras(HALL, { kind: 'change', name: 'door', fields: {}, before: 'yard' });
  assert.match(text, /# The last one\.\n {2}- name: door\n/);
  assert.deepEqual(difference(HALL, text), { added: [], gone: [] });
});

test('a camera that is removed leaves the views too, but no view without a camera', { timeout }, () => {
  const text = editCameras(HALL, { kind: 'remove', name: 'gate' });
  assert.deepEqual(namesOf(text), ['yard', 'door']);
  assert.deepEqual(
    parse(text).views.map(({ cameras, pinned }) => [cameras, pinned]),
    [
      [['do*', 'yard'], []],
      [null, []],
    ],
  );
  const alone = HALL.replace('[gate, "do*", yard]', '[door]');
  assert.equal(refusal(alone, { kind: 'remove', name: 'door' }), 'edit_by_hand');
});

test('what cannot be changed safely is refused', { timeout }, () => {
  assert.equal(refusal(HALL, add('gate')), 'name_in_use');
  assert.equal(refusal(HALL, { kind: 'change', name: 'gate', fields: { name: 'yard' } }), 'name_in_use');
  assert.equal(refusal(HALL, { kind: 'remove', name: 'none' }), 'no_such_camera');
  assert.equal(refusal(HALL, { kind: 'change', name: 'gate', fields: {}, before: 'none' }), 'no_such_camera');
  const anchored = `cameras:
  - &first {name: a, url: "rtsp://h/"}
  - {name: b, url: "rtsp://h/b"}
views:
  - {name: v, title: &t All}
  - {name: w, title: *t}
`;
  assert.deepEqual(namesOf(editCameras(anchored, { kind: 'remove', name: 'a' })), ['b']);
  const shared = 'cameras:\n  - {name: a, url: &u "rtsp://h/"}\n  - {name: b, url: *u}\n';
  assert.equal(refusal(shared, { kind: 'remove', name: 'a' }), 'edit_by_hand');
  assert.equal(refusal(shared, { kind: 'change', name: 'a', fields: { url: 'rtsp://x/' } }), 'edit_by_hand');
  assert.equal(refusal('x: &c [{name: a, url: "rtsp://h/"}]\ncameras: *c\n', add('b')), 'edit_by_hand');
});

test('no title or URL gets out of its place, whatever characters it has', { timeout }, () => {
  const before = parse(HALL);
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom(...Array.from('\n\r\t -:#\'"{}[]&*!|>%@`,?$\\a0~')),
      minLength: 1,
      maxLength: 20,
    }),
    fc.constantFrom(
      'null',
      '~',
      'yes',
      '0x10',
      '1e3',
      '- name: x',
      '\n- name: evil\n  url: rtsp://e/',
      '<<',
      '=',
      '2001-01-01',
    ),
  );
  const url = nasty.map((text) => `rtsp://10.0.0.1/${encodeURIComponent(Buffer.from(text).toString())}`);
  fc.assert(
    fc.property(nasty, url, fc.constantFrom<'add' | 'change'>('add', 'change'), (title, address, kind) => {
      const edit: CameraEdit =
        kind === 'add'
          ? { kind, camera: { name: 'new', title, url: address } }
          : { kind, name: 'yard', fields: { title, url: address } };
      let text: string;
      try {
        text = editCameras(HALL, edit);
      } catch (error) {
        // Never a file that means something else.
        assert.ok(error instanceof ServiceError && error.code === 'edit_by_hand', String(error));
        return;
      }
      const after = parse(text);
      const name = kind === 'add' ? 'new' : 'yard';
      assert.equal(after.cameras.find((camera) => camera.name === name)?.title, title);
      const others = (cameras: typeof after.cameras) => cameras.filter((camera) => camera.name !== name);
      assert.deepEqual(others(after.cameras), others(before.cameras));
      assert.deepEqual(after.views, before.views);
    }),
    { numRuns: 300 },
  );
});
