import { setTimeout as sleep } from 'node:timers/promises';
import { startContender } from './lib/contender.js';
import { identifyNumber } from './lib/frame-age.js';
import { frameNumberOfJpeg } from './lib/frame-number.js';
import { type Contender, isQuick, viewerPath } from './lib/paths.js';
import { writeReport } from './lib/report.js';
import { type Distribution, distribution } from './lib/stats.js';
import { markdownTable } from './lib/table.js';
import { connectViewer } from './lib/ws-viewer.js';
import { spawnCameras } from './virtual-camera/index.js';

/** How old is a frame when a viewer holds it? By the number in the picture and the camera's own log of when it was sent. */
const COUNTS = isQuick ? [1, 8] : [1, 8, 16];
const DURATION_MS = isQuick ? 5000 : 15_000;
const SETTLE_MS = 6000;
const CLIP_FRAMES = 500;

async function measure(who: Contender, count: number): Promise<Distribution | null> {
  const cameras = await spawnCameras({ count, clipFrames: CLIP_FRAMES });
  const server = await startContender(who);
  try {
    // Pictures are read after the run: reading them costs more than relaying them.
    const kept: { readonly camera: number; readonly jpeg: Buffer; readonly at: number }[] = [];
    let isOn = false;
    const viewers = cameras.urls.map((url, camera) =>
      connectViewer({
        host: '127.0.0.1',
        port: server.port,
        path: viewerPath(`cam${camera}`, url),
        mode: 'keep',
        onFrame: (jpeg, at) => {
          if (isOn) kept.push({ camera, jpeg: Buffer.from(jpeg), at });
        },
      }),
    );
    await sleep(SETTLE_MS);
    isOn = true;
    await sleep(DURATION_MS);
    isOn = false;
    const logs = await Promise.all(cameras.urls.map((_, i) => cameras.sent(`cam${i + 1}`)));
    for (const viewer of viewers) viewer.destroy();
    const ages = kept.flatMap(({ camera, jpeg, at }) => {
      const number = frameNumberOfJpeg(jpeg);
      const found = number === null ? null : identifyNumber(number, at, logs[camera] ?? [], CLIP_FRAMES);
      return found ? [found.ageMs] : [];
    });
    return distribution(ages);
  } finally {
    await server.stop();
    await cameras.stop();
  }
}

const rows: { who: Contender; count: number; ages: Distribution | null }[] = [];
for (const count of COUNTS)
  for (const who of ['ours', 'baseline'] as const) {
    const ages = await measure(who, count);
    console.error(`${who}, ${count} cameras: p99 ${ages?.p99.toFixed(1)} ms`);
    rows.push({ who, count, ages });
  }
writeReport({
  name: 'latency',
  title: 'Latency: from the camera sending a frame to the viewer holding its JPEG (640x360, 25 fps)',
  settings: { durationMs: DURATION_MS },
  results: rows,
  table: markdownTable(
    [
      { title: 'cameras', align: 'right' },
      { title: 'server' },
      ...['p50 ms', 'p90 ms', 'p99 ms', 'frames'].map((title) => ({ title, align: 'right' as const })),
    ],
    rows.map(({ who, count, ages }) => [
      count,
      who,
      ages?.p50.toFixed(1),
      ages?.p90.toFixed(1),
      ages?.p99.toFixed(1),
      ages?.count,
    ]),
  ),
});
