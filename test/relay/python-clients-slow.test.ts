import assert from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { frameNumberOfJpeg } from '../../bench/lib/frame-number.js';
import { pythonClientsFolder } from '../support/requirements.js';
import { cameras, type Scope, service } from '../support/rig.js';
import { splitJpegs } from '../support/split-jpegs.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

/** The README's examples in Python, as they stand there, against the real service. */

const timeout = 40_000;
const WITHIN_MS = 20_000;
const scope = { after } as Scope;
const README = fileURLToPath(new URL('../../../README.md', import.meta.url));
/** Debian's own, for which the packages were installed. */
const PYTHON = '/usr/bin/python3';

const server = await service(scope, { OPEN_TIMEOUT_MS: '15000' });
const set = await cameras(scope);

/** The example in Python that holds this text. */
function example(text: string): string {
  const blocks = [...readFileSync(README, 'utf8').matchAll(/```python\n(.*?)```/gs)].map(
    ([, code = '']) => code,
  );
  const found = blocks.filter((code) => code.includes(text));
  assert.equal(found.length, 1, `one example in README.md has ${text}`);
  return found[0] ?? '';
}

/** The example with the address of this service and camera in the place of its own. */
function forCamera(code: string, camera: string): string {
  const query = new URLSearchParams({ camera_index: camera, rtsp: set.url(0), codec: 'h264' }).toString();
  const changed = code.replace(
    'ws://localhost:8003/ws?camera_index=gate&codec=h264',
    `ws://127.0.0.1:${server.port}/ws?${query}`,
  );
  assert.notEqual(changed, code);
  return changed;
}

/** Runs a script in a folder of its own, by a command that does not end by itself. @returns the folder, and what it said so far */
function start(
  t: TestContext,
  { name, code }: { readonly name: string; readonly code: string },
  [command = '', ...args]: readonly string[],
) {
  const undo: (() => unknown)[] = [];
  const cwd = tempFolder({ after: (step) => undo.push(step) });
  writeFileSync(join(cwd, name), code);
  const child: ChildProcessWithoutNullStreams = spawn(command, args, {
    cwd,
    detached: true,
    env: {
      ...process.env,
      PYTHONPATH: pythonClientsFolder(),
      PYTHONUNBUFFERED: '1',
      SERVER: `ws://127.0.0.1:${server.port}`,
      CAMERA_URL: set.url(0),
    },
  });
  const said = { folder: cwd, out: Buffer.alloc(0), errors: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out = Buffer.concat([said.out, chunk])));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.errors += text));
  t.after(async () => {
    // A shell's pipe is a group of processes.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    for (const step of undo) step();
  });
  return said;
}

test('the example with PyAV decodes every picture', { timeout }, async (t) => {
  const script = { name: 'pyav.py', code: forCamera(example('import av'), 'pyav') };
  const said = start(t, script, [PYTHON, script.name]);
  const lines = (): string[] => said.out.toString().split('\n').slice(0, -1);
  await until(
    () => `50 pictures: ${said.errors}`,
    () => lines().length >= 50,
    WITHIN_MS,
  );
  assert.deepEqual([...new Set(lines())], ['320 180']);
  assert.equal(said.errors, '', 'PyAV complains of nothing');
});

test('the example with a pipe shows the pictures in their order in FFmpeg', { timeout }, async (t) => {
  const player = /`python (units\.py \| ff)play (-f h264 .*-i -)`/.exec(readFileSync(README, 'utf8'));
  assert.ok(player, 'README.md shows how to play the pipe');
  // FFmpeg in the place of ffplay, which needs a screen; the options are those of the input.
  const command = `${PYTHON} ${player[1] ?? ''}mpeg -v warning ${player[2] ?? ''} -q:v 2 -f image2pipe -c:v mjpeg -`;
  const said = start(t, { name: 'units.py', code: forCamera(example('units.py'), 'pipe') }, [
    'sh',
    '-c',
    command,
  ]);
  const jpegs = (): Buffer[] => splitJpegs(said.out);
  await until(
    () => `50 pictures: ${said.errors}`,
    () => jpegs().length >= 50,
    WITHIN_MS,
  );
  const numbers = jpegs().map(frameNumberOfJpeg);
  const { clipFrames } = set.options;
  assert.ok(
    numbers.slice(1).every((number, i) => number === ((numbers[i] ?? NaN) + 1) % clipFrames),
    numbers.join(' '),
  );
});

test('the example with JPEGs keeps the newest in a file', { timeout }, async (t) => {
  const said = start(t, { name: 'jpegs.py', code: example('gate.jpg') }, [PYTHON, 'jpegs.py']);
  await until(
    () => `a picture: ${said.errors}`,
    () => {
      try {
        return frameNumberOfJpeg(readFileSync(join(said.folder, 'gate.jpg'))) !== null;
      } catch {
        return false;
      }
    },
    WITHIN_MS,
  );
});
