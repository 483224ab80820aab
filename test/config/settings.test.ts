import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helpText, parseCommandLine } from '../../src/config/command-line.js';
import { loadConfig, SETTINGS, settingsTable } from '../../src/config/settings.js';
import { ConfigError } from '../../src/shared/errors.js';

const timeout = 30_000;
const SECRET = 'S3cr3t-Hunter2';

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}

const WHOLE: Record<string, readonly [number, number]> = {
  PORT: [0, 65_535],
  JPEG_QUALITY: [1, 100],
  MAX_FPS: [0, 120],
  LINGER_MS: [0, 3_600_000],
  OPEN_TIMEOUT_MS: [100, 120_000],
  STALL_TIMEOUT_MS: [500, 120_000],
  RETRY_MIN_MS: [10, 60_000],
  RETRY_MAX_MS: [10, 3_600_000],
  AUTH_HOLD_MS: [10, 86_400_000],
  FROZEN_AFTER_MS: [1000, 86_400_000],
  MAX_CAMERAS: [1, 1000],
  MAX_CONNECTING: [1, 100],
  MAX_VIEWERS: [1, 100_000],
  MAX_VIEWERS_PER_ADDRESS: [0, 100_000],
  MAX_CONNECTIONS_PER_SECOND: [0, 10_000],
  MAX_FAILED_TOKENS_PER_MINUTE: [0, 100_000],
  MAX_MESSAGES_PER_SECOND: [1, 1000],
  VIEWER_MAX_LAG_MS: [50, 10_000],
  VIEWER_SLOW_TIMEOUT_MS: [1000, 600_000],
  SNAPSHOT_MAX_AGE_MS: [100, 86_400_000],
};

for (const [name, [min, max]] of Object.entries(WHOLE)) {
  test(`${name} is a whole number from ${min} to ${max}`, { timeout }, () => {
    const values: unknown[] = [min, max].map(
      (value) => Object.entries(loadRelaxed(name, value)).find(([key]) => key === name)?.[1],
    );
    assert.deepEqual(values, [min, max]);
    for (const wrong of [min - 1, max + 1, '1.5', '1e3', ' 7', '7px', 'NaN', '-0', '0x10']) {
      const problems = problemsOf(() => loadRelaxed(name, wrong));
      assert.equal(problems.length, 1, `${name}=${wrong}`);
      assert.match(problems[0] ?? '', new RegExp(`^${name}=.*whole number`));
    }
  });
}

/** RETRY_MIN_MS and RETRY_MAX_MS are judged together as well. */
function loadRelaxed(name: string, value: string | number) {
  const other =
    name === 'RETRY_MIN_MS'
      ? { RETRY_MAX_MS: '60000' }
      : name === 'RETRY_MAX_MS'
        ? { RETRY_MIN_MS: '10' }
        : {};
  return loadConfig({ ...other, [name]: String(value) });
}

test('every default passes its own check', { timeout }, () => {
  assert.deepEqual(
    problemsOf(() => loadConfig({})),
    [],
  );
  const { PORT, FRAME_WIDTH, FRAME_HEIGHT, JPEG_QUALITY } = loadConfig({});
  assert.deepEqual([PORT, FRAME_WIDTH, FRAME_HEIGHT, JPEG_QUALITY], [8003, 640, 360, 50]);
});

for (const [name, right, wrong] of [
  ['FRAME_WIDTH', ['16', '7680'], ['0', '15', '641', '7682', '1e3']],
  ['FRAME_HEIGHT', ['16', '4320'], ['14', '361', '4322']],
  ['LOG_LEVEL', ['silent', 'debug'], ['loud', 'INFO']],
  ['RTSP_TRANSPORT', ['tcp', 'udp'], ['TCP', 'http']],
  ['ADHOC_RTSP', ['on', 'off'], ['yes', '1']],
  [
    'SIZE_LADDER',
    ['16x16', '320x180, 7680x4320'],
    ['320', '320x181', '14x16', '7682x4320', '640x4322', '640x360,,', '640x360;1x1'],
  ],
] as const) {
  test(`${name} takes ${right.join(' and ')}, and nothing like ${wrong.join(' ')}`, { timeout }, () => {
    for (const value of right) loadConfig({ [name]: value });
    for (const value of wrong) {
      assert.match(
        problemsOf(() => loadConfig({ [name]: value })).join('\n'),
        new RegExp(`^${name}="`),
        value,
      );
    }
  });
}

test('a secret too short for HS256 is a wrong setting beside the others', { timeout }, () => {
  loadConfig({ AUTH_JWT_SECRET: 'x'.repeat(32) });
  const problems = problemsOf(() => loadConfig({ AUTH_JWT_SECRET: 'x'.repeat(31), PORT: 'x' }));
  assert.deepEqual(problems.map((problem) => problem.split(':')[0]).sort(), [
    'AUTH_JWT_SECRET=***',
    'PORT="x"',
  ]);
});

