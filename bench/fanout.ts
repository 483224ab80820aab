import { connectViewer } from './lib/ws-viewer.js';
import { startContender } from './lib/contender.js';
import { isQuick, viewerPath } from './lib/paths.js';
import { writeReport } from './lib/report.js';
import { runViewers } from './lib/run-viewers.js';
import { mebibytes, markdownTable } from './lib/table.js';
import { spawnCameras } from './virtual-camera/index.js';

/** How many viewers can one camera have, and how soon does one more see it? */
const COUNTS = isQuick ? [100, 1000] : [100, 500, 1000, 2000, 4000];
const DURATION_MS = isQuick ? 4000 : 8000;

const rows = [];
for (const viewers of COUNTS) {
  const cameras = await spawnCameras({ count: 1 });
  const server = await startContender('ours');
  try {
    const path = viewerPath('cam', cameras.url(0));
    let newcomerMs: number | undefined;
    const summary = await runViewers({
      port: server.port,
      paths: [path],
      viewers,
      durationMs: DURATION_MS,
      processes: viewers > 2000 ? 2 : 1,
      settleMs: 4000,
      onWindowStart: () => {
        const one = connectViewer({ host: '127.0.0.1', port: server.port, path, mode: 'count' });
        setTimeout(() => {
          newcomerMs = one.stats.firstFrameMs;
          one.destroy();
        }, DURATION_MS - 1000);
      },
    });
    rows.push({ viewers, newcomerMs, summary });
    console.error(`${viewers} viewers: slowest ${summary.fps?.min.toFixed(2)} fps`);
  } finally {
    await server.stop();
    await cameras.stop();
  }
}
writeReport({
  name: 'fanout',
  title: 'Fan-out: viewers of one camera (640x360, 25 fps)',
  settings: { durationMs: DURATION_MS },
  results: rows,
  table: markdownTable(
    ['viewers', 'fps slowest', 'fps median', 'gap p99 ms', 'MiB/s', 'newcomer ms', 'load generator busy'].map(
      (title) => ({
        title,
        align: 'right' as const,
      }),
    ),
    rows.map(({ viewers, newcomerMs, summary }) => [
      viewers,
      summary.fps?.min.toFixed(2),
      summary.fps?.p50.toFixed(2),
      summary.gapsMs?.p99.toFixed(0),
      mebibytes(summary.bytesPerSecond).toFixed(0),
      newcomerMs?.toFixed(0),
      Math.max(...summary.loadBusy).toFixed(2),
    ]),
  ),
});
