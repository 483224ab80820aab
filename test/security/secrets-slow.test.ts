import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { startService } from '../../bench/lib/service.js';
import { connectViewer } from '../../bench/lib/ws-viewer.js';
import { spawnCameras, type SpawnedCameras } from '../../bench/virtual-camera/index.js';
import { FFMPEGS } from '../support/ffmpegs.js';
import { framesMore, HOST, openDecoy, PATIENCE_MS, wsPath } from './target.js';
import { until } from '../support/until.js';
import { tempFolder } from '../support/temp-folder.js';

/** A marked password and a marked token are driven through every fault; then all that the service said is searched for them. */

const timeout = 120_000;
const PASSWORD = 'qZ7mark @/?#:%&=+"ü';
const TOKEN = 'tK9mark-token';
const MARKS = ['qZ7mark', 'tK9mark'];

/** The forms in which the secrets could show: as they are, encoded, in part, and as Basic credentials. */
const FORMS = [
  ...MARKS,
  PASSWORD.slice(7),
  encodeURIComponent(PASSWORD).slice(7),
  ...['admin', ''].map((user) => Buffer.from(`${user}:${PASSWORD}`).toString('base64').slice(0, -4)),
  Buffer.from(TOKEN).toString('base64').slice(0, -4),
];

/** Everything that comes out of one service. */
class Emitted {
  readonly #texts: string[] = [];

  constructor(private readonly service: ServerProcess) {}

  add(where: string, text: string): void {
    this.#texts.push(`${where}: ${text}`);
  }

  /** A viewer with events, until it is closed, or has had `events` of them. */
  async viewer(query: Record<string, string>, events = Infinity): Promise<void> {
    const where = `viewer ${query['camera_index'] ?? ''}`;
    let seen = 0;
    const viewer = connectViewer({
      host: HOST,
      port: this.service.port,
      path: wsPath({ ...query, events: '1', token: TOKEN }),
      mode: 'count',
      onText: (text) => {
        this.add(where, text);
        if (++seen >= events) viewer.close();
      },
    });
    const timer = setTimeout(() => viewer.close(), PATIENCE_MS);
    const { code, reason } = await viewer.ended;
    clearTimeout(timer);
    this.add(where, `${code} ${reason}`);
  }