test('all wrong settings are named at once, those that only clash with each other too', { timeout }, () => {
  const problems = problemsOf(() =>
    loadConfig({
      PORT: 'x',
      JPEG_QUALITY: '101',
      LOG_LEVEL: 'loud',
      TLS_CERT_FILE: '/cert.pem',
      RETRY_MIN_MS: '5000',
      RETRY_MAX_MS: '100',
    }),
  );
  assert.equal(problems.length, 5);
  for (const name of ['PORT', 'JPEG_QUALITY', 'LOG_LEVEL', 'TLS_KEY_FILE', 'RETRY_MAX_MS'])
    assert.ok(
      problems.some((problem) => problem.includes(name)),
      name,
    );
});

test('flags win over the environment, and an empty variable is not set', { timeout }, () => {
  const { flags } = parseCommandLine(['--port', '9000', '--linger-ms=500']);
  const config = loadConfig({ PORT: '9001', LINGER_MS: '7', JPEG_QUALITY: '' }, flags);
  assert.deepEqual([config.PORT, config.LINGER_MS, config.JPEG_QUALITY], [9000, 500, 50]);
});

test('unknown flags and stray words are all named, without a password in them', { timeout }, () => {
  const problems = problemsOf(() =>
    parseCommandLine(['--prot', '1', '--auth-tokenz=x', `rtsp://u:${SECRET}@h/x`, '--port']),
  );
  assert.equal(problems.length, 4);
  assert.doesNotMatch(problems.join('\n'), new RegExp(SECRET));
  assert.match(
    problems.join('\n'),
    /--prot: unknown[\s\S]*--auth-tokenz: unknown[\s\S]*--port: needs a value/,
  );
});

test('a job without its dashes is told how it is written', { timeout }, () => {
  assert.deepEqual(
    problemsOf(() => parseCommandLine(['discover'])),
    ['discover: unknown argument: write --discover'],
  );
});

test('the value of a secret setting is in no message', { timeout }, () => {
  const secrets = Object.entries(SETTINGS).filter(([, setting]) => setting.secret === true);
  assert.deepEqual(secrets.map(([name]) => name).sort(), [
    'ADMIN_TOKENS',
    'AUTH_JWT_SECRET',
    'AUTH_TOKENS',
    'CLUSTER_SECRET',
    'JWT_JWKS_URL',
    'MQTT_PASSWORD',
    'MQTT_URL',
    'NATS_PASSWORD',
    'NATS_TOKEN',
    'NATS_URL',
    'WEBHOOK_SECRET',
    'WEBHOOK_URLS',
  ]);
  const shown = problemsOf(() => loadConfig({ AUTH_TOKENS: ' , ', AUTH_JWT_SECRET: SECRET, PORT: 'x' })).join(
    '\n',
  );
  assert.match(shown, /AUTH_TOKENS=\*\*\*/);
  assert.ok(!shown.includes(SECRET));
});

test('a comment behind a token or secret is refused, since everybody can read it', { timeout }, () => {
  for (const wrong of [
    { AUTH_TOKENS: 'right                     # or AUTH_JWT_SECRET' },
    { AUTH_TOKENS: '# none yet' },
    { AUTH_TOKENS: 'one,two words,three' },
    { AUTH_TOKENS: 'one,tab\tbed' },
    { AUTH_JWT_SECRET: `${'x'.repeat(32)} # rotate in May` },
    { AUTH_JWT_SECRET: '# 32 bytes or more, for tokens that end' },
    { CLUSTER_SECRET: '# openssl rand -base64 32' },
  ]) {
    const [problem = '', ...others] = problemsOf(() => loadConfig(wrong));
    assert.match(
      problem,
      /^(AUTH_TOKENS|AUTH_JWT_SECRET|CLUSTER_SECRET)=\*\*\*: .*comment.* line of its own/,
      JSON.stringify(wrong),
    );
    assert.deepEqual(others, []);
  }
  assert.deepEqual(loadConfig({ AUTH_TOKENS: ' one , two,' }).AUTH_TOKENS, ['one', 'two']);
  const phrase = 'a secret of words, with a#mark in it';
  assert.equal(loadConfig({ AUTH_JWT_SECRET: phrase }).AUTH_JWT_SECRET, phrase);
});

test('lists are split at commas', { timeout }, () => {
  assert.deepEqual(loadConfig({ RTSP_ALLOW: ' 10.0.0.0/8, cam.lan ,,' }).RTSP_ALLOW, [
    '10.0.0.0/8',
    'cam.lan',
  ]);
});

test('the help names every setting, its default and its meaning', { timeout }, () => {
  const help = helpText();
  for (const { name, fallback, doc } of settingsTable()) {
    const line = help.split('\n').find((text) => text.startsWith(`  ${name} `)) ?? '';
    assert.ok(line.includes(fallback) && line.endsWith(doc), name);
  }
  assert.deepEqual(parseCommandLine(['-h']).command, 'help');
  assert.deepEqual(parseCommandLine(['doctor', 'door']).operands, ['door']);
});
