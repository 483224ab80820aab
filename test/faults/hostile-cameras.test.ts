import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, runHostileCameras } from '../../bench/hostile-cameras/run.js';
import { FFMPEGS } from '../support/ffmpegs.js';

/** `node dist/bench/hostile-cameras/main.js` does the same for as long as asked. */

test('the kinds of broken cameras have names of their own', { timeout: 30_000 }, () => {
  assert.equal(new Set(KINDS.map(({ name }) => name)).size, KINDS.length);
  assert.ok(KINDS.length >= 28);
});

for (const [i, { name, path }] of FFMPEGS.entries()) {
  // Each FFmpeg by one of the two: what a camera sends over UDP never reaches FFmpeg in another way.
  const transport = i === 0 ? 'tcp' : 'udp';
  test(
    `cameras with broken RTSP, SDP or H.264 over ${transport} harm nobody else, make the service dial nobody else, and leave nothing behind, with ${name}`,
    { timeout: 90_000 },
    async () => {
      const lines: string[] = [];
      const say = (line: string): void => void lines.push(line);
      const wrong = await runHostileCameras({ ffmpegPath: path, transport, seconds: 20, viewers: 8, say });
      assert.deepEqual(wrong, [], lines.join('\n'));
    },
  );
}
