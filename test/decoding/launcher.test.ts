import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { confinementText, findLauncher } from '../../src/decoding/launcher.js';
import { PROBE_LIMITS } from '../../src/decoding/probe-limits.js';
import { startsRestricted } from '../../src/decoding/restricted-start.js';
import { which } from '../../src/decoding/which.js';
import { landlockVersion, SIGNALS_SINCE } from '../../src/shared/landlock.js';
import { tempFolder } from '../support/temp-folder.js';

const timeout = 30_000;
const run = promisify(execFile);

test('a program that is started for decoding reaches no network', { timeout }, async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  let connections = 0;
  server.on('connection', (socket) => {
    connections++;
    socket.destroy();
  });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const dial = ['-c', `exec 3<>/dev/tcp/127.0.0.1/${address.port}`];
  const { launcher, confinement } = await findLauncher('/bin/true');
  const [command = '', ...args] = launcher;
  const reached = await run(command, [...args, '/bin/bash', ...dial]).then(
    () => true,
    () => false,
  );
  assert.equal(reached, !confinement.noNetwork);
  assert.equal(connections, reached ? 1 : 0);
  // The trap works: without the launcher the same program gets there.
  await run('/bin/bash', dial);
  assert.equal(connections, reached ? 2 : 1);
  if (process.getuid?.() === 0) assert.ok(confinement.noNetwork, 'root may make a network namespace');
});

test('where no namespace can be made, the rest still holds', { timeout }, async (t) => {
  const folder = tempFolder(t);
  const before = process.env['PATH'] ?? '';
  t.after(() => (process.env['PATH'] = before));
  const refusing = join(folder, 'unshare');
  writeFileSync(refusing, '#!/bin/sh\nexit 1\n');
  chmodSync(refusing, 0o755);
  process.env['PATH'] = `${folder}:${before}`;
  const { launcher, confinement } = await findLauncher('/bin/true');
  assert.deepEqual(confinement, {
    ...{ parentDeath: true, noNewPrivileges: true, noCapabilities: true, noNetwork: false },
    ...{ limits: true, noChanges: landlockVersion() > 0, noSignals: landlockVersion() >= SIGNALS_SINCE },
  });
  assert.doesNotMatch(launcher.join(' '), /unshare/);
  assert.match(
    confinementText(confinement),
    /no capabilities, opens nothing.*; not to be had here: no network/,
  );
});

test('where the kernel makes no more namespaces, the rest still holds', { timeout }, async () => {
  const module = new URL('../../src/decoding/launcher.js', import.meta.url).href;
  const script = `import { findLauncher } from '${module}'; console.log(JSON.stringify(await findLauncher('/bin/true')));`;
  const forbidding = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$0" "$@"';
  const node = [process.execPath, '--input-type=module', '--eval', script];
  const { stdout } = await run('unshare', ['--user', '--map-root-user', 'sh', '-c', forbidding, ...node]);
  const { launcher, confinement } = JSON.parse(stdout) as Awaited<ReturnType<typeof findLauncher>>;
  assert.doesNotMatch(launcher.join(' '), /unshare/);
  const { noNetwork, noNewPrivileges, noCapabilities, limits } = confinement;
  assert.deepEqual([noNetwork, noNewPrivileges, noCapabilities, limits], [false, true, true, true]);
});

test('without any launcher it is said what does not hold', { timeout }, async (t) => {
  const before = process.env['PATH'] ?? '';
  t.after(() => (process.env['PATH'] = before));
  process.env['PATH'] = tempFolder(t);
  const { launcher, confinement } = await findLauncher('/bin/true');
  assert.deepEqual(launcher, []);
  assert.match(confinementText(confinement), /not to be had here: ends with the service/);
});

test('a program that writes a file before it starts FFmpeg goes without Landlock', { timeout }, async (t) => {
  const script = join(tempFolder(t), 'ffmpeg');
  writeFileSync(script, '#!/bin/sh\nexec /bin/true "$@" 2>> "$0.log"\n');
  chmodSync(script, 0o755);
  const { launcher, confinement } = await findLauncher(script);
  assert.deepEqual([confinement.noChanges, confinement.noSignals], [false, false]);
  assert.equal(confinement.noNewPrivileges, launcher.length > 0);
});

test('a program that cannot be asked to end keeps no probe waiting', { timeout }, async (t) => {
  const script = join(tempFolder(t), 'ffmpeg');
  writeFileSync(script, "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.1; done\n");
  chmodSync(script, 0o755);
  const limits = { ...PROBE_LIMITS, timeout: 300 };
  assert.equal(await startsRestricted([script], limits), false);
  await assert.rejects(run(script, limits), { signal: 'SIGKILL' });
});

test('a folder on PATH is not taken for a program of its name', { timeout }, async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'sh'));
  const before = process.env['PATH'] ?? '';
  t.after(() => (process.env['PATH'] = before));
  process.env['PATH'] = `${folder}:${before}`;
  const found = await which('sh');
  assert.ok(found !== null && dirname(found) !== folder, String(found));
});
