import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFfmpeg } from '../../../src/decoding/ffmpeg-build.js';
import { yuv420Bytes } from '../../../src/shared/rendition.js';
import { VideoDecoder } from '../../../workers/video-decoder.js';
import { memoryLimit, sizeFault } from '../../../workers/ffmpeg/limits.js';
import { encodeUnits } from '../../support/access-units.js';
import { FFMPEGS } from '../../support/ffmpegs.js';

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
        { frame: () => frames++ },
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
