import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { FFMPEGS } from '../support/ffmpegs.js';
import {
  headerMarkers,
  openConfiguredService,
  rawGet,
  type ConfiguredService,
} from '../support/configured-service.js';
import { until, untilSeen } from '../support/until.js';

/** What other programs play and poll, against the real service and virtual cameras. */

const options = { timeout: 30_000 };
const EXIF = 0xffe1;

describe('pictures over HTTP', { concurrency: 4, timeout: 60_000 }, () => {
  let configured: ConfiguredService;
  /** cam1 and cam2 play, cam3 stalls in a test, cam4 refuses connections, cam5 never answers. */
  before(async () => {
    configured = await openConfiguredService(
      { count: 5 },
      {
        SNAPSHOT_MAX_AGE_MS: '3000',
        OPEN_TIMEOUT_MS: '8000',
        STALL_TIMEOUT_MS: '2500',
        RETRY_MIN_MS: '200',
        LINGER_MS: '300',
        MAX_VIEWERS: '30',
      },
    );
    await configured.cameras.fault('cam4', 'refuse');
    await configured.cameras.fault('cam5', 'silent');
  }, options);
  after(() => configured.stop(), options);
  const get = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${configured.service.url}${path}`, { ...init, signal: AbortSignal.timeout(20_000) });
  const body = async (response: Response): Promise<Uint8Array> =>
    new Uint8Array(await response.arrayBuffer());

  for (const { name, path: ffmpeg } of FFMPEGS) {
    test(`${name} plays /stream.mjpeg as moving pictures`, options, async () => {
      const input = [
        '-v',
        'error',
        '-nostdin',
        '-i',
        `${configured.service.url}/stream.mjpeg?camera_index=cam1`,
      ];
      const output = ['-frames:v', '20', '-f', 'framemd5', '-'];
      const { stdout, stderr } = await promisify(execFile)(ffmpeg, [...input, ...output], {
        timeout: 20_000,
      });
      const sums = stdout
        .split('\n')
        .filter((line) => line.startsWith('0,'))
        .map((line) => line.split(',').at(-1));
      assert.equal(sums.length, 20, stderr);
      assert.ok(new Set(sums).size > 15, `${new Set(sums).size} different pictures`);
    });
  }

  test(
    'the stream is multipart with no store, and each part is closed by its boundary at once',
    options,
    async () => {
      const leave = new AbortController();
      const response = await fetch(`${configured.service.url}/stream.mjpeg?camera_index=cam1`, {
        signal: leave.signal,
      });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('content-type'), 'multipart/x-mixed-replace; boundary=frame');
      assert.equal(response.headers.get('cache-control'), 'no-store');
      let text = '';
      assert.ok(response.body);
      for await (const chunk of response.body) {
        text += Buffer.from(chunk as Uint8Array).toString('latin1');
        if (/\r\n--frame\r\n$/.test(text) && text.length > 10_000) break;
      }
      leave.abort();
      const part =
        /^--frame\r\nContent-Type: image\/jpeg\r\nContent-Length: (\d+)\r\nX-Timestamp: [\d.]+\r\n\r\n/.exec(
          text,
        );
      assert.ok(part, JSON.stringify(text.slice(0, 200)));
      const behind = text.slice(part[0].length + Number(part[1]));
      assert.ok(behind.startsWith('\r\n--frame\r\n'), JSON.stringify(behind.slice(0, 40)));
    },
  );

  test('a snapshot is a JPEG without EXIF that says its age and its camera state', options, async () => {
    // One picture alone does not prove that a camera lives.
    const stateOf = async (): Promise<string | null> =>
      (await get('/snapshot?camera_index=cam2')).headers.get('x-camera-state');
    assert.match((await stateOf()) ?? '', /^(connecting|live)$/);
    await until('a second picture', async () => (await stateOf()) === 'live', 5000);
    for (const path of ['/snapshot?camera_index=cam2', '/api/frame.jpeg?src=cam2&t=1700000000']) {
      const response = await get(path);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('content-type'), 'image/jpeg');
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.equal(response.headers.get('x-camera-state'), 'live');
      const age = Number(response.headers.get('x-frame-age-ms'));
      assert.ok(age >= 0 && age <= 3000, `${age} ms`);
      const markers = headerMarkers(await body(response));
      assert.ok(markers.length > 3 && !markers.includes(EXIF), markers.map((m) => m.toString(16)).join(' '));
    }
  });

  test('a snapshot of a camera that is not configured comes from its address', options, async () => {
    const rtsp = encodeURIComponent(configured.cameras.url(0));
    const response = await get(`/snapshot?camera_index=adhoc&rtsp=${rtsp}`);
    assert.equal(response.status, 200);
    assert.equal((await body(response))[0], 0xff);
  });

  test('a snapshot of a stalled camera tells its age, and is a 503 once it is too old', options, async () => {
    const url = '/snapshot?camera_index=cam3';
    assert.equal((await get(url)).status, 200);
    // A viewer keeps the camera open: without one the service would forget the picture.
    const viewer = rawGet(configured.service, '/stream.mjpeg?camera_index=cam3').resume();
    try {
      await once(viewer, 'data');
      await configured.cameras.fault('cam3', 'stall:0');
      const last = await untilSeen(
        () => get(url),
        (response) => response.status !== 200,
      );
      assert.equal(last.status, 503);
      assert.ok(Number(last.headers.get('x-frame-age-ms')) > 3000);
      assert.match(last.headers.get('x-camera-state') ?? '', /^(stale|offline)$/);
      assert.match(await last.text(), /"error":"stale".*cam3/);
    } finally {
      viewer.destroy();
    }
  });

  test('a camera that cannot be opened is answered with its status before any body', options, async () => {
    const wanted = [
      ['/stream.mjpeg?camera_index=cam4', 502, 'refused'],
      ['/snapshot?camera_index=cam4', 502, 'refused'],
      ['/api/stream.mjpeg?src=cam4', 502, 'refused'],
      ['/stream.mjpeg?camera_index=cam5', 504, 'open_timeout'],
      ['/api/frame.jpeg?src=cam5', 504, 'open_timeout'],
      ['/stream.mjpeg?camera_index=nobody', 404, 'no_such_camera'],
      ['/snapshot?camera_index=nobody', 404, 'no_such_camera'],
      ['/api/stream.mjpeg?src=nobody', 404, 'no_such_camera'],
      ['/api/frame.jpeg?src=nobody', 404, 'no_such_camera'],
      ['/api/streams?src=nobody', 404, 'no_such_camera'],
      ['/api/frame.jpeg', 400, 'bad_parameter'],
      ['/api/frame.jpeg?src=cam1&w=99999', 400, 'bad_parameter'],
      ['/stream.mjpeg', 400, 'bad_parameter'],
    ] as const;
    await Promise.all(
      wanted.map(async ([path, status, code]) => {
        const response = await get(path);
        const answer = (await response.json()) as { error: string };
        assert.deepEqual([path, response.status, answer.error], [path, status, code]);
      }),
    );
  });

  test(
    'a frame is given in the size that is asked for, odd numbers and a lone side too',
    options,
    async () => {
      const size = async (query: string): Promise<string> => {
        const jpeg = Buffer.from(await body(await get(`/api/frame.jpeg?src=cam2${query}`)));
        // Start of frame, baseline: height and width are behind length and precision.
        const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
        return `${jpeg.readUInt16BE(at + 7)}x${jpeg.readUInt16BE(at + 5)}`;
      };
      assert.equal(await size(''), '640x360');
      assert.equal(await size('&w=319&h=-1'), '320x180');
      assert.equal(await size('&width=320&height=180&cachebuster'), '320x180');
    },
  );

  test('HEAD tells what GET would, and opens no stream', options, async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/streams', '/api/cameras']) {
      const response = await get(path, { method: 'HEAD' });
      assert.equal(response.status, 200, path);
      assert.ok(Number(response.headers.get('content-length')) > 0, path);
      assert.equal(await response.text(), '');
    }
    for (const path of ['/stream.mjpeg?camera_index=cam1', '/api/stream.mjpeg?src=cam1']) {
      const response = await get(path, { method: 'HEAD' });
      assert.equal(response.headers.get('content-type'), 'multipart/x-mixed-replace; boundary=frame');
      assert.equal(await response.text(), '');
    }
    assert.equal((await get('/stream.mjpeg?camera_index=nobody', { method: 'HEAD' })).status, 404);
    const picture = await get('/snapshot?camera_index=cam1', { method: 'HEAD' });
    assert.equal(picture.headers.get('content-type'), 'image/jpeg');
    assert.ok(Number(picture.headers.get('content-length')) > 1000);
  });

  test('other methods are told which ones there are', options, async () => {
    for (const path of ['/snapshot', '/api/streams', '/metrics']) {
      const response = await get(path, { method: 'PUT' });
      assert.equal(response.status, 405, path);
      assert.equal(response.headers.get('allow'), 'GET, HEAD');
    }
  });

  test('/metrics is in the text format that Prometheus asks for', options, async () => {
    const response = await get('/metrics');
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  });

  test('/api/streams has the shape of go2rtc and no address in it', options, async () => {
    const response = await get('/api/streams');
    const text = await response.text();
    const streams = JSON.parse(text) as Record<string, { producers: unknown[]; consumers: unknown[] }>;
    for (const name of ['cam1', 'cam2', 'cam3', 'cam4', 'cam5']) {
      assert.ok(Array.isArray(streams[name]?.producers), name);
      assert.ok(Array.isArray(streams[name].consumers), name);
    }
    assert.doesNotMatch(text, /rtsp:|127\.0\.0\.1/);
    assert.deepEqual(Object.keys((await (await get('/api/streams?src=cam1')).json()) as object).sort(), [
      'consumers',
      'producers',
    ]);
  });
});
