import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsOf, memoryOf } from '../lib/proc.js';
import { openHonestViewer } from '../lib/honest-viewer.js';
import { startService } from '../lib/service.js';
import { connectViewer } from '../lib/ws-viewer.js';
import { spawnCameras } from '../virtual-camera/index.js';
import { startHostileCameras } from './hostile-server.js';
import type { HostileKind } from './kind.js';

export interface PeakOptions {
  readonly kinds: readonly HostileKind[];
  readonly ffmpegPath: string;
  readonly transport: 'tcp' | 'udp';
  /** How long each kind is watched. */
  readonly seconds: number;
}

export interface Peak {
  readonly name: string;
  /** Bytes that the service and its FFmpegs took at most beyond what they take beside one honest viewer. */
  readonly more: number;
  /** Of it by the service alone. */
  readonly service: number;
}

const LOOK_MS = 100;
/** How long the service has between two kinds to let go of the first. */
const REST_MS = 500;
const SETTINGS = {
  OPEN_TIMEOUT_MS: '2500',
  STALL_TIMEOUT_MS: '1500',
  RETRY_MIN_MS: '200',
  RETRY_MAX_MS: '1000',
  LINGER_MS: '0',
};

/** What each kind alone makes the service take, one after the other, with one viewer, beside an honest one. */
export async function peakMemory(options: PeakOptions): Promise<Peak[]> {
  const honestCameras = await spawnCameras({ width: 320, height: 180, fps: 10 });
  const hostile = await startHostileCameras(options.kinds);
  const env = { ...SETTINGS, FFMPEG_PATH: options.ffmpegPath, RTSP_TRANSPORT: options.transport };
  const service = await startService({ env, endsWithParent: false });
  try {
    const honest = await openHonestViewer(service.port, honestCameras.url(0));
    await sleep(REST_MS);
    const peaks: Peak[] = [];
    for (const { name } of options.kinds) {
      const before = usedBy(service.pid);
      const path = `/ws?camera_index=${name}&rtsp=${encodeURIComponent(hostile.url(name))}`;
      const viewer = connectViewer({ host: '127.0.0.1', port: service.port, path, mode: 'count' });
      viewer.opened.catch(() => undefined);
      const most = { all: 0, service: 0 };
      for (const end = performance.now() + options.seconds * 1000; performance.now() < end;) {
        await sleep(LOOK_MS);
        const now = usedBy(service.pid);
        most.all = Math.max(most.all, now.all);
        most.service = Math.max(most.service, now.service);
      }
      viewer.destroy();
      peaks.push({ name, more: most.all - before.all, service: most.service - before.service });
      hostile.reset();
      await sleep(REST_MS);
    }
    honest.destroy();
    return peaks;
  } finally {
    await Promise.all([service.stop(), hostile.stop(), honestCameras.stop()]);
  }
}

/** Resident bytes of the service, and of it with all that it started (shared pages divided). */
function usedBy(pid: number): { service: number; all: number } {
  const service = memoryOf(pid)?.rssBytes ?? 0;
  const children = descendantsOf(pid).map((child) => memoryOf(child.pid)?.pssBytes ?? 0);
  return { service, all: children.reduce((sum, bytes) => sum + bytes, service) };
}
