import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Decoder } from '../../workers/decoder.js';
import { tempFolder } from '../support/temp-folder.js';

const timeout = 10_000;
const SIZE = { width: 64, height: 48 };

test(
  'the last words of an FFmpeg are read although its thread was busy when it ended',
  { timeout },
  async (t) => {
    const folder = tempFolder(t);
    const path = join(folder, 'ffmpeg');
    const script = `#!/bin/sh
head -c ${SIZE.width * SIZE.height * 1.5} /dev/zero >&3
cd ${folder}
while [ ! -e go ]; do sleep 0.02; done
for word in 1 2 3 4 5 6 7 8; do echo "[error] word $word" >&2; done
echo '[error] rtsp://10.0.0.1/x: Connection timed out' >&2
: >gone
exit 1
`;
    writeFileSync(path, script, { mode: 0o755 });
    const job = {
      source: { url: 'rtsp://127.0.0.1:1/x', transport: 'tcp' },
      pixels: 'yuv420p',
      sizes: [SIZE],
      keyFramesOnly: false,
      longProbe: false,
      ioTimeoutMs: 5000,
      skipLoopFilter: false,
    } as const;
    const build = { path, version: '', avformat: 59, hasFpsMode: true, setpriv: null };
    let frames = 0;
    const decoder = new Decoder(job, build, { frame: () => frames++ });
    t.after(() => {
      decoder.stop();
    });
    while (frames === 0) await sleep(10);
    writeFileSync(join(folder, 'go'), '');
    // No turn of this thread's loop until the process is gone.
    while (!existsSync(join(folder, 'gone')))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    const { exitCode, stderr } = await decoder.ended;
    assert.equal(exitCode, 1);
    assert.match(stderr, /word 8\n.*Connection timed out\n$/);
  },
);
