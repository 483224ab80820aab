import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { encodeUnits } from '../rtp/streams.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { jpegSize } from '../support/jpeg-size.js';
import { UnitCamera } from '../support/unit-camera.js';
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
  /** `cam2` */
  let changing: UnitCamera;
  let nodes: readonly ClusterNode[];

  before(
    async () => {
      changing = await UnitCamera.start(scope, { codec: 'h264' });
      it = await clusterRig(scope, {
        nodes: ['a', 'b'],
        cameras: { width: 320, height: 180, gop: 12 },
        entry: (name) => (name === 'cam2' ? { url: changing.url } : {}),
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

  test(
    'follow a camera from H.264 to H.265: each tile is told of the video, then given its key unit first',
    { timeout },
    async () => {
      const [h264, h265] = (['h264', 'h265'] as const).map((codec) => unitsOf(codec));
      assert.ok(h264 && h265);
      changing.run(h264, 25, () => undefined);
      const walls = nodes.map(({ port }) => new WallViewer(scope, port));
      for (const wall of walls) {
        await until('the wall is open', () => wall.of('hello').length > 0);
        wall.say({ type: 'subscribe', handle: 1, camera: 'cam2', codecs: ['h264', 'h265'] });
        wall.say({ type: 'subscribe', handle: 2, camera: 'cam2', codecs: ['h264'] });
      }
      const told = () => walls.map((wall) => [toldOf(wall, 1), toldOf(wall, 2)]);
      const shows = (handle: number, kind: string) => () =>
        walls.every((wall) => formsOf(wall, handle).at(-1) === kind);
      await until(() => `H.264: ${JSON.stringify(told())}`, shows(1, 'delta'), 20_000);
      await until(() => `H.264: ${JSON.stringify(told())}`, shows(2, 'delta'), 20_000);
      const isLive = (wall: WallViewer): boolean =>
        [1, 2].every(
          (handle) => wall.of('state').findLast((state) => state.handle === handle)?.state === 'live',
        );
      await until('live', () => walls.every(isLive), 20_000);
      const before = walls.map((wall) => wall.frames.length);
      changing.change({ codec: 'h265' });
      changing.run(h265, 25, () => undefined);
      await until(
        () => `H.265: ${JSON.stringify(told())}`,
        () => walls.every((wall) => toldOf(wall, 1).at(-1) === 'h265'),
        20_000,
      );
      await until(() => `JPEG: ${JSON.stringify(told())}`, shows(2, 'jpeg'), 20_000);
      await until(() => `H.265 units: ${JSON.stringify(told())}`, shows(1, 'delta'), 20_000);
      for (const [i, wall] of walls.entries()) {
        const name = nodes[i]?.name;
        assert.deepEqual(toldOf(wall, 1), ['h264', 'h265'], name);
        assert.deepEqual(toldOf(wall, 2), ['h264', 'jpeg camera_codec'], name);
        const said = wall.of('video').findLast(({ handle }) => handle === 1);
        assert.ok(said?.form === 'h265' && said.width === 480 && said.height === 270, JSON.stringify(said));
        const units = wall.frames.slice(before[i]).filter(({ handle }) => handle === 1);
        const first = units.findIndex(({ bytes }) => isH265KeyUnit(bytes));
        assert.equal(units[first]?.kind, 'key');
        assert.ok(
          units.slice(first).every(({ kind }) => kind !== 'jpeg'),
          name,
        );
        assert.equal(wall.closed, null);
        assert.equal(wall.torn, 0);
      }
    },
  );
});

/** Two seconds of a camera's video, for some minutes: the two codecs have two sizes. */
function unitsOf(codec: 'h264' | 'h265'): Uint8Array[][] {
  const size = codec === 'h264' ? '320x180' : '480x270';
  const encoder =
    codec === 'h264'
      ? ['-c:v', 'libx264', '-preset', 'ultrafast', '-x264-params', 'aud=1:keyint=12:scenecut=0:bframes=0']
      : [
          ...['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params'],
          'log-level=none:pools=1:frame-threads=1:aud=1:keyint=12:scenecut=0:bframes=0:repeat-headers=1',
        ];
  const units = encodeUnits(codec, CHOSEN_FFMPEG.path, {
    source: `testsrc2=size=${size}:rate=25,format=yuv420p`,
    options: ['-pix_fmt', 'yuv420p', ...encoder],
    format: codec === 'h264' ? 'h264' : 'hevc',
    frames: 48,
  });
  return Array.from({ length: 60 }, () => units.map(({ all }) => [...all])).flat();
}

/** It begins with a parameter set of H.265, whose type is 32. */
const isH265KeyUnit = (unit: Buffer): boolean => unit[unit.indexOf(1) + 1] === 32 << 1;

/** What a tile was told it is given, and why. */
const toldOf = (wall: WallViewer, handle: number): string[] =>
  wall
    .of('video')
    .filter((video) => video.handle === handle)
    .map((video) => (video.form === 'jpeg' ? `jpeg ${video.why}` : video.form));

const formsOf = (wall: WallViewer, handle: number): string[] =>
  wall.frames.filter((frame) => frame.handle === handle).map(({ kind }) => kind);
