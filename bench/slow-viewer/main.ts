import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import { commandLine } from '../lib/command-line.js';
import { identify } from '../lib/frame-age.js';
import { threadsOf } from '../lib/proc.js';
import { writeReport } from '../lib/report.js';
import { runViewers } from '../lib/run-viewers.js';
import { startServer } from '../lib/server-process.js';
import { startService } from '../lib/service.js';
import { distribution, type Distribution } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import { connectViewer, type Viewer } from '../lib/ws-viewer.js';
import { spawnCameras, type VirtualCameras } from '../virtual-camera/index.js';

/**
 * What viewers of a slow link see, from this service and from a
 * plain publish of the same frames; and what the clock that makes the difference costs with many viewers.
 */

/** Bytes a second that the slow viewers read, of a stream of some 500,000. */
const RATES = [37_500, 150_000, 400_000];
/** Gives about 20 KB a frame of the test picture at 640x360. */
const QUALITY = 75;
const SETTLE_MS = 3000;
/** The most that the clock may take of the main thread. */
const CLOCK_LIMIT = 0.05;

interface Result {
  readonly rate: number;
  readonly frames: number;
  readonly age: Distribution | null;
}

const { seconds, viewers: crowd } = commandLine({
  name: 'slow-viewer',
  about: 'What viewers of a slow link see, from this service and from a plain publish of the same frames.',
  options: {
    seconds: { default: 20, min: 1, max: 3600, help: 'of each measurement' },
    viewers: { default: 2000, min: 1, max: 10_000, help: 'viewers whose pings are paid for' },
  },
});
const ffmpegPath = (await findFfmpeg(process.env['FFMPEG_PATH'] ?? '')).path;

const { ours, plain, bytesPerSecond } = await measureRates();
const clock = { with: await mainThreadShare([]), without: await mainThreadShare([without()]) };
const cost = clock.with - clock.without;

const right = (title: string) => ({ title, align: 'right' as const });
const ageText = (age: Distribution | null): string =>
  age ? `${Math.round(age.p50)} / ${Math.round(age.p90)}` : '-';
writeReport({
  name: 'slow-viewer',
  title: `Slow viewers of a stream of ${Math.round(bytesPerSecond / 1000)} KB/s for ${seconds} s`,
  settings: { seconds, viewers: crowd, quality: QUALITY },
  results: { bytesPerSecond, ours, plain, clock: { viewers: crowd, ...clock, cost } },
  ffmpegPath,
  table: [
    markdownTable(
      [
        'viewer reads KB/s',
        'plain publish: frames',
        'age p50 / p90 ms',
        'this service: frames',
        'age p50 / p90 ms',
      ].map(right),
      RATES.map((rate, i) => [
        rate / 1000,
        plain[i]?.frames,
        ageText(plain[i]?.age ?? null),
        ours[i]?.frames,
        ageText(ours[i]?.age ?? null),
      ]),
    ),
    `Main thread with ${crowd} viewers at 5 frames a second: ${percent(clock.with)} busy, ${percent(clock.without)} without the clock: it costs ${percent(cost)}.`,
  ].join('\n\n'),
});
if (cost > CLOCK_LIMIT) console.log(`The clock costs more than ${percent(CLOCK_LIMIT)}.`);
process.exit(cost > CLOCK_LIMIT ? 1 : 0);

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function without(): string {
  return `--import=${new URL('./without-beat.js', import.meta.url).href}`;
}

/** Both servers and all rates at the same time, so that all see the same frames. */
async function measureRates(): Promise<{ ours: Result[]; plain: Result[]; bytesPerSecond: number }> {
  const cameras = await spawnCameras({ clipFrames: 4000 });
  const service = await startService();
  const path = `/ws?camera_index=cam1&quality=${QUALITY}&rtsp=${encodeURIComponent(cameras.url(0))}`;
  const publisher = await startServer({
    script: fileURLToPath(new URL('../baseline/plain-publish.js', import.meta.url)),
    args: [String(service.port), path],
  });
  const reference = connectViewer({ host: '127.0.0.1', port: service.port, path, mode: 'count' });
  try {
    await sleep(SETTLE_MS);
    const slow = [service.port, publisher.port].map((port) =>
      RATES.map((rate) => slowViewer(port, path, rate)),
    );
    reference.stats.beginWindow();
    await sleep(seconds * 1000);
    const bytesPerSecond = reference.stats.bytes / seconds;
    const results = await Promise.all(
      slow.map((viewers) => Promise.all(viewers.map((viewer) => viewer.result(cameras)))),
    );
    return { ours: results[0] ?? [], plain: results[1] ?? [], bytesPerSecond };
  } finally {
    reference.destroy();
    await publisher.stop();
    await service.stop();
    await cameras.stop();
  }
}

interface SlowViewer {
  readonly viewer: Viewer;
  result(cameras: VirtualCameras): Promise<Result>;
}

function slowViewer(port: number, path: string, rate: number): SlowViewer {
  const seen: { jpeg: Buffer; at: number }[] = [];
  const viewer = connectViewer({
    host: '127.0.0.1',
    port,
    path,
    mode: 'keep',
    readRate: rate,
    onFrame: (jpeg, at) => void seen.push({ jpeg, at }),
  });
  return {
    viewer,
    result: async (cameras) => {
      viewer.destroy();
      const log = await cameras.sent('cam1');
      const modulo = cameras.options.clipFrames;
      const ages = seen.flatMap(({ jpeg, at }) => identify(jpeg, at, log, modulo)?.ageMs ?? []);
      return { rate, frames: seen.length, age: distribution(ages) };
    },
  };
}

/** Busy share of the service's main thread while the crowd watches one small, slow camera: little else for it to do. */
async function mainThreadShare(flags: readonly string[]): Promise<number> {
  const cameras = await spawnCameras({ width: 320, height: 180, fps: 5 });
  const service = await startService({ flags });
  try {
    const path = `/ws?camera_index=cam1&width=320&height=180&rtsp=${encodeURIComponent(cameras.url(0))}`;
    const cpu = (): number => threadsOf(service.pid).find(({ id }) => id === service.pid)?.cpuSeconds ?? 0;
    let from = { cpu: 0, at: 0 };
    let share = 0;
    await runViewers({
      port: service.port,
      paths: [path],
      viewers: crowd,
      durationMs: seconds * 1000,
      settleMs: SETTLE_MS,
      onWindowStart: () => {
        from = { cpu: cpu(), at: performance.now() };
      },
      onWindowEnd: () => {
        share = (cpu() - from.cpu) / ((performance.now() - from.at) / 1000);
      },
    });
    return share;
  } finally {
    await service.stop();
    await cameras.stop();
  }
}
