import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../../../bench/lib/proc.js';
import { findFfmpeg } from '../../../src/decoding/ffmpeg-build.js';
import { yuv420Bytes } from '../../../src/shared/rendition.js';
import { ffmpegArgs } from '../../../workers/ffmpeg/decode-args.js';
import { VideoDecoder } from '../../../workers/video-decoder.js';
import { memoryLimit, sizeFault } from '../../../workers/ffmpeg/limits.js';
import { encodeUnits } from '../../support/access-units.js';
import { CHOSEN_FFMPEG, FFMPEGS } from '../../support/ffmpegs.js';
import { tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/until.js';

/** What an FFmpeg that decodes may do on this machine. */

const timeout = 60_000;
const SIZE = { width: 160, height: 90 };

const limitsOf = (pid: number): Map<string, string> =>
  new Map(
    readFileSync(`/proc/${pid}/limits`, 'utf8')
      .split('\n')
      .map((line) => /^(Max [a-z ]+?) {2,}(\S+) +(\S+)/.exec(line))
      .filter((match) => match !== null)
      .map(([, name = '', soft = '', hard = '']) => [name, `${soft} ${hard}`]),
  );

test('an FFmpeg that a script starts as its child has the same limits', { timeout }, async (t) => {
  const script = join(tempFolder(t), 'ffmpeg');
  writeFileSync(script, `#!/bin/sh\n${CHOSEN_FFMPEG.path} "$@"\n`);
  chmodSync(script, 0o755);
  const [first] = encodeUnits(t, { codec: 'h264', source: 'testsrc2=s=320x180:r=25:d=1' });
  assert.ok(first);
  const bytes = yuv420Bytes(SIZE.width, SIZE.height);
  const decoder = new VideoDecoder(
    { format: first.format, aspect: null, pixels: 'yuv420p', sizes: [SIZE], skipLoopFilter: false },
    await findFfmpeg(script),
    [[new Uint8Array(bytes), new Uint8Array(bytes)]],
    { frame: () => undefined, passed: () => undefined },
  );
  t.after(() => {
    decoder.stop();
    return decoder.ended;
  });
  decoder.decode({ unit: first, ticks: 0 });
  const { pid = 0 } = decoder;
  const filesOf = (): (string | undefined)[] =>
    childrenOf(pid).map((child) => limitsOf(child.pid).get('Max open files'));
  await until('the limit holds', () => filesOf().includes('0 0'));
  const [child] = childrenOf(pid);
  assert.match(limitsOf(child?.pid ?? 0).get('Max data size') ?? '', /^\d+ \d+$/);
});

for (const ffmpeg of FFMPEGS)
  test(
    `a decoder has no environment, no network, can open nothing and take little memory, with ${ffmpeg.name}`,
    { timeout },
    async (t) => {
      const units = encodeUnits(t, {
        codec: 'h264',
        source: 'testsrc2=s=320x180:r=25:d=1',
        args: ['-bf', '0'],
      });
      const [first] = units;
      assert.ok(first);
      const bytes = yuv420Bytes(SIZE.width, SIZE.height);
      let frames = 0;
      const build = await findFfmpeg(ffmpeg.path);
      const { noNetwork } = build.confinement;
      const decoder = new VideoDecoder(
        { format: first.format, aspect: null, pixels: 'yuv420p', sizes: [SIZE], skipLoopFilter: false },
        build,
        [[new Uint8Array(bytes), new Uint8Array(bytes)]],
        { frame: () => frames++, passed: () => undefined },
      );
      t.after(() => {
        decoder.stop();
        return decoder.ended;
      });
      for (const unit of units) decoder.decode({ unit, ticks: unit.mediaTimeMs });
      while (frames === 0) await sleep(5);
      const { pid = 0 } = decoder;
      const limits = limitsOf(pid);
      assert.equal(limits.get('Max open files'), '0 0');
      assert.equal(limits.get('Max file size'), '0 0');
      assert.equal(limits.get('Max processes'), '0 0');
      const most = String(memoryLimit(first.format));
      assert.equal(limits.get('Max data size'), `${most} ${most}`);
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      assert.match(status, /^NoNewPrivs:\s+1$/m);
      assert.match(status, /^CapEff:\s+0+$/m);
      assert.match(status, /^CapBnd:\s+0+$/m);
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').replace(
        /LD_LIBRARY_PATH=[^\0]*\0/,
        '',
      );
      assert.equal(environment, '');
      assert.ok(readdirSync(`/proc/${pid}/fd`).length <= 7);
      assert.doesNotMatch(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /rtsps?:/);
      assert.equal(readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net'), noNetwork);
    },
  );

test('memory follows the size of the pictures, up to a bound', { timeout }, () => {
  const small = memoryLimit({ width: 640, height: 360, bitDepth: 8 });
  assert.ok(small > 192 * 2 ** 20 && small < 256 * 2 ** 20);
  assert.equal(memoryLimit({ width: 7680, height: 4320, bitDepth: 10 }), 2 ** 30);
});

test('pictures beyond 8K are refused by their size', { timeout }, () => {
  assert.equal(sizeFault({ width: 7680, height: 4320 }), null);
  assert.match(sizeFault({ width: 8192, height: 8192 }) ?? '', /8192x8192/);
});

/**
 * Runs a decoder whose arguments make it open something else as soon as it has read the header of its input. Gives the end of its log.
 * @param second arguments of its second input
 */
async function opening(t: TestContext, path: string, second: readonly string[]): Promise<string> {
  const [first] = encodeUnits(t, {
    codec: 'h264',
    source: 'testsrc2=s=320x180:r=25:d=1',
    args: ['-bf', '0'],
  });
  assert.ok(first);
  const job = {
    ...{ format: first.format, aspect: null, pixels: 'yuv420p' as const },
    ...{ sizes: [SIZE], skipLoopFilter: false },
  };
  const build = await findFfmpeg(path);
  const args = [...ffmpegArgs(job, build)];
  const at = args.indexOf('pipe:0');
  // A decoder that was taken over would use whatever it has.
  args[args.indexOf('-protocol_whitelist') + 1] = 'pipe,file,crypto,tcp,udp,concat,http';
  args.splice(at + 1, 0, ...second);
  const bytes = yuv420Bytes(SIZE.width, SIZE.height);
  const decoder = new VideoDecoder(
    job,
    build,
    [[new Uint8Array(bytes), new Uint8Array(bytes)]],
    { frame: () => undefined, passed: () => undefined },
    args,
  );
  t.after(() => {
    decoder.stop();
    return decoder.ended;
  });
  decoder.decode({ unit: first, ticks: 0 });
  return (await decoder.ended).stderr;
}

for (const { name, path } of FFMPEGS) {
  const any = ['-protocol_whitelist', 'pipe,file,crypto,tcp,udp,concat,http'];
  test(`a decoder that was given a camera's bytes opens no file, with ${name}`, { timeout }, async (t) => {
    for (const input of [
      ['-f', 'data', '-i', '/etc/passwd'],
      ['-f', 'data', '-i', 'file:/etc/passwd'],
      ['-f', 'data', '-i', 'concat:/etc/passwd|/etc/group'],
    ])
      assert.match(await opening(t, path, [...any, ...input]), /Too many open files/, input.join(' '));
  });
  test(`a decoder that was given a camera's bytes connects nowhere, with ${name}`, { timeout }, async (t) => {
    let connections = 0;
    const trap = createServer((socket) => {
      connections++;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    t.after(() => trap.close());
    await once(trap, 'listening');
    const address = trap.address();
    assert.ok(typeof address === 'object' && address !== null);
    for (const url of [`tcp://127.0.0.1:${address.port}`, `http://127.0.0.1:${address.port}/`])
      assert.match(await opening(t, path, [...any, '-i', url]), /Too many open files|Network is unreachable/);
    assert.equal(connections, 0);
  });
}