  /** A wall that subscribes to a URL, until it is told that the camera is offline or why it is refused. */
  async wall(rtsp: string): Promise<void> {
    const socket = new WebSocket(`${this.service.url.replace('http', 'ws')}/wall?token=${TOKEN}`);
    const timer = setTimeout(() => socket.terminate(), PATIENCE_MS);
    socket.once('open', () =>
      socket.send(JSON.stringify({ type: 'subscribe', handle: 1, camera: 'on-a-wall', rtsp })),
    );
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) return;
      this.add('wall', data.toString());
      if (/offline|refused/.test(data.toString())) socket.close();
    });
    await new Promise((resolve) => socket.once('close', resolve));
    clearTimeout(timer);
  }

  async http(path: string): Promise<void> {
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const response = await fetch(this.service.url + path, {
      headers,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const shown = [...response.headers].filter(([name]) => name !== 'set-cookie');
    this.add('answer', `${response.status} ${JSON.stringify(shown)} ${await response.text()}`);
  }

  /** Fails when a secret is in anything that was emitted, by the process's own output too. */
  search(): void {
    const all = `${this.#texts.join('\n')}\n${this.service.log()}`;
    for (const form of FORMS) {
      const at = all.indexOf(form);
      assert.equal(at, -1, `a secret showed:\n${all.slice(Math.max(0, at - 300), at + 100)}`);
    }
  }
}

async function start(t: TestContext, ffmpeg: string): Promise<{ service: ServerProcess; emitted: Emitted }> {
  const service = await startService({
    env: {
      FFMPEG_PATH: ffmpeg,
      LOG_LEVEL: 'debug',
      AUTH_TOKENS: TOKEN,
      RTSP_DENY: '127.0.0.66',
      LINGER_MS: '300',
      OPEN_TIMEOUT_MS: '4000',
      STALL_TIMEOUT_MS: '700',
      RETRY_MIN_MS: '100',
      RETRY_MAX_MS: '200',
    },
  });
  t.after(() => service.stop());
  return { service, emitted: new Emitted(service) };
}

const FAULTS = [
  'bad-auth',
  'status:404',
  'status:453',
  'status:503',
  'refuse',
  'silent',
  'silent-after-play',
  'garbage',
] as const;

async function startCameras(t: TestContext): Promise<SpawnedCameras> {
  const cameras = await spawnCameras({
    count: FAULTS.length + 3,
    portsEach: true,
    width: 160,
    height: 90,
    fps: 10,
    gop: 2,
    auth: 'basic',
    user: 'admin',
    password: PASSWORD,
  });
  t.after(() => cameras.stop());
  return cameras;
}

/** A camera that answers with what it was asked, credentials included, where FFmpeg repeats it. */
const echo = (request: string): string => {
  const cseq = /CSeq: (\d+)/.exec(request)?.[1] ?? '';
  const url = /^\w+ (\S+)/.exec(request)?.[1] ?? '';
  const challenge = request.includes('Authorization') ? '' : 'WWW-Authenticate: Basic realm="x"\r\n';
  const basic = /Authorization: (.*)/.exec(request)?.[1] ?? '';
  const decoded = Buffer.from(basic.replace('Basic ', ''), 'base64')
    .toString('latin1')
    .replace(/[^ -~]/g, '');
  return `RTSP/1.0 ${challenge ? 401 : 400} rtsp://${decoded}@${url.slice(7)} ${basic}\r\nCSeq: ${cseq}\r\n${challenge}\r\n`;
};

for (const { name, path: ffmpeg } of FFMPEGS)
  test(
    `neither a camera's password nor a token shows in anything that is emitted, with ${name}`,
    { timeout },
    async (t) => {
      const [{ service, emitted }, cameras] = await Promise.all([start(t, ffmpeg), startCameras(t)]);
      const other = await openDecoy();
      t.after(() => other.close());
      const mirror = await openDecoy(echo);
      t.after(() => mirror.close());
      const [good, stalls, redirects] = [FAULTS.length, FAULTS.length + 1, FAULTS.length + 2];
      await Promise.all([
        ...FAULTS.map((fault, i) => cameras.fault(`cam${i + 1}`, fault)),
        cameras.fault(`cam${stalls + 1}`, 'stall:5'),
        cameras.fault(
          `cam${redirects + 1}`,
          `redirect:rtsp://admin:${encodeURIComponent(PASSWORD)}@127.0.0.1:${other.port}/x`,
        ),
      ]);
      const userinfo = `admin:${encodeURIComponent(PASSWORD)}@`;
      const elsewhere = ['camera.invalid', '127.0.0.66', '127.0.0.1:1', `127.0.0.1:${mirror.port}`].map(
        (host) => `rtsp://${userinfo}${host}/x?token=${TOKEN}`,
      );
      const watched = [...FAULTS.map((_, i) => cameras.url(i)), cameras.url(redirects), ...elsewhere];
      await Promise.all([
        ...watched.map((rtsp, i) => emitted.viewer({ camera_index: `cam-${i}`, rtsp })),
        emitted.viewer({ camera_index: 'good', rtsp: cameras.url(good) }, 2),
        emitted.viewer({ camera_index: 'stalls', rtsp: cameras.url(stalls) }, 4),
      ]);
      // The same name with another password, another camera, and passwords that break the URL.
      const honest = connectViewer({
        host: HOST,
        port: service.port,
        path: wsPath({ camera_index: 'held', rtsp: cameras.url(good), token: TOKEN }),
        mode: 'count',
      });
      t.after(() => honest.destroy());
      await framesMore(honest, 1);
      await emitted.viewer({ camera_index: 'held', rtsp: cameras.url(good).replace('admin', 'other') });
      for (const broken of [
        `rtsp://admin:qZ7mark/x@cam/`,
        `rtsp://admin:qZ7mark@x@cam/`,
        `rtsp://admin:qZ7mark%zz@cam/`,
        `http://admin:qZ7mark@cam/`,
        `rtsp://admin:qZ7mark @cam/`,
        `rtsp://admin:qZ7mark@:99999/`,
      ])
        await emitted.viewer({ camera_index: 'broken', rtsp: broken });
      const query = `camera_index=snap&rtsp=${encodeURIComponent(cameras.url(1))}&token=${TOKEN}`;
      for (const path of [
        `/snapshot?${query}`,
        `/stream.mjpeg?${query}`,
        `/${TOKEN}?${query}`,
        '/metrics',
        '/api/cameras',
        '/readyz',
        `/?token=${TOKEN}`,
      ])
        await emitted.http(path);
      await emitted.wall(cameras.url(0));
      await until('the camera that stalls was opened again', () => service.log().includes('"code":"stall"'));
      await service.stop();
      emitted.search();
      assert.deepEqual(other.contacts, [], 'the redirect was followed');
    },
  );

test(
  'an FFmpeg that cannot start, crashes or prints its whole command line shows no secret',
  { timeout },
  async (t) => {
    const folder = tempFolder(t);
    const script = (name: string, body: string): string => {
      const path = join(folder, name);
      const version =
        'if [ "$1" = -version ]; then echo "ffmpeg version 6.0 Copyright"; echo "libavformat 60. 3.100 / 60. 3.100"; exit 0; fi';
      writeFileSync(path, `#!/bin/sh\n${version}\n${body}\n`, { mode: 0o755 });
      return path;
    };
    const ffmpegs = [
      join(folder, 'missing'),
      script('prints', 'echo "$@" >&2; for a in "$@"; do printf "%s" "$a" >&2; done; exit 1'),
      script(
        'floods',
        'i=0; while [ $i -lt 300 ]; do echo "[error] cannot open $*" >&2; i=$((i+1)); done; exit 1',
      ),
      script('crashes', 'echo "[rtsp @ 0x1] [info] $*" >&2; kill -SEGV $$'),
    ];
    for (const ffmpeg of ffmpegs) {
      const { service, emitted } = await start(t, ffmpeg);
      const rtsp = `rtsp://admin:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/x`;
      await emitted.viewer({ camera_index: 'cam', rtsp });
      for (const path of ['/metrics', '/api/cameras', '/readyz']) await emitted.http(path);
      await service.stop();
      emitted.search();
    }
  },
);
