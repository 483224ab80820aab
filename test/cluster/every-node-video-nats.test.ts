import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { jpegSize } from '../support/jpeg-size.js';
import { WallViewer } from '../support/wall-viewer.js';
import { clusterRig, type ClusterNode, type Rig, until } from './rig.js';

/** Video as it comes, its fallback to JPEG and the camera's own size: the node that decodes and one that does not give the same. */

const timeout = 60_000;

interface VideoViewer {
  units: number;
  readonly formats: { readonly form: string; readonly width: number; readonly height: number }[];
  closed: { readonly code: number; readonly reason: string } | null;
}

describe('the owner of a camera and another node', { timeout: 200_000 }, () => {
  const ends: (() => unknown)[] = [];
  const scope = { after: (end: unknown) => void ends.push(end as () => unknown) };
  let it: Rig;
  let nodes: readonly ClusterNode[];

  before(
    async () => {
      it = await clusterRig(scope, {
        nodes: ['a', 'b'],
        cameras: { width: 320, height: 180, gop: 12 },
        env: { FRAME_WIDTH: '160', FRAME_HEIGHT: '90' },
      });
      await it.more(3, [it.eye('a', 'cam1'), it.eye('b', 'cam1')]);
      const owner = await it.ownerOf('cam1');
      nodes = [it.node(owner), it.node(owner === 'a' ? 'b' : 'a')];
    },
    { timeout },
  );
  after(
    async () => {
      for (const end of ends.reverse()) await end();
    },
    { timeout },
  );

  function watchVideo({ port }: ClusterNode, codec: string): VideoViewer {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws?camera_index=cam1&codec=${codec}&events=1`);
    const viewer: VideoViewer = { units: 0, formats: [], closed: null };
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) viewer.units++;
      else {
        const said = JSON.parse(data.toString()) as { type: string } & VideoViewer['formats'][number];
        if (said.type === 'video') viewer.formats.push(said);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => (viewer.closed = { code, reason: reason.toString() }));
    scope.after(() => {
      socket.terminate();
    });
    return viewer;
  }

  /** The sizes of a picture that each node gives for `size=source`. */
  const sourceSizes = (): Promise<string[]> =>
    Promise.all(
      nodes.map(async ({ url }) => {
        const response = await fetch(`${url}/snapshot?camera_index=cam1&size=source`);
        return jpegSize(new Uint8Array(await response.arrayBuffer()));
      }),
    );

  test('refuse a codec that the camera does not send with the same code and words', { timeout }, async () => {
    const viewers = nodes.map((node) => watchVideo(node, 'h265'));
    await until('both are closed', () => viewers.every(({ closed }) => closed));
    assert.equal(viewers[0]?.closed?.code, 4400);
    assert.deepEqual(viewers[1]?.closed, viewers[0].closed);
  });

  test('give a tile video, JPEG when it asks for that, and video again', { timeout }, async () => {
    const walls = nodes.map(({ port }) => new WallViewer(scope, port));
    for (const wall of walls) {
      await until('the wall is open', () => wall.of('hello').length > 0);
      wall.say({ type: 'subscribe', handle: 1, camera: 'cam1', codecs: ['h264'] });
      wall.say({ type: 'subscribe', handle: 2, camera: 'cam1', codecs: ['h265'] });
    }
    const told = (handle: number) => walls.map((wall) => toldOf(wall, handle));
    await until(
      () => JSON.stringify([told(1), told(2)]),
      () => walls.every((wall) => formsOf(wall, 1).includes('delta') && formsOf(wall, 2).includes('jpeg')),
      15_000,
    );
    assert.deepEqual(told(2), [['jpeg camera_codec'], ['jpeg camera_codec']]);
    for (const wall of walls) wall.say({ type: 'rendition', handle: 1, codecs: [], why: 'decoder' });
    await until(
      () => `JPEG: ${JSON.stringify(told(1))}`,
      () => walls.every((wall) => formsOf(wall, 1).at(-1) === 'jpeg'),
    );
    for (const wall of walls) wall.say({ type: 'rendition', handle: 1, codecs: ['h264'] });
    await until(
      () => `video again: ${JSON.stringify(told(1))}`,
      () => walls.every((wall) => formsOf(wall, 1).at(-1) === 'delta'),
    );
    assert.deepEqual(told(1)[0], ['h264', 'jpeg decoder', 'h264']);
    assert.deepEqual(told(1)[1], told(1)[0]);
    for (const wall of walls) assert.equal(wall.torn, 0);
  });

  test(
    'give pictures and video in the camera’s own size, also after that has changed',
    { timeout },
    async () => {
      const viewers = nodes.map((node) => watchVideo(node, 'h264'));
      await until('video', () => viewers.every(({ units }) => units > 10));
      assert.deepEqual(await sourceSizes(), ['320x180', '320x180']);
      await it.cameras.fault('cam1', 'resize:480x270');
      const sizes = () =>
        viewers.map(({ formats }) => formats.map(({ width, height }) => `${width}x${height}`));
      await until(
        () => `the new format: ${JSON.stringify(sizes())}`,
        () => viewers.every(({ formats }) => formats.at(-1)?.width === 480),
        15_000,
      );
      assert.deepEqual(sizes()[0], ['320x180', '480x270']);
      assert.deepEqual(sizes()[1], sizes()[0]);
      await until('pictures of the new size', async () =>
        (await sourceSizes()).every((size) => size === '480x270'),
      );
      for (const { closed } of viewers) assert.equal(closed, null);
      assert.equal(it.sessions.most, 1);
    },
  );
});

/** What a tile was told it is given, and why. */
const toldOf = (wall: WallViewer, handle: number): string[] =>
  wall
    .of('video')
    .filter((video) => video.handle === handle)
    .map((video) => (video.form === 'jpeg' ? `jpeg ${video.why}` : video.form));

const formsOf = (wall: WallViewer, handle: number): string[] =>
  wall.frames.filter((frame) => frame.handle === handle).map(({ kind }) => kind);
