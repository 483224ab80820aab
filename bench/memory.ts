import { setTimeout as sleep } from 'node:timers/promises';
import { startContender } from './lib/contender.js';
import { isQuick, viewerPath } from './lib/paths.js';
import { childrenOf, memoryOf } from './lib/proc.js';
import { writeReport } from './lib/report.js';
import { markdownTable, mebibytes } from './lib/table.js';
import { connectViewer } from './lib/ws-viewer.js';
import { spawnCameras } from './virtual-camera/index.js';

/** What does one camera more cost in memory (PSS, FFmpeg included)? */
const COUNTS = isQuick ? [4, 12] : [1, 16, 32];
const SETTLE_MS = isQuick ? 8000 : 25_000;

const rows: { count: number; service: number; ffmpeg: number }[] = [];
for (const count of COUNTS) {
  const cameras = await spawnCameras({ count });
  const server = await startContender('ours');
  try {
    const viewers = cameras.urls.map((url, i) =>
      connectViewer({
        host: '127.0.0.1',
        port: server.port,
        path: viewerPath(`cam${i}`, url),
        mode: 'count',
      }),
    );
    await sleep(SETTLE_MS);
    const ffmpeg = childrenOf(server.pid).reduce((sum, { pid }) => sum + (memoryOf(pid)?.pssBytes ?? 0), 0);
    rows.push({ count, service: mebibytes(memoryOf(server.pid)?.pssBytes ?? 0), ffmpeg: mebibytes(ffmpeg) });
    for (const viewer of viewers) viewer.destroy();
  } finally {
    await server.stop();
    await cameras.stop();
  }
}
const total = (row: (typeof rows)[number] | undefined): number => (row ? row.service + row.ffmpeg : 0);
const first = rows[0];
const perCamera = rows
  .slice(1)
  .map((row) => ({ count: row.count, mib: (total(row) - total(first)) / (row.count - (first?.count ?? 0)) }));
writeReport({
  name: 'memory',
  title: 'Memory: PSS of the service and its FFmpeg processes (640x360, 25 fps, one viewer each)',
  settings: { settleMs: SETTLE_MS },
  results: { rows, perCamera },
  table: markdownTable(
    ['cameras', 'service MiB', 'FFmpeg MiB', 'each further camera MiB (target <= 12)'].map((title) => ({
      title,
      align: 'right' as const,
    })),
    rows.map((row) => [
      row.count,
      row.service.toFixed(1),
      row.ffmpeg.toFixed(1),
      perCamera.find(({ count }) => count === row.count)?.mib.toFixed(2) ?? '',
    ]),
  ),
});
