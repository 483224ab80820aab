import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import type {
  DecodePlan,
  FrameMessage,
  FromWorker,
  RunEnd,
  ToWorker,
} from '../../src/shared/worker-protocol.js';
import { renditionKey } from '../../src/shared/rendition.js';
import runCamera from '../../workers/camera-worker.js';
import { preferredPixels } from '../../workers/jpeg-encoder.js';
import { until } from '../support/until.js';
import { tempFolder } from '../support/temp-folder.js';

const timeout = 30_000;
const SMALL = { width: 64, height: 48 };
const LARGE = { width: 128, height: 96 };
const PIXELS = preferredPixels();

const planOf = (size: typeof SMALL): DecodePlan => ({
  outputs: [{ ...size, demands: [{ key: renditionKey({ ...size, quality: 50 }), quality: 50, fps: null }] }],
  keyFramesOnly: false,
});

/**
 * A run whose FFmpeg is a script: for the small size it sends frames until the file `end` is there, for the large one it waits for
 * the file `go`, and then does what `replacement` says.
 */
function play(t: TestContext, replacement: 'frames' | 'exit 1') {
  const folder = tempFolder(t);
  const bytes = ({ width, height }: typeof SMALL): number =>
    width * height * (PIXELS === 'yuv420p' ? 1.5 : 3);
  const frames = (size: typeof SMALL): string => `head -c ${bytes(size)} /dev/zero >&3; sleep 0.04`;
  const path = join(folder, 'ffmpeg');
  const script = `#!/bin/sh
cd ${folder}
case "$*" in
*${LARGE.width}*)
  while [ ! -e go ]; do sleep 0.02; done
  ${replacement === 'frames' ? `while :; do ${frames(LARGE)}; done` : replacement} ;;
*) while [ ! -e end ]; do ${frames(SMALL)}; done ;;
esac
`;
  writeFileSync(path, script, { mode: 0o755 });

  const { port1, port2 } = new MessageChannel();
  const taken = new SharedArrayBuffer(4);
  const seen: FromWorker[] = [];
  port1.on('message', (message: FromWorker) => {
    seen.push(message);
    if (message.type === 'frame') Atomics.add(new Int32Array(taken), 0, 1);
  });
  const run = { end: null as RunEnd | null };
  const ended = runCamera({
    camera: 'cam',
    ffmpeg: { path, version: '', avformat: 59, hasFpsMode: true, setpriv: null },
    pixels: PIXELS,
    source: { url: 'rtsp://127.0.0.1:1/x', transport: 'tcp' },
    plan: planOf(SMALL),
    longProbe: false,
    ioTimeoutMs: 5000,
    skipLoopFilter: false,
    port: port2,
    taken,
  }).then((end) => (run.end = end));
  const post = (message: ToWorker): void => {
    port1.postMessage(message);
  };
  t.after(async () => {
    post({ type: 'stop' });
    await ended;
    port1.close();
  });
  return {
    run,
    ended,
    post,
    touch: (name: 'end' | 'go') => {
      writeFileSync(join(folder, name), '');
      assert.ok(existsSync(join(folder, name)));
    },
    count: (type: FromWorker['type']) => seen.filter((message) => message.type === type).length,
    framesOf: (size: typeof SMALL) =>
      seen.filter(
        (message): message is FrameMessage =>
          message.type === 'frame' && message.key.startsWith(`${size.width}x`),
      ).length,
  };
}

/** Brings it to where the first decoder has ended and its replacement has given nothing yet. */
async function betweenDecoders(t: TestContext, replacement: 'frames' | 'exit 1') {
  const it = play(t, replacement);
  await until('the small frames come', () => it.framesOf(SMALL) > 2);
  it.post({ type: 'plan', plan: planOf(LARGE) });
  await until('the replacement is started', () => it.count('spawned') === 2);
  it.touch('end');
  await until('the first decoder is gone', () => it.count('reaped') === 1);
  return it;
}

test(
  'a decoder that ends while its replacement opens leaves the run to the replacement',
  { timeout },
  async (t) => {
    const it = await betweenDecoders(t, 'frames');
    assert.equal(it.run.end, null, 'the run goes on');
    it.touch('go');
    await until('the large frames come', () => it.framesOf(LARGE) > 2);
    assert.equal(it.count('spawned'), 2);
    it.post({ type: 'stop' });
    assert.deepEqual(await it.ended, { code: 'stopped' });
    await until('both are reaped', () => it.count('reaped') === 2);
  },
);

test('when the replacement fails too, the run ends with its reason', { timeout }, async (t) => {
  const it = await betweenDecoders(t, 'exit 1');
  it.touch('go');
  assert.equal((await it.ended).code, 'ffmpeg_failed');
  assert.equal(it.count('spawned'), 2, 'nothing is opened a third time here: the supervisor decides');
});
