import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectViewer, type Viewer } from '../../bench/lib/ws-viewer.js';
import { cameras, service } from '../support/rig.js';
import { until } from '../support/until.js';

/** `ONE_SESSION_SECONDS=60` flips for a minute. */
const SECONDS = Number(process.env['ONE_SESSION_SECONDS'] ?? 8);

/** Sizes, qualities, rates, and key frames alone (`fps` of 1 with a key frame a second). */
const FORMS = [
  'width=640&height=360',
  'width=320&height=180',
  'width=640&height=360&quality=80',
  'width=640&height=360&fps=5',
  'width=640&height=360&fps=1',
  'width=160&height=90&fps=1',
  'width=1280&height=720',
];

test(
  'a camera notices nothing of viewers who come, go and want another form each time',
  { timeout: 60_000 + SECONDS * 1000 },
  async (t) => {
    const set = await cameras(t);
    // A busy machine must not pass for a silent camera.
    const server = await service(t, { LINGER_MS: '10000', STALL_TIMEOUT_MS: '5000' });
    const open = (form: string): Viewer => {
      const query = `camera_index=cam1&rtsp=${encodeURIComponent(set.url(0))}&${form}`;
      const viewer = connectViewer({
        ...{ host: '127.0.0.1', port: server.port, path: `/ws?${query}`, mode: 'count' },
      });
      t.after(() => viewer.destroy());
      return viewer;
    };
    const end = performance.now() + SECONDS * 1000;
    let most = 0;
    for (let turn = 0; performance.now() < end || turn < FORMS.length; turn++) {
      // One at a time and two together, and now and then nobody at all.
      const viewers = [open(FORMS[turn % FORMS.length] ?? ''), ...(turn % 2 ? [open(FORMS[0] ?? '')] : [])];
      await until('each form shows', () => viewers.every(({ stats }) => stats.frames > 0), 15_000);
      most = Math.max(most, (await set.list())[0]?.clients ?? 0);
      for (const viewer of viewers) viewer.destroy();
      if (turn % 3 === 0) await sleep(300);
    }
    const [camera] = await set.list();
    assert.deepEqual(
      { now: camera?.clients, most, sessions: camera?.contacts.describes },
      { now: 1, most: 1, sessions: 1 },
    );
    assert.equal(await server.metric('reconnects_total'), 0);
  },
);
