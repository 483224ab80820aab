import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CameraSettings, createRegistry } from '../../src/camera/create-registry.js';
import { createDecoding } from '../../src/decoding/create-decoding.js';
import { systemClock } from '../../src/shared/clock.js';
import { parseRtspUrl } from '../../src/source/rtsp-url.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { cameras } from '../support/rig.js';
import { quietLog } from '../support/test-registry.js';
import { until } from '../support/until.js';

/** `ONE_SESSION_SECONDS=60` flips for a minute, as in one-session-slow. */
const SECONDS = Number(process.env['ONE_SESSION_SECONDS'] ?? 8);

const TIMES = { OPEN_TIMEOUT_MS: 10_000, STALL_TIMEOUT_MS: 5000 };
const FORMS = [
  { width: 640, height: 360, quality: null, fps: null },
  { width: 320, height: 180, quality: 80, fps: null },
  { width: 320, height: 180, quality: null, fps: 5 },
  { width: 320, height: 180, quality: null, fps: 1 },
] as const;
/** Everything, parts of each group, and key frames alone. */
const SHARES = [0.8, 0.5, 0.06, 1, 0.3];

test(
  'a camera notices nothing of steps of the load control, whatever its viewers want meanwhile',
  { timeout: 60_000 + SECONDS * 1000 },
  async (t) => {
    const set = await cameras(t);
    let started = 0;
    const decoding = await createDecoding(
      { FFMPEG_PATH: CHOSEN_FFMPEG.path, MAX_CAMERAS: 2, SKIP_LOOP_FILTER: 'off', ...TIMES },
      () => Promise.resolve(['127.0.0.1']),
      () => true,
      { ffmpegStarted: () => started++, workerDied: () => undefined, ffmpegReplaced: () => undefined },
    );
    let published = 0;
    const settings: CameraSettings = {
      ...{ MAX_CAMERAS: 2, MAX_CONNECTING: 4, ADHOC_RTSP: 'on', RTSP_TRANSPORT: 'tcp', MAX_FPS: 0, ...TIMES },
      ...{
        FRAME_WIDTH: 640,
        FRAME_HEIGHT: 360,
        JPEG_QUALITY: 50,
        SIZE_LADDER: [{ width: 320, height: 180 }],
      },
      ...{ LINGER_MS: 10_000, FROZEN_AFTER_MS: 60_000, RETRY_MIN_MS: 200, RETRY_MAX_MS: 800 },
      AUTH_HOLD_MS: 300_000,
    };
    const registry = createRegistry(settings, {
      ...{ clock: systemClock, metrics: createMetrics(), log: quietLog, peers: null },
      publish: () => published++,
      opener: (key, spec, url) => decoding.opener(key, url, spec),
    });
    t.after(async () => {
      await registry.close();
      await decoding.close();
    });
    const url = parseRtspUrl(set.url(0));
    const states = new Set<string>();
    const join = (form: (typeof FORMS)[number]): (() => void) => {
      const request = { camera: 'cam1', url, main: false, ...form };
      const seat = registry.join(request, { state: ({ state }) => states.add(state), lost: () => undefined });
      return () => seat.leave();
    };
    const end = performance.now() + SECONDS * 1000;
    let most = 0;
    for (let turn = 0; performance.now() < end || turn < FORMS.length * SHARES.length; turn++) {
      const leave = join(FORMS[turn % FORMS.length] ?? FORMS[0]);
      const before = published;
      registry.running()[0]?.camera.setShare(SHARES[turn % SHARES.length] ?? 1);
      await until('pictures come', () => published > before, 10_000);
      most = Math.max(most, (await set.list())[0]?.clients ?? 0);
      if (turn % 3 === 0) await sleep(200);
      leave();
    }
    const [camera] = await set.list();
    assert.deepEqual(
      { now: camera?.clients, most, sessions: camera?.contacts.describes },
      { now: 1, most: 1, sessions: 1 },
    );
    assert.deepEqual([...states].sort(), ['connecting', 'live']);
    assert.ok(started >= 2, 'sizes took other decoders');
    await until('one decoder is left', () => decoding.pool.pidsOf('cam1').length === 1, 10_000);
  },
);
