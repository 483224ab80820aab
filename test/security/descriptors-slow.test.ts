import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { statOf } from '../../bench/lib/proc.js';
import { listeningPort } from '../../bench/lib/server-process.js';
import { connectViewer, type Viewer } from '../../bench/lib/ws-viewer.js';
import { spawnCameras } from '../../bench/virtual-camera/index.js';
import { until } from '../support/until.js';
import { framesMore, HOST, wsPath } from './target.js';

/** A service that may open few descriptors: idle connections leave some for the cameras, and never make it spin. */

const timeout = 90_000;
const NOFILE = 300;
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** Both limits, since Node raises the soft one to the hard one. */
async function limitedService(t: TestContext, env: Readonly<Record<string, string>> = {}) {
  const child = spawn('sh', ['-c', `ulimit -n ${NOFILE}; exec "$0" "$@"`, process.execPath, MAIN], {
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (log += text));
  const port = await until('it listens', () =>
    log
      .split('\n')
      .map(listeningPort)
      .find((found) => found !== undefined),
  );
  return { port, pid: child.pid ?? 0, log: () => log };
}

/** Connections that say nothing; those that were refused hear why. */
function connectIdle(t: TestContext, port: number, count: number): { sockets: Socket[]; answers: string[] } {
  const answers: string[] = [];
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ port, host: HOST }).on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (text: string) => answers.push(text));
    return socket;
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  return { sockets, answers };
}

test(
  'with 600 idle connections at 300 descriptors the service rests, keeps its viewers, opens cameras, and accepts again later',
  { timeout },
  async (t) => {
    const cameras = await spawnCameras({ count: 2, width: 160, height: 90, fps: 10 });
    t.after(() => cameras.stop());
    const { port, pid, log } = await limitedService(t);
    const watch = (name: string, camera: number): Viewer => {
      const path = wsPath({ camera_index: name, rtsp: cameras.url(camera) });
      const viewer = connectViewer({ host: HOST, port, path, mode: 'count' });
      t.after(() => viewer.destroy());
      return viewer;
    };
    const first = watch('first', 0);
    await framesMore(first, 5);
    const wall = new WebSocket(`ws://${HOST}:${port}/wall`);
    let pictures = 0;
    wall.on('message', (_, isBinary) => (pictures += isBinary ? 1 : 0));
    await once(wall, 'open');
    t.after(() => wall.terminate());
    const { sockets, answers } = connectIdle(t, port, 600);
    await until('some are refused', () => answers.length > 100);
    assert.match(answers[0] ?? '', /^HTTP\/1\.1 503 Service Unavailable\r\n/);

    // What is kept for cameras serves one that is opened now.
    wall.send(JSON.stringify({ type: 'subscribe', handle: 1, camera: 'walled', rtsp: cameras.url(1) }));
    await until('the wall shows a picture', () => pictures > 0);

    const cpuBefore = statOf(pid)?.cpuSeconds ?? 0;
    first.stats.beginWindow();
    await sleep(4000);
    const share = ((statOf(pid)?.cpuSeconds ?? Infinity) - cpuBefore) / 4;
    assert.ok(share < 0.4, `${(share * 100).toFixed(0)} % of a core`);
    assert.ok(first.stats.frames >= 28, `${first.stats.frames} frames in 4 s`);
    assert.equal(first.stats.closed, undefined);

    for (const socket of sockets) socket.destroy();
    const second = watch('second', 1);
    await framesMore(second, 5);
    assert.ok(!log().includes('no_process'), log());
  },
);

test(
  'a start with too few descriptors for its limits says so, and how many it may need',
  { timeout },
  async (t) => {
    const few = await limitedService(t);
    const line = few
      .log()
      .split('\n')
      .find((text) => text.includes('"few_descriptors"'));
    assert.match(line ?? '', /300 files.*MAX_CAMERAS=100 and MAX_VIEWERS=5000.*\d{4}.*LimitNOFILE/);
    const enough = await limitedService(t, { MAX_CAMERAS: '4', MAX_VIEWERS: '50' });
    assert.ok(!enough.log().includes('few_descriptors'));
  },
);
