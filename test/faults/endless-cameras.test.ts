import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLOOD_KINDS } from '../../bench/hostile-cameras/flood-kinds.js';
import { peakMemory } from '../../bench/hostile-cameras/peak-memory.js';
import { FFMPEGS } from '../support/ffmpegs.js';

/** Floods of RTSP alone: test/rtsp/session-patience-slow.test.ts. */
const MEDIA_FLOODS = FLOOD_KINDS.filter(({ isFlood }) => isFlood);

for (const [i, { name, path }] of FFMPEGS.entries()) {
  // Each FFmpeg by one of the two: what a camera sends over UDP never reaches FFmpeg in another way.
  const transport = i === 0 ? 'tcp' : 'udp';
  test(
    `a camera that sends without end over ${transport} costs less than 100 MB, with ${name}`,
    { timeout: 120_000 },
    async (t) => {
      const peaks = await peakMemory({ kinds: MEDIA_FLOODS, ffmpegPath: path, transport, seconds: 1 });
      const shown = peaks.map(({ name: kind, more }) => `${kind} ${Math.round(more / 1e6)} MB`).join(', ');
      t.diagnostic(shown);
      assert.ok(
        peaks.every(({ more }) => more < 100e6),
        shown,
      );
    },
  );
}
