import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { SignJWT } from 'jose';
import { startService } from '../../bench/lib/service.js';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { until } from '../support/until.js';

/** Cameras of CONFIG_FILE changed over HTTP, with the real service; and everybody who must not. */

const timeout = 30_000;
const TOKEN = 'administrators-token-0123456789';
const VIEWER = 'viewers-token-0123456789';
const SECRET = 'a secret of more than thirty-two bytes';
const PASSWORD = 'Gehe1m-und-l4ng';
const FILE = `# Hall
cameras:
  - name: gate # north
    url: rtsp://viewer:${PASSWORD}@10.0.0.7/a
  - name: yard
    title: The yard
    url: rtsp://10.0.0.8/a
views:
  - name: hall
    cameras: [gate, yard]
`;

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

const folder = mkdtempSync(join(tmpdir(), 'admin-'));
const file = join(folder, 'cameras.yaml');
const said: string[] = [];
let service: ServerProcess;

before(
  async () => {
    writeFileSync(file, FILE);
    service = await startService({
      env: {
        CONFIG_FILE: file,
        ADMIN_TOKENS: TOKEN,
        ADMIN_JWT: 'on',
        AUTH_TOKENS: VIEWER,
        AUTH_JWT_SECRET: SECRET,
        MAX_FAILED_TOKENS_PER_MINUTE: '0',
        RTSP_DENY: '10.6.6.0/24',
      },
    });
  },
  { timeout },
);
after(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  writeFileSync(file, FILE);
  chmodSync(file, 0o640);
});

const ADMIN = { Authorization: `Bearer ${TOKEN}` };

async function ask(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = ADMIN,
  body?: unknown,
): Promise<Reply> {
  const response = await fetch(`${service.url}/api/admin/cameras${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  said.push(text, JSON.stringify([...response.headers]));
  return {
    status: response.status,
    text,
    json: text.startsWith('{') ? (JSON.parse(text) as Reply['json']) : {},
  };
}

const revision = async (): Promise<string> => String((await ask('GET', '')).json['revision']);
const matching = async (): Promise<Record<string, string>> => ({
  ...ADMIN,
  'If-Match': `"${await revision()}"`,
});
const listed = async (): Promise<string[]> => {
  const response = await fetch(`${service.url}/api/cameras`, {
    headers: { Authorization: `Bearer ${VIEWER}` },
  });
  return ((await response.json()) as { cameras: { camera: string }[] }).cameras.map(({ camera }) => camera);
};

test(
  'a camera is added, is there a moment later, and the file is for its owner alone then',
  { timeout },
  async () => {
    const url = `rtsp://viewer:${PASSWORD}2@10.0.0.9/b`;
    const added = await ask('POST', '', await matching(), { name: 'door', title: 'Tür: "2"', url });
    assert.equal(added.status, 201, added.text);
    assert.equal(added.json['revision'], await revision());
    const text = readFileSync(file, 'utf8');
    assert.ok(text.startsWith('# Hall\ncameras:\n  - name: gate # north\n'), text);
    assert.ok(text.includes(`  - name: door\n    title: 'Tür: "2"'\n    url: ${url}\n`), text);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    await until('it is applied', async () => (await listed()).includes('door'));
    assert.deepEqual((await ask('GET', '')).json['cameras'], [
      { name: 'gate', title: 'gate', address: '10.0.0.7:554' },
      { name: 'yard', title: 'The yard', address: '10.0.0.8:554' },
      { name: 'door', title: 'Tür: "2"', address: '10.0.0.9:554' },
    ]);
    assert.deepEqual(readdirSync(folder), ['cameras.yaml'], 'nothing is left beside it');
  },
);

test('a camera is renamed, moved and removed; without a password the rights stay', { timeout }, async () => {
  assert.equal(
    (await ask('PATCH', '/yard', await matching(), { name: 'court', title: 'Court' })).status,
    200,
  );
  assert.equal((await ask('PATCH', '/court', await matching(), { before: 'gate' })).status, 200);
  assert.equal((await ask('DELETE', '/gate', await matching())).status, 200);
  const url = 'rtsp://10.0.0.8/a';
  assert.equal(
    readFileSync(file, 'utf8'),
    `# Hall\ncameras:\n  - name: court\n    title: Court\n    url: ${url}\nviews:\n  - name: hall\n    cameras: [court]\n`,
  );
  assert.equal(statSync(file).mode & 0o777, 0o640);
  await until('it is applied', async () => String(await listed()) === 'court');
  assert.match(service.log(), /"event":"config_edited","edit":"remove","camera":"gate","by":"admin:1"/);
});

