import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StderrTail } from '../../../workers/ffmpeg/stderr-tail.js';

const timeout = 30_000;
const SECRET = 'S3cr3t-Hunter2';
const MAX = 4096;

test('the end of what was said is kept, a chunk’s border anywhere', { timeout }, () => {
  const text = Array.from({ length: 20 }, (_, i) => `[error] line ${i}\n`).join('');
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (lengths) => {
      const tail = new StderrTail();
      for (let at = 0, i = 0; at < text.length; i++) {
        const length = lengths[i % lengths.length] ?? 1;
        tail.push(text.slice(at, at + length));
        at += length;
      }
      assert.equal(tail.toString(), text);
    }),
  );
});

test('a password cut in two by a chunk is still hidden', { timeout }, () => {
  const text = `[error] rtsp://admin:${SECRET}@10.0.0.1/x: failed\n`;
  for (let at = 1; at < text.length; at++) {
    const tail = new StderrTail();
    tail.push(text.slice(0, at));
    const half = tail.toString();
    tail.push(text.slice(at));
    assert.ok(!tail.toString().includes(SECRET));
    assert.ok(half.length <= text.length);
    assert.match(tail.toString(), /\*\*\*@10\.0\.0\.1/);
  }
});

test('a flood, with line breaks or without, is bounded and shows no part of a password', { timeout }, () => {
  for (const end of ['\n', ' ', ': ']) {
    const tail = new StderrTail();
    const unit = `[error] rtsp://admin:${SECRET}@10.0.0.1/x failed${end}`;
    const flood = unit.repeat(3000);
    for (let at = 0; at < flood.length; at += 1777) {
      tail.push(flood.slice(at, at + 1777));
      const shown = tail.toString();
      assert.ok(shown.length <= MAX);
      assert.ok(!/r3t-Hunter2|Hunter2@/.test(shown), shown.slice(0, 100));
    }
    tail.push(flood);
    assert.ok(!/r3t-Hunter2|Hunter2@/.test(tail.toString()));
  }
  const tail = new StderrTail();
  for (let i = 0; i < 100; i++) tail.push('x'.repeat(65_536));
  assert.ok(tail.toString().length <= MAX);
});

test('what FFmpeg says on level info is left out, but for redirects', { timeout }, () => {
  const tail = new StderrTail();
  tail.push("[info] Input #0, rtsp, from 'rtsp://x':\n[info]   Duration: N/A\n[rtsp @ 0x1] [info] hello\n");
  tail.push('[rtsp @ 0x1] [info] Status 302: Redirecting to rtsp://127.0.0.9/x\n[error] end\n');
  assert.equal(
    tail.toString(),
    '[rtsp @ 0x1] [info] Status 302: Redirecting to rtsp://127.0.0.9/x\n[error] end\n',
  );
});
