import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { statOf } from '../bench/lib/proc.js';
import { connectViewer, type Viewer } from '../bench/lib/ws-viewer.js';
import { helpText } from '../src/config/command-line.js';
import { SETTINGS, settingsTable } from '../src/config/settings.js';
import { cameras, closed, service } from './support/rig.js';
import { until } from './support/until.js';
import { tempFolder } from './support/temp-folder.js';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const timeout = 30_000;

/** Starts the service as a user does; `ended` is its exit code and what it wrote. */
function start(t: TestContext, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const written = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (written.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (written.err += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...written }));
  return { child, written, ended };
}

test('--help prints every setting with its default and its meaning', { timeout }, async (t) => {
  const { code, out } = await start(t, ['--help']).ended;
  assert.equal(code, 0);
  assert.equal(out, helpText());
  const lines = out.split('\n').map((line) => line.trim().split(/\s+/));
  for (const { name, fallback, doc } of settingsTable()) {
    const line = lines.find(([first]) => first === name);
    assert.ok(line, name);
    if (fallback !== '') assert.equal(line[1], fallback);
    assert.ok(out.includes(doc), doc);
  }
  assert.equal(settingsTable().length, Object.keys(SETTINGS).length);
});

test('--version prints the version of package.json', { timeout }, async (t) => {
  const { code, out } = await start(t, ['--version']).ended;
  assert.equal(code, 0);
  assert.match(out, /^rtsp-stream-ws \d+\.\d+\.\d+ \(Node \d+\.\d+\.\d+\)\n$/);
});

test(
  'wrong values stop the start with 64, every wrong key named, no secret shown',
  { timeout },
  async (t) => {
    const env = {
      PORT: '99999',
      JPEG_QUALITY: 'high',
      FRAME_WIDTH: '641',
      SIZE_LADDER: 'big',
      RTSP_TRANSPORT: 'http',
      AUTH_TOKENS: 'top-secret-token',
    };
    const { code, out, err } = await start(t, ['--max-cameras', '0'], env).ended;
    assert.equal(code, 64);
    for (const name of [
      'PORT',
      'JPEG_QUALITY',
      'FRAME_WIDTH',
      'SIZE_LADDER',
      'RTSP_TRANSPORT',
      'MAX_CAMERAS',
    ])
      assert.match(err, new RegExp(`(^|: )${name}=`, 'm'));
    assert.doesNotMatch(out + err, /top-secret-token|\n {4}at /);
  },
);

test('unknown flags and arguments stop the start with 64', { timeout }, async (t) => {
  const { code, err } = await start(t, ['--prot', '1', 'cameras.yaml']).ended;
  assert.equal(code, 64);
  assert.match(err, /--prot: unknown flag/);
  assert.match(err, /cameras\.yaml: unknown argument/);
});

test('a taken port stops the start with 69, host and port named', { timeout }, async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  t.after(() => holder.close());
  await once(holder, 'listening');
  const address = holder.address();
  assert.ok(address !== null && typeof address === 'object');
  const { code, err } = await start(t, [], { PORT: String(address.port) }).ended;
  assert.equal(code, 69);
  assert.ok(err.includes('127.0.0.1') && err.includes(String(address.port)), err);
  assert.doesNotMatch(err, /\n {4}at /);
});

test(
  '--check judges the file without starting anything: 0, or 64 with every mistake',
  { timeout },
  async (t) => {
    const file = join(tempFolder(t), 'cams.yaml');
    writeFileSync(file, 'cameras:\n  - {name: door, url: "rtsp://u:${PW}@127.0.0.1:1/x"}\n');
    const good = await start(t, ['--check'], { CONFIG_FILE: file, PW: 'secretpw' }).ended;
    assert.equal(good.code, 0);
    assert.match(good.out, /1 camera\n {2}door: rtsp:\/\/\*\*\*@127\.0\.0\.1:1\/x, 640x360/);
    const bad = await start(t, ['--check'], { CONFIG_FILE: file }).ended;
    assert.equal(bad.code, 64);
    assert.ok(bad.err.includes(`${file}:2:23: cameras[0].url: environment variable PW is not set`), bad.err);
    assert.doesNotMatch(good.out + good.err + bad.out + bad.err, /secretpw/);
  },
);