test('who has seen another file changes nothing, and loses nothing', { timeout }, async () => {
  const seen = await matching();
  const theirs = FILE.replace('The yard', 'Edited by hand');
  writeFileSync(file, theirs);
  const late = await ask('DELETE', '/gate', seen);
  assert.deepEqual([late.status, late.json['error']], [412, 'file_changed']);
  assert.equal(readFileSync(file, 'utf8'), theirs);
  for (const match of ['', '*', 'W/"x"', await revision()]) {
    const blind = await ask('DELETE', '/gate', { ...ADMIN, ...(match === '' ? {} : { 'If-Match': match }) });
    assert.deepEqual([blind.status, blind.json['error']], [428, 'revision_missing']);
  }
  // Two administrators at the same moment: one of them is told.
  const both = await matching();
  const results = await Promise.all(
    ['a', 'b', 'c'].map((name) => ask('POST', '', both, { name, url: 'rtsp://10.0.0.1/' })),
  );
  assert.deepEqual(results.map(({ status }) => status).sort(), [201, 412, 412]);
});

test('an editor that writes all the time loses none of its versions', { timeout }, async () => {
  let accepted = 0;
  for (let round = 0; round < 40; round += 1) {
    const headers = await matching();
    const change = ask('PATCH', '/yard', headers, { title: `t${round}` });
    // As editors save: a new file in the place of the old one.
    const theirs = FILE.replace('# Hall', `# Version ${round}`);
    await new Promise((resolve) => setTimeout(resolve, round % 8));
    writeFileSync(`${file}.new`, theirs);
    renameSync(`${file}.new`, file);
    const { status } = await change;
    assert.ok(status === 200 || status === 412, String(status));
    if (status === 200) accepted += 1;
    // It was saved after the change, or the change was refused.
    assert.equal(readFileSync(file, 'utf8'), theirs);
  }
  assert.deepEqual(readdirSync(folder), ['cameras.yaml']);
  assert.ok(accepted <= 40);
});

