import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identify } from '../../bench/lib/frame-age.js';
import { percentile } from '../../bench/lib/stats.js';
import { spawnCameras } from '../../bench/virtual-camera/index.js';
import { service, watch } from '../support/rig.js';
import { FFMPEGS } from '../support/ffmpegs.js';

/** A decoder that holds one frame back shows in these: with key frames alone, a frame is two seconds. */

const GOP_MS = 2000;

for (const ffmpeg of FFMPEGS) {
  test(
    `with key frames alone the newest is shown at once, not when the next one comes, with ${ffmpeg.name}`,
    { timeout: 60_000 },
    async (t) => {
      const cameras = await spawnCameras({ fps: 10, gop: 20 });
      t.after(() => cameras.stop());
      const server = await service(t, { FFMPEG_PATH: ffmpeg.path });
      // At most one frame a second is what makes the service decode key frames only.
      const viewer = watch(t, server, 'cam1', cameras.url(0), { query: { fps: '1' } });
      await viewer.more(4, 30_000);
      const log = await cameras.sent('cam1');
      const seen = viewer.frames.map(({ jpeg, at }) => identify(jpeg, at, log, cameras.options.clipFrames));
      assert.ok(
        seen.every((frame) => frame !== null && frame.absolute % 20 === 0),
        'not key frames alone',
      );
      const ages = seen.map((frame) => frame?.ageMs ?? Infinity).sort((a, b) => a - b);
      const age = percentile(ages, 50);
      // One that is held back is two seconds old.
      assert.ok(age < GOP_MS / 2, `pictures were ${Math.round(age)} ms old`);
    },
  );
}
