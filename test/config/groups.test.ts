import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkReport } from '../../src/commands/check.js';
import { cameraDefaults, type ConfigFile, parseConfigFile } from '../../src/config/cameras-file.js';
import { GROUP_KEYS } from '../../src/config/group-entry.js';
import { loadConfig } from '../../src/config/settings.js';
import { ConfigError } from '../../src/shared/errors.js';

const timeout = 30_000;
const SAMPLE = new URL('../../../docker/cameras.sample.yaml', import.meta.url);

const FILE = `cameras:
  - {name: gate, url: "rtsp://10.0.0.7/"}
  - {name: yard, url: "rtsp://10.0.0.8/"}
views:
  - {name: all}
groups:
`;

const parse = (groups: string): ConfigFile =>
  parseConfigFile(`${FILE}${groups}`, 'cams.yaml', cameraDefaults(loadConfig({})), {});

test('groups name cameras and views, and a check tells them', { timeout }, async () => {
  const file = parse(
    `  - {name: "/guards, north", cameras: [gate, "ya*"]}\n  - {name: hall, views: [all]}\n`,
  );
  assert.deepEqual(file.groups, [
    { name: '/guards, north', cameras: ['gate', 'ya*'], views: null },
    { name: 'hall', cameras: null, views: ['all'] },
  ]);
  const report = await checkReport(loadConfig({}), file);
  assert.match(report, /^ {2}group "\/guards, north", cameras gate ya\*\n {2}group "hall", views all$/m);
});

test('each mistake in a group is told at its place', { timeout }, () => {
  assert.throws(
    () =>
      parse(`  - {name: a}
  - {name: a, cameras: [gat]}
  - {name: "", views: [other, "x y"]}
  - {name: b, camera: [gate], cameras: gate}
`),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(error.problems.map((line) => line.replace(/^cams\.yaml:(\d+):\d+: /, '$1 ')).sort(), [
        '10 groups[3].camera: unknown key: known are name, cameras, views',
        "10 groups[3].cameras: must be a list of names or patterns; ['*'] for all cameras",
        "8 groups[1].name: is groups[0]'s name already: names must differ",
        '9 groups[2].name: must not be empty',
        '9 groups[2].views[1]: must be a name, or a pattern like door* (1-64 of A-Z a-z 0-9 . _ - *)',
      ]);
      return true;
    },
  );
  assert.throws(
    () => parse(`  - {name: a}\n  - {name: b, cameras: [gat], views: [al]}\n`),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.problems.map((line) => line.replace(/^cams\.yaml:(\d+):\d+: /, '$1 ')),
        [
          '7 groups[0]: needs cameras: or views:',
          '8 groups[1].cameras[0]: no camera of this name in the file',
          '8 groups[1].views[0]: no view of this name in the file',
        ],
      );
      return true;
    },
  );
});

test('the sample explains every key of a group', { timeout }, () => {
  const [, groups = ''] = readFileSync(SAMPLE, 'utf8').split(/^groups:$/m);
  const stated = GROUP_KEYS.filter((key) => new RegExp(`^ {4}(# )?${key}: |- ${key}: `, 'm').test(groups));
  assert.deepEqual(stated, GROUP_KEYS);
});
