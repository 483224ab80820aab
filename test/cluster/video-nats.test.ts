import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import { epochMs } from '../../src/shared/clock.js';
import { WallViewer } from '../support/wall-viewer.js';
import { clusterRig, type ClusterNode, until } from './rig.js';

const timeout = 120_000;

interface VideoEye {
  readonly node: string;
  /** Access units, and when they came. */
  readonly units: { readonly data: Buffer; readonly at: number }[];
  readonly formats: unknown[];
  closed: number | null;
}

/** A viewer of a camera's video as it comes. */
function openVideoEye(scope: Pick<TestContext, 'after'>, node: ClusterNode, camera: string): VideoEye {
  const socket = new WebSocket(`ws://127.0.0.1:${node.port}/ws?camera_index=${camera}&codec=h264&events=1`);
  const eye: VideoEye = { node: node.name, units: [], formats: [], closed: null };
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) eye.units.push({ data, at: epochMs() });
    else {
      const said = JSON.parse(data.toString()) as { type: string };
      if (said.type === 'video') eye.formats.push(said);
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', (code) => (eye.closed = code));
  scope.after(() => {
    socket.terminate();
  });
  return eye;
}

const hasUnits = (eyes: readonly VideoEye[], count: number) => (): boolean =>
  eyes.every(({ units }) => units.length >= count);
const counts = (eyes: readonly VideoEye[]) => (): string =>
  `units: ${eyes.map(({ node, units, closed }) => `${node} ${units.length} closed ${closed ?? '-'}`).join(', ')}`;

/** What a decoder says of everything that a viewer was sent: nothing, when no unit lacks the one before it. */
function decoderErrors({ units }: VideoEye, ffmpeg: string): string {
  const args = ['-v', 'error', '-f', 'h264', '-i', 'pipe:0', '-f', 'null', '-'];
  const { stderr } = spawnSync(ffmpeg, args, { input: Buffer.concat(units.map(({ data }) => data)) });
  return stderr.toString();
}

test(
  'every node shows a camera’s video as it comes, over one session, and goes on when it changes hands',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope);
    const { path: ffmpeg } = await findFfmpeg('');
    const eyes = ['a', 'b', 'c'].map((node) => openVideoEye(scope, it.node(node), 'cam1'));
    await until(counts(eyes), hasUnits(eyes, 75), 20_000);
    assert.equal(it.sessions.most, 1);
    const [format] = eyes.map(({ formats }) => formats[0]);
    assert.ok(format);
    for (const eye of eyes) {
      assert.deepEqual(eye.formats, [format], eye.node);
      assert.equal(decoderErrors(eye, ffmpeg), '', eye.node);
    }
    // The same units on every node, none missing.
    const texts = eyes.map(({ units }) => units.map(({ data }) => data.toString('base64')));
    const from = texts[0]?.slice(-20, -10) ?? [];
    for (const all of texts) {
      const at = all.indexOf(from[0] ?? '');
      assert.deepEqual(all.slice(at, at + 10), from);
    }
    const name = await it.ownerOf('cam1');
    const wall = new WallViewer(scope, it.node(name === 'a' ? 'b' : 'a').port);
    await until('the wall is open', () => wall.messages.length > 0);
    wall.say({ type: 'subscribe', handle: 1, camera: 'cam1', codecs: ['h264'] });
    await until('a tile is given video', () => wall.frames.filter(({ kind }) => kind !== 'jpeg').length > 20);

    // One that ends gives it away; another is killed.
    it.node(name).signal('SIGTERM');
    await it.node(name).exited;
    const left = eyes.filter(({ node }) => node !== name);
    await until(
      counts(left),
      hasUnits(left, Math.max(...left.map(({ units }) => units.length)) + 50),
      20_000,
    );
    const next = await it.ownerOf('cam1');
    const [last] = left.filter(({ node }) => node !== next);
    assert.ok(last);
    const before = last.units.length;
    await it.node(next).kill();
    await until(counts([last]), hasUnits([last], before + 50), 15_000);
    for (const eye of [...left, ...eyes]) {
      if (eye.node !== name && eye.node !== next) assert.equal(eye.closed, null);
      assert.equal(decoderErrors(eye, ffmpeg), '', eye.node);
    }
  },
);