test('--check says that an FFMPEG_PATH leads nowhere', { timeout }, async (t) => {
  const { code, out, err } = await start(t, ['--check'], { FFMPEG_PATH: '/nope' }).ended;
  assert.equal(code, 64);
  assert.match(err, /FFmpeg at \/nope \(from FFMPEG_PATH\) cannot be run: ENOENT/);
  assert.equal(out, '');
});

test(
  'SIGTERM ends the service also while it reads a file that is no configuration',
  { timeout },
  async (t) => {
    const file = join(tempFolder(t), 'cams.yaml');
    writeFileSync(file, 'cameras: []\n');
    const server = await service(t, { CONFIG_FILE: file });
    writeFileSync(file, `a: &a 1\nx: [${'*a,'.repeat(120_000)}]\ncameras: []\n`);
    process.kill(server.pid, 'SIGHUP');
    const exit = await server.stop();
    assert.deepEqual({ code: exit.code, killed: exit.killed }, { code: 0, killed: false });
    assert.ok(exit.stopMs < 7000, `${exit.stopMs} ms`);
  },
);

test(
  'SIGTERM with a camera and a viewer ends the service within 5 s, with 0 and no FFmpeg left',
  { timeout },
  async (t) => {
    const set = await cameras(t);
    const file = join(tempFolder(t), 'cams.yaml');
    writeFileSync(file, `cameras:\n  - {name: door, url: "${set.url(0)}"}\n`);
    const server = await service(t, { CONFIG_FILE: file });
    const viewer = watchNamed(t, server.port, 'door');
    await until('frames come', () => viewer.frames() > 2, 15_000);
    const pids = server.ffmpegPids();
    assert.ok(pids.length > 0);
    const exit = await server.stop();
    assert.deepEqual(
      { code: exit.code, signal: exit.signal, killed: exit.killed },
      { code: 0, signal: null, killed: false },
    );
    assert.ok(exit.stopMs < 5000, `took ${exit.stopMs} ms`);
    assert.equal((await closed(viewer)).code, 1001);
    assert.deepEqual(
      pids.filter((pid) => statOf(pid) !== undefined),
      [],
    );
  },
);

test(
  '--check whose reader leaves after the first line ends with 0 and without a word',
  { timeout },
  async (t) => {
    const file = join(tempFolder(t), 'cams.yaml');
    // More than a pipe holds.
    const list = Array.from({ length: 1000 }, (_, i) => ({
      name: `cam${i}`,
      url: `rtsp://h/${'x'.repeat(700)}`,
    }));
    writeFileSync(file, JSON.stringify({ cameras: list }));
    const { child, ended } = start(t, ['--check'], { CONFIG_FILE: file });
    child.stdout.once('data', () => child.stdout.destroy());
    const { code, err } = await ended;
    assert.deepEqual({ code, err }, { code: 0, err: '' });
  },
);

test('SIGHUP in the middle of the start does not end the service', { timeout }, async (t) => {
  const folder = tempFolder(t);
  // The start asks FFmpeg for its version: then it is in its middle.
  const ffmpeg = join(folder, 'ffmpeg');
  writeFileSync(ffmpeg, `#!/bin/sh\n: > "${folder}/asked"\nsleep 0.3\nexit 1\n`, { mode: 0o755 });
  const { child, written, ended } = start(t, [], { PORT: '0', FFMPEG_PATH: ffmpeg });
  await until('FFmpeg is asked', () => existsSync(join(folder, 'asked')), 15_000);
  child.kill('SIGHUP');
  await Promise.race([ended, until('it listens', () => written.out.includes('"listening"'), 15_000)]);
  assert.equal(child.signalCode, null);
  assert.match(written.out, /"listening"/);
});

test('SIGTERM ends the service also when nobody reads its log any more', { timeout }, async (t) => {
  const { child, written, ended } = start(t, [], { PORT: '0' });
  await until('it listens', () => written.out.includes('"listening"'), 15_000);
  child.stdout.destroy();
  child.kill('SIGTERM');
  const { code } = await ended;
  assert.equal(code, 0);
});

