import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startBaseline } from '../../bench/baseline/index.js';
import { JpegSplitter } from '../../bench/baseline/jpeg-splitter.js';
import { childrenOf, isAlive } from '../../bench/lib/proc.js';
import { listeningPort, startServer } from '../../bench/lib/server-process.js';
import { connectViewer } from '../../bench/lib/ws-viewer.js';
import { tempFolder } from '../support/temp-folder.js';

/** A folder with one executable Node script in it. */
function script(t: TestContext, code: string): string {
  const path = join(tempFolder(t), 'script.cjs');
  writeFileSync(path, `#!${process.execPath}\n${code}`, { mode: 0o755 });
  return path;
}

test('JPEGs are cut at their markers, however the chunks fall', { timeout: 30_000 }, () => {
  const jpeg = Buffer.from([0xff, 0xd8, 1, 2, 3, 0xff, 0xd9]);
  const splitter = new JpegSplitter();
  const found = [...Buffer.concat([jpeg, jpeg, jpeg])].flatMap((byte) => splitter.push(Buffer.from([byte])));
  assert.deepEqual(found, [jpeg, jpeg, jpeg]);
  assert.deepEqual(new JpegSplitter().push(Buffer.concat([jpeg, jpeg])), [jpeg, jpeg]);
});

test(
  'the baseline runs one decoder for two viewers of a camera and ends it after the last',
  { timeout: 60_000 },
  async (t) => {
    // Stands for FFmpeg: a JPEG's outline every 20 ms.
    const ffmpeg = script(
      t,
      `const jpeg = Buffer.concat([Buffer.from([255, 216]), Buffer.alloc(9000, 7), Buffer.from([255, 217])]);
     setInterval(() => process.stdout.write(jpeg), 20);`,
    );
    const baseline = await startBaseline({ env: { FFMPEG_PATH: ffmpeg } });
    t.after(() => baseline.stop());
    const path = `/ws?rtsp=${encodeURIComponent('rtsp://127.0.0.1:1/a')}&camera_index=a`;
    const watch = (): Promise<() => void> =>
      new Promise((resolve) => {
        let seen = 0;
        const viewer = connectViewer({
          host: '127.0.0.1',
          port: baseline.port,
          path,
          mode: 'keep',
          onFrame: (jpeg) => {
            assert.equal(jpeg.length, 9004);
            seen += 1;
            if (seen === 5) resolve(() => viewer.close());
          },
        });
        t.after(() => viewer.destroy());
      });
    const leave = await Promise.all([watch(), watch()]);
    assert.equal(childrenOf(baseline.pid).length, 1);
    for (const close of leave) close();
    while (childrenOf(baseline.pid).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const exit = await baseline.stop();
    assert.deepEqual([exit.code, exit.killed, isAlive(baseline.pid)], [0, false, false]);
  },
);

test('only a JSON line that says listening gives the port', { timeout: 30_000 }, () => {
  assert.equal(listeningPort('{"level":30,"event":"listening","port":8003}'), 8003);
  for (const line of [
    '',
    'listening',
    '{',
    '{"event":"listening"}',
    '{"event":"other","port":1}',
    'null',
    '{"event":"listening","port":"1"}',
  ]) {
    assert.equal(listeningPort(line), undefined);
  }
});

test(
  'a server that ends or stays silent instead of listening is an error with its last lines',
  { timeout: 30_000 },
  async (t) => {
    const ends = script(t, `console.error('PORT: must be a number'); process.exitCode = 1;`);
    await assert.rejects(startServer({ script: ends }), /ended \(1\)[^]*PORT: must be a number/);
    const silent = script(t, `console.log('pid ' + process.pid); setInterval(() => {}, 1000);`);
    const failure: unknown = await startServer({ script: silent, startTimeoutMs: 1500 }).catch(
      (error: unknown) => error,
    );
    assert.ok(failure instanceof Error);
    const pid = Number(/pid (\d+)/.exec(failure.message)?.[1]);
    assert.match(failure.message, /did not listen/);
    assert.equal(isAlive(pid), false);
  },
);

test(
  'a server gets the variables of its caller and no settings of the shell, and keeps a bounded log',
  { timeout: 30_000 },
  async (t) => {
    const path = script(
      t,
      `const server = require('node:net').createServer().listen(Number(process.env.PORT), process.env.HOST, () => {
       for (let at = 0; at < 5000; at += 1) console.log('line ' + at);
       console.log(JSON.stringify({ event: 'listening', port: server.address().port }));
       console.log('env ' + process.env.BENCH_TEST_SHELL + ' ' + process.env.GIVEN + ' ' + process.argv[2]);
     });
     process.on('SIGTERM', () => { console.log('goodbye'); server.close(); });`,
    );
    process.env['BENCH_TEST_SHELL'] = 'leaked';
    t.after(() => delete process.env['BENCH_TEST_SHELL']);
    const server = await startServer({ script: path, env: { GIVEN: 'given' }, args: ['argument'] });
    t.after(() => server.stop());
    assert.equal(server.url, `http://127.0.0.1:${server.port}`);
    const exit = await server.stop();
    assert.deepEqual([exit.code, exit.killed], [0, false]);
    await server.exited;
    const lines = server.log().split('\n');
    assert.equal(lines.at(-1), 'goodbye');
    assert.equal(lines.at(-2), 'env undefined given argument');
    assert.equal(lines.length, 2000);
  },
);