test('nobody but an administrator gets in, and only by the header', { timeout }, async () => {
  const jwt = (claims: object): Promise<string> =>
    new SignJWT({ exp: Math.floor(Date.now() / 1000) + 600, ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(SECRET));
  const match = { 'If-Match': `"${await revision()}"` };
  const refused = async (status: number, headers: Record<string, string>, path = ''): Promise<void> => {
    assert.equal((await ask('GET', path, headers)).status, status);
    for (const [method, at, body] of [
      ['POST', path, { name: 'x', url: 'rtsp://10.0.0.1/' }],
      ['PATCH', `/yard${path}`, { title: 'x' }],
      ['DELETE', `/yard${path}`, undefined],
    ] as const)
      assert.equal((await ask(method, at, { ...match, ...headers }, body)).status, status, method);
  };
  await refused(401, {});
  await refused(401, { Authorization: `Bearer ${VIEWER}` });
  await refused(401, { Authorization: `Bearer ${TOKEN}x` });
  await refused(401, { Authorization: `Basic ${Buffer.from(`a:${TOKEN}`).toString('base64')}` });
  await refused(401, { Cookie: `rtsp_ws_token=${TOKEN}` });
  await refused(401, {}, `?token=${TOKEN}`);
  await refused(403, { Authorization: `Bearer ${await jwt({})}` });
  await refused(403, { Authorization: `Bearer ${await jwt({ admin: 'true' })}` });
  await refused(403, { Authorization: `Bearer ${await jwt({ admin: true, views: ['hall'] })}` });
  await refused(403, { Authorization: `Bearer ${await jwt({ admin: true, cameras: ['*'] })}` });
  await refused(401, { Authorization: `Bearer ${await jwt({ admin: true, exp: 1 })}` });
  // A right token, from a page that has no business here.
  await refused(403, { ...ADMIN, Origin: 'https://evil.example' });
  await refused(403, { ...ADMIN, 'Sec-Fetch-Site': 'cross-site' });
  const admin = { Authorization: `Bearer ${await jwt({ admin: true, sub: 'ann' })}` };
  assert.equal((await ask('GET', '', admin)).status, 200);
  assert.equal(readFileSync(file, 'utf8'), FILE);
  // An administrator's token is none to watch with.
  assert.equal((await fetch(`${service.url}/api/cameras`, { headers: ADMIN })).status, 401);
});

test('a body that is no such request is refused, and the file stays', { timeout }, async () => {
  const headers = await matching();
  const url = 'rtsp://10.0.0.1/';
  const bad: readonly (readonly [status: number, body: unknown, more?: Record<string, string>])[] = [
    [415, { name: 'x', url }, { 'Content-Type': 'text/plain' }],
    [415, `name=x&url=${url}`, { 'Content-Type': 'application/x-www-form-urlencoded' }],
    [413, JSON.stringify({ name: 'x', url, title: 'x'.repeat(70_000) })],
    [400, '{'],
    [400, '[]'],
    [400, 'null'],
    [400, {}],
    [400, { name: 'x' }],
    [400, { name: 'x', url, always_on: true }],
    [400, `{"name":"x","url":"${url}","__proto__":{"title":"y"}}`],
    [400, { name: '../../etc/passwd', url }],
    [400, { name: 'x\n  - name: evil', url }],
    [400, { name: 7, url }],
    [400, { name: 'x', url, title: 'a\nb: c' }],
    [400, { name: 'x', url, title: '\u0000' }],
    [400, { name: 'x', url, title: ' ' }],
    [400, { name: 'x', url: 'http://10.0.0.1/' }],
    [400, { name: 'x', url: 'file:///etc/passwd' }],
    [400, { name: 'x', url: `rtsp://10.0.0.1/\n  - name: evil` }],
    // What the environment holds would go to whatever host the URL names.
    [400, { name: 'x', url: 'rtsp://${AUTH_JWT_SECRET}@10.0.0.1/' }],
    [403, { name: 'x', url: `rtsp://u:${PASSWORD}@10.6.6.6/` }],
    [403, { name: 'x', url: 'rtsp://169.254.169.254/latest' }],
    [403, { name: 'x', url, main_url: 'rtsp://10.6.6.6/' }],
    [409, { name: 'gate', url }],
  ];
  for (const [status, body, more = {}] of bad) {
    const reply = await ask('POST', '', { ...headers, ...more }, body);
    assert.equal(reply.status, status, `${JSON.stringify(body).slice(0, 100)}: ${reply.text}`);
    assert.equal(typeof reply.json['message'], 'string');
  }
  assert.equal((await ask('DELETE', '/none', headers)).status, 404);
  assert.equal((await ask('DELETE', '/..%2f..%2fetc', headers)).status, 400);
  assert.equal((await ask('PATCH', '/yard', headers, { url: 'rtsp://10.6.6.6/' })).status, 403);
  for (const [method, path] of [
    ['PUT', ''],
    ['OPTIONS', ''],
    ['HEAD', ''],
    ['GET', '/yard'],
    ['POST', '/yard'],
  ] as const)
    assert.equal((await ask(method, path, headers)).status, 405, `${method} ${path}`);
  assert.equal(readFileSync(file, 'utf8'), FILE);
});

test('a body without end is cut off', { timeout }, async (t) => {
  const socket = connect(service.port, '127.0.0.1');
  t.after(() => socket.destroy());
  let answer = '';
  let closed = false;
  socket.on('data', (data) => (answer += data.toString()));
  socket.on('close', () => (closed = true));
  socket.on('error', () => undefined);
  socket.write(
    `POST /api/admin/cameras HTTP/1.1\r\nHost: 127.0.0.1:${service.port}\r\nAuthorization: Bearer ${TOKEN}\r\n` +
      `If-Match: "x"\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  await until('it is closed', () => {
    if (!closed && socket.writable) socket.write(chunk);
    return closed;
  });
  assert.match(answer, /^HTTP\/1\.1 413 /);
});

test('a file that cannot be replaced says why and what to do, and stays', { timeout }, async () => {
  const real = join(folder, 'data');
  mkdirSync(real);
  writeFileSync(join(real, 'cameras.yaml'), FILE);
  renameSync(file, `${file}.old`);
  symlinkSync(join(real, 'cameras.yaml'), file);
  const { json } = await ask('GET', '');
  assert.match(String(json['problem']), /symbolic link, as of a Kubernetes ConfigMap/);
  const linked = await ask('DELETE', '/gate', await matching());
  assert.deepEqual([linked.status, linked.json['error']], [409, 'file_not_writable']);
  renameSync(`${file}.old`, file);
  assert.equal(readFileSync(join(real, 'cameras.yaml'), 'utf8'), FILE);
  writeFileSync(file, 'cameras: [');
  const invalid = await ask('GET', '');
  assert.deepEqual([invalid.status, invalid.json['error']], [409, 'file_invalid']);
});

test('no password and no token is in any answer or log line', { timeout }, async () => {
  await ask('POST', '', await matching(), {
    name: 'again',
    url: `rtsp://u:${PASSWORD}@10.0.0.9/?p=${PASSWORD}`,
  });
  const all = [...said, service.log()].join('\n');
  assert.ok(said.length > 100);
  for (const secret of [PASSWORD, TOKEN, VIEWER, SECRET, folder])
    assert.ok(!said.join('\n').includes(secret), 'an answer holds it');
  for (const secret of [PASSWORD, TOKEN, VIEWER, SECRET])
    assert.ok(!all.includes(secret), 'the log holds it');
});

test('without the settings these paths are like any that is not known', { timeout }, async (t) => {
  const other = join(folder, 'other.yaml');
  writeFileSync(other, FILE);
  const plain = await startService({ env: { CONFIG_FILE: other, AUTH_JWT_SECRET: '' } });
  t.after(() => plain.stop());
  for (const method of ['GET', 'POST', 'OPTIONS']) {
    const response = await fetch(`${plain.url}/api/admin/cameras`, { method, headers: ADMIN });
    assert.deepEqual([response.status, await response.text()], [404, 'not found\n']);
  }
  const list = (await (await fetch(`${plain.url}/api/cameras`)).json()) as object;
  assert.deepEqual(Object.keys(list), ['cameras']);
  await assert.rejects(startService({ env: { ADMIN_TOKENS: TOKEN } }), /need CONFIG_FILE/);
  assert.ok(existsSync(other));
});
