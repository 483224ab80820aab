import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { frameNumberOfJpeg } from '../../../bench/lib/frame-number.js';
import { nalUnits } from '../../../src/video/annex-b.js';
import { splitJpegs } from '../../support/split-jpegs.js';
import { closed, type Service, service, watch } from '../../support/rig.js';
import { until } from '../../support/until.js';
import { WallViewer } from '../../support/wall-viewer.js';
import { clipFolder, type ClipFolder } from '../support/clip-folder.js';
import { numbersOf } from '../support/decode.js';
import { CLIP_SIZE, type ClipName } from '../support/numbered-clips.js';
import { type GstServer, startGstServer } from './gst-server.js';

/** What cameras send goes to the viewers as it comes: H.265, JPEG and B-frames, from GStreamer's server through the whole service. */

const options = { timeout: 40_000 };
/** GStreamer starts its pipeline for each client, and the machine may be busy. */
const WITHIN_MS = 20_000;
const UNITS = 60;
const CLIPS = ['h265', 'jpeg', 'h264-b-frames'] as const satisfies readonly ClipName[];
type Codec = 'h264' | 'h265';

const run = promisify(execFile);

describe('video and JPEG as the camera sends them', { timeout: 120_000, concurrency: 3 }, () => {
  let server: Service;
  let gst: GstServer;
  let clips: ClipFolder;
  const undo: (() => unknown)[] = [];
  const scope = { after: (step: () => unknown) => undo.push(step) } as unknown as Parameters<
    typeof service
  >[0];

  before(async () => {
    clips = await clipFolder(CLIPS);
    undo.push(() => {
      clips.remove();
    });
    gst = await startGstServer(
      undefined,
      CLIPS.map((name) => ({ mount: `/${name}`, kind: kindOf(name), path: clips.file(name) })),
    );
    undo.push(() => gst.stop());
    const config = join(clips.path, 'cameras.yaml');
    // JSON is YAML too.
    writeFileSync(
      config,
      JSON.stringify({ cameras: [{ name: 'by-file', url: url('jpeg'), size: 'source' }] }),
    );
    server = await service(scope, {
      OPEN_TIMEOUT_MS: '15000',
      STALL_TIMEOUT_MS: '5000',
      CONFIG_FILE: config,
    });
  }, options);
  after(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  }, options);

  const url = (clip: (typeof CLIPS)[number]): string => `rtsp://127.0.0.1:${gst.port}/${clip}`;

  /** Pictures that follow each other, each with its number: nothing is torn, and nothing is left out. */
  async function assertWhole(codec: Codec, units: readonly Buffer[]): Promise<void> {
    const numbers = await numbersOf(
      'ffmpeg',
      units.map((data) => ({ codec, data })),
      CLIP_SIZE,
    );
    // A decoder keeps some pictures back at the end.
    assert.ok(numbers.length >= units.length - 4, `${numbers.length} pictures of ${units.length} units`);
    assert.ok(
      numbers.slice(1).every((number, i) => number !== null && number === (numbers[i] ?? NaN) + 1),
      numbers.join(' '),
    );
  }

  test('/ws?codec=h265 is the H.265 of the camera, and says which', options, async (t) => {
    const viewer = watch(t, server, 'hevc', url('h265'), { query: { codec: 'h265' } });
    await viewer.more(UNITS, WITHIN_MS);
    const units = viewer.frames.map(({ jpeg }) => jpeg);
    const types = [...nalUnits(units[0] ?? Buffer.alloc(0))].map((nal) => ((nal[0] ?? 0) >> 1) & 63);
    for (const needed of [32, 33, 34])
      assert.ok(types.includes(needed), `no parameter set ${needed} in front`);
    await assertWhole('h265', units);
    const told = viewer.states.map((event) => JSON.stringify(event)).find((text) => text.includes('"video"'));
    assert.match(told ?? '', /"form":"h265","codec":"h[ev][cv]1\.1\.[^"]+","width":320,"height":176/);
  });

  test('who asks for H.264 of that camera is told what it sends', options, async (t) => {
    const viewer = watch(t, server, 'hevc-as-h264', url('h265'), { query: { codec: 'h264' } });
    const { code, reason } = await closed(viewer, WITHIN_MS);
    assert.equal(code, 4400);
    assert.match(reason, /the camera sends h265: ask for codec=h265/);
  });

  test('a wall that takes H.265 gets it, and one that does not gets JPEG and why', options, async (t) => {
    const able = new WallViewer(t, server.port);
    const unable = new WallViewer(t, server.port);
    await able.tile(1, 'hevc-wall', url('h265'), ['h264', 'h265']);
    await unable.tile(1, 'hevc-wall', url('h265'), ['h264']);
    await until('units', () => able.frames.length >= UNITS, WITHIN_MS);
    await until('pictures', () => unable.frames.length >= 10, WITHIN_MS);
    assert.deepEqual(able.told, ['h265']);
    assert.equal(able.torn, 0);
    await assertWhole(
      'h265',
      able.frames.map(({ bytes }) => bytes),
    );
    assert.deepEqual(unable.told, ['jpeg camera_codec']);
    for (const { kind, bytes } of unable.frames) {
      assert.equal(kind, 'jpeg');
      assert.notEqual(frameNumberOfJpeg(bytes), null);
    }
  });

  test('B-frames go out in the order of decoding, and nothing is torn', options, async (t) => {
    const wall = new WallViewer(t, server.port);
    await wall.tile(1, 'b-frames', url('h264-b-frames'));
    await until('units', () => wall.frames.length >= UNITS, WITHIN_MS);
    assert.deepEqual(wall.told, ['h264']);
    assert.equal(wall.torn, 0);
    await assertWhole(
      'h264',
      wall.frames.map(({ bytes }) => bytes),
    );
  });

  test('a JPEG camera in its own size is the same bytes on every path', options, async (t) => {
    const { stdout } = await run(
      'ffmpeg',
      ['-v', 'error', '-i', clips.file('jpeg'), '-c', 'copy', '-f', 'image2pipe', '-'],
      { encoding: 'buffer', maxBuffer: 1 << 27 },
    );
    // RTP carries no header of a JPEG (RFC 2435): what is compared is the picture itself.
    const sent = new Map(splitJpegs(stdout).map((jpeg) => [pictureOf(jpeg), jpeg]));
    assert.ok(sent.size > 100);
    const assertSent = (jpeg: Buffer, where: string): void => {
      assert.ok(sent.has(pictureOf(jpeg)), `${where}: another picture than the camera sent`);
      assert.equal(jpeg.includes(Buffer.from('Exif')), false);
    };

    const viewer = watch(t, server, 'mjpg', url('jpeg'), { query: { size: 'source' } });
    await viewer.more(20, WITHIN_MS);
    for (const { jpeg } of viewer.frames) assertSent(jpeg, '/ws');

    const wall = new WallViewer(t, server.port);
    await until('the hello', () => wall.of('hello').length > 0);
    wall.say({ type: 'subscribe', handle: 1, camera: 'mjpg', rtsp: url('jpeg'), size: 'source' });
    await until('pictures', () => wall.frames.length >= 10, WITHIN_MS);
    for (const { kind, bytes } of wall.frames) {
      assert.equal(kind, 'jpeg');
      assertSent(bytes, '/wall');
    }

    const query = new URLSearchParams({ camera_index: 'mjpg', rtsp: url('jpeg'), size: 'source' }).toString();
    // The configuration says it for viewers that say nothing.
    for (const asked of [query, 'camera_index=by-file']) {
      const snapshot = await fetch(`${server.url}/snapshot?${asked}`);
      assert.equal(snapshot.status, 200);
      assertSent(Buffer.from(await snapshot.arrayBuffer()), `/snapshot?${asked}`);
    }

    const stop = new AbortController();
    const stream = await fetch(`${server.url}/stream.mjpeg?${query}`, { signal: stop.signal });
    const read: Buffer[] = [];
    for await (const chunk of stream.body ?? []) {
      read.push(Buffer.from(chunk as Uint8Array));
      if (splitJpegs(Buffer.concat(read)).length > 5) break;
    }
    stop.abort();
    for (const jpeg of splitJpegs(Buffer.concat(read)).slice(0, -1)) assertSent(jpeg, '/stream.mjpeg');
    assert.equal(await server.metric('frames_encoded_total', { camera: 'mjpg' }), 0, 'nothing was encoded');
  });
});

const kindOf = (name: (typeof CLIPS)[number]): 'h264' | 'h265' | 'jpeg' =>
  name === 'h264-b-frames' ? 'h264' : name;

/** The entropy-coded data of a baseline JPEG: from behind its one scan header up to its end. */
function pictureOf(jpeg: Buffer): string {
  const scan = jpeg.indexOf(Buffer.of(0xff, 0xda));
  const end = jpeg.lastIndexOf(Buffer.of(0xff, 0xd9));
  assert.ok(scan > 0 && end > scan, 'a whole JPEG');
  return jpeg.toString('latin1', scan + 2 + jpeg.readUInt16BE(scan + 2), end);
}