test('SIGTERM ends the service also when its log is full because nobody reads it', { timeout }, async (t) => {
  const { child, written } = start(t, [], { PORT: '0', LINGER_MS: '0', RTSP_DENY: '127.0.0.0/8' });
  await until('it listens', () => written.out.includes('"listening"'), 15_000);
  const port = Number(/"port":(\d+)/.exec(written.out)?.[1]);
  const exit = once(child, 'exit');
  child.stdout.removeAllListeners('data').pause();
  const dropped = async (): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(/^rtsp_ws_log_lines_dropped_total (\d+)/m.exec(text)?.[1]);
  };
  // A camera that may not be dialled leaves some lines and costs no process.
  const rtsp = encodeURIComponent('rtsp://127.0.0.1:1/x');
  let asked = 0;
  const ask = async (): Promise<void> => {
    const name = `${'x'.repeat(50)}${asked++}`;
    const answer = await fetch(`http://127.0.0.1:${port}/snapshot?camera_index=${name}&rtsp=${rtsp}`);
    await answer.arrayBuffer();
  };
  while ((await dropped()) === 0) await Promise.all(Array.from({ length: 50 }, ask));
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
});

interface NamedViewer extends Viewer {
  frames(): number;
}

/** A viewer of a configured camera: it knows the name only. */
function watchNamed(t: TestContext, port: number, name: string): NamedViewer {
  let count = 0;
  const viewer = connectViewer({
    host: '127.0.0.1',
    port,
    path: `/ws?camera_index=${name}`,
    mode: 'keep',
    onFrame: () => count++,
  });
  t.after(() => viewer.destroy());
  return Object.assign(viewer, { frames: () => count });
}

for (const [how, act] of [
  ['on SIGHUP', (pid: number) => process.kill(pid, 'SIGHUP')],
  ['by itself', () => undefined],
] as const) {
  test(
    `a changed file is applied ${how}: changed cameras begin anew, removed ones go, unchanged ones keep their FFmpeg`,
    { timeout: 60_000 },
    async (t) => {
      const set = await cameras(t, { count: 2 });
      const file = join(tempFolder(t), 'cams.yaml');
      const camera = (name: string, index: number, more = ''): string =>
        `  - {name: ${name}, url: "${set.url(index)}"${more}}\n`;
      writeFileSync(file, `cameras:\n${camera('same', 0)}${camera('changed', 1)}${camera('removed', 0)}`);
      // Three cameras connect at once here, and other tests run beside this one.
      const server = await service(t, { CONFIG_FILE: file, OPEN_TIMEOUT_MS: '10000' });
      const [same, changed, removed] = ['same', 'changed', 'removed'].map((name) =>
        watchNamed(t, server.port, name),
      );
      assert.ok(same && changed && removed);
      await until('frames come', () => [same, changed, removed].every((v) => v.frames() > 2), 20_000);
      const starts = await server.metric('ffmpeg_starts_total', { camera: 'same' });
      assert.equal(starts, 1);

      writeFileSync(file, 'cameras:\n  - name: same\n');
      act(server.pid);
      await until('the mistake is in the log', () => server.log().includes('config_refused'), 15_000);
      assert.match(server.log(), /cams\.yaml:2:5: cameras\[0\]\.url: is missing/);

      writeFileSync(
        file,
        `cameras:\n${camera('added', 1)}${camera('same', 0, ', title: New')}${camera('changed', 1, ', width: 160')}`,
      );
      act(server.pid);
      assert.deepEqual(await closed(changed, 15_000), {
        code: 1012,
        reason: 'camera was changed or removed: connect again',
      });
      assert.equal((await closed(removed)).code, 1012);
      assert.equal((await closed(watchNamed(t, server.port, 'removed'))).code, 4404);
      const again = watchNamed(t, server.port, 'changed');
      await until('the changed camera plays', () => again.frames() > 2, 20_000);

      const before = same.frames();
      await until('the unchanged camera plays on', () => same.frames() > before + 2);
      assert.equal(await server.metric('ffmpeg_starts_total', { camera: 'same' }), 1);
      const body = (await (await fetch(`${server.url}/api/cameras`)).json()) as {
        cameras: { camera: string; title: string }[];
      };
      assert.deepEqual(
        body.cameras.map(({ camera: name, title }) => [name, title]),
        [
          ['added', 'added'],
          ['same', 'New'],
          ['changed', 'changed'],
        ],
      );
    },
  );
}
