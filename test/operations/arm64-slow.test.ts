import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listeningPort } from '../../bench/lib/server-process.js';
import { spawnCameras } from '../../bench/virtual-camera/index.js';
import { framesIn, HOST, openSocket } from '../proxies/rig.js';
import { arm64Folder } from '../support/requirements.js';
import type { Scope } from '../support/suite-scope.js';
import { until } from '../support/until.js';

/** The service as a 64-bit Arm program, under QEMU; FFmpeg is this machine's own. */

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const FPS = 5;
const WATCH_MS = 3000;
/** An emulated processor is several times slower, and opens everything for the first time. */
const START_MS = 40_000;

test('64-bit Arm shows pictures, encoded from the decoder’s planes', { timeout: 90_000 }, async (t) => {
  const cameras = await spawnCameras({ width: 320, height: 180, fps: FPS });
  t.after(() => cameras.stop());
  const { port, log } = await startOnArm(t);
  assert.match(log(), /"event":"encoder","pixels":"yuv420p"/);
  const rtsp = encodeURIComponent(cameras.url(0));
  const path = `/ws?camera_index=gate&width=320&height=180&rtsp=${rtsp}`;
  const viewer = openSocket(t, port, path, { from: HOST });
  await until(
    () => `a frame:\n${log()}`,
    () => viewer.frames > 0,
    START_MS,
  );
  const frames = await framesIn(viewer, WATCH_MS);
  assert.ok(frames >= FPS * (WATCH_MS / 1000) * 0.6, `${frames} frames in ${WATCH_MS} ms`);
});

async function startOnArm(scope: Scope): Promise<{ readonly port: number; readonly log: () => string }> {
  const { PATH } = process.env;
  const env = { PATH, PORT: '0', HOST, OPEN_TIMEOUT_MS: String(START_MS), STALL_TIMEOUT_MS: '20000' };
  const child = spawn(join(arm64Folder(), 'node'), [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  scope.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 8000);
    await exited;
    clearTimeout(timer);
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  const log = (): string => lines.join('\n');
  const port = await until(
    () => `the service listens: ${child.exitCode ?? ''}\n${log()}`,
    () => lines.map(listeningPort).find((listening) => listening !== undefined),
    START_MS,
  );
  return { port, log };
}
