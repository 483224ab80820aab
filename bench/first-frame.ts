import { setTimeout as sleep } from 'node:timers/promises';
import { startContender } from './lib/contender.js';
import { identifyNumber } from './lib/frame-age.js';
import { frameNumberOfJpeg } from './lib/frame-number.js';
import { isQuick, viewerPath } from './lib/paths.js';
import { writeReport } from './lib/report.js';
import { distribution } from './lib/stats.js';
import { markdownTable } from './lib/table.js';
import { connectViewer } from './lib/ws-viewer.js';
import { spawnCameras } from './virtual-camera/index.js';

/**
 * How long until a viewer sees something? Cold: from the moment when the camera sent the key frame that became the first
 * picture. Warm: from connecting to a stream that runs already.
 */
const ROUNDS = isQuick ? 5 : 20;

const cameras = await spawnCameras({ count: 1 });
const server = await startContender('ours');
const cold: number[] = [];
const connect: number[] = [];
const warm: number[] = [];

/** Resolves with the first picture and when it came. */
function firstFrame(path: string): Promise<{ jpeg: Buffer; at: number; ms: number; leave: () => void }> {
  const began = performance.now();
  return new Promise((resolve) => {
    const viewer = connectViewer({
      host: '127.0.0.1',
      port: server.port,
      path,
      mode: 'keep',
      onFrame: (jpeg, at) => {
        resolve({
          jpeg: Buffer.from(jpeg),
          at,
          ms: performance.now() - began,
          leave: () => viewer.destroy(),
        });
      },
    });
  });
}

try {
  for (let round = 0; round < ROUNDS; round++) {
    // A name of its own: nothing of the round before is still running under it.
    const path = viewerPath(`cold${round}`, cameras.url(0));
    const first = await firstFrame(path);
    const number = frameNumberOfJpeg(first.jpeg);
    const found = number === null ? null : identifyNumber(number, first.at, await cameras.sent('cam1'), 500);
    if (found) cold.push(found.ageMs);
    connect.push(first.ms);
    const second = await firstFrame(path);
    warm.push(second.ms);
    first.leave();
    second.leave();
    await sleep(130);
  }
} finally {
  await server.stop();
  await cameras.stop();
}
const row = (name: string, values: readonly number[], target: string) => {
  const spread = distribution(values);
  return [name, spread?.p50.toFixed(1), spread?.p90.toFixed(1), spread?.max.toFixed(1), target];
};
writeReport({
  name: 'first-frame',
  title: 'First frame',
  settings: { rounds: ROUNDS, gopMs: 1000 },
  results: { cold, connect, warm },
  table: markdownTable(
    [
      { title: 'ms' },
      ...['p50', 'p90', 'max', 'target'].map((title) => ({ title, align: 'right' as const })),
    ],
    [
      row('cold: after the source sent the key frame', cold, '< 300'),
      row('cold: after connecting (a key frame a second)', connect, ''),
      row('joining a running stream', warm, '< 20'),
    ],
  ),
});
