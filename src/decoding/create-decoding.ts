import type { Addresses } from '../source/address-policy.js';
import type { RtspUrl } from '../source/rtsp-url.js';
import type { PixelFormat, Transport } from '../shared/worker-protocol.js';
import { type CameraOpener, deferRun } from './camera-run.js';
import { findFfmpeg } from './ffmpeg-build.js';
import { FfmpegInUse, type FoundFfmpeg } from './ffmpeg-in-use.js';
import { cameraOpener } from './opener.js';
import { type PoolEvents, preferredPixels, WorkerPool } from './worker-pool.js';

export interface DecodingEvents extends PoolEvents {
  /** FFmpeg was replaced while the service runs. @param found a problem: the old one's build goes on being used */
  ffmpegReplaced(found: FoundFfmpeg): void;
}

export interface DecodingSettings {
  readonly FFMPEG_PATH: string;
  readonly MAX_CAMERAS: number;
  readonly OPEN_TIMEOUT_MS: number;
  readonly STALL_TIMEOUT_MS: number;
  readonly SKIP_LOOP_FILTER: 'on' | 'off';
}

/** What cameras are opened with. */
export interface Decoding {
  /** The FFmpeg that was found at start, or why there is none: then every opening fails saying so. */
  readonly ffmpeg: FoundFfmpeg;
  /** Layout of raw frames that the encoder takes best on this machine. */
  readonly pixels: PixelFormat;
  readonly pool: WorkerPool;
  opener(
    key: string,
    url: RtspUrl,
    how: { readonly transport: Transport; readonly aspect?: number },
  ): CameraOpener;
  close(): Promise<void>;
}

/** A run that is ending while its camera's next one begins has a place too. */
const SPARE_RUNS = 8;

/**
 * @param resolve gives the judged addresses of a camera's host; rejects with CameraError `dns` or `target_denied`
 * @param hasRoom whether the process may open what another camera needs
 */
export async function createDecoding(
  settings: DecodingSettings,
  resolve: (url: RtspUrl) => Promise<Addresses>,
  hasRoom: () => boolean,
  events: DecodingEvents,
): Promise<Decoding> {
  const ffmpeg = await FfmpegInUse.start(
    () => findFfmpeg(settings.FFMPEG_PATH),
    (found) => {
      events.ffmpegReplaced(found);
    },
  );
  const pixels = preferredPixels();
  const withRoom = (opener: CameraOpener): CameraOpener => ({
    open: (request, runEvents) =>
      deferRun(request.plan, (it) =>
        hasRoom()
          ? it.run((plan) => opener.open({ ...request, plan }, runEvents))
          : Promise.resolve({
              code: 'no_process',
              detail: 'too few descriptors are left: raise RLIMIT_NOFILE',
            }),
      ),
  });
  const pool = new WorkerPool(settings.MAX_CAMERAS + SPARE_RUNS, events);
  const deps = {
    pool,
    ffmpeg: () => ffmpeg.forNextRun(),
    pixels,
    openTimeoutMs: settings.OPEN_TIMEOUT_MS,
    stallTimeoutMs: settings.STALL_TIMEOUT_MS,
    skipLoopFilter: settings.SKIP_LOOP_FILTER === 'on',
    resolve,
  };
  return {
    ffmpeg: ffmpeg.present,
    pixels,
    pool,
    opener: (key, url, how) => withRoom(cameraOpener(key, url, how, deps)),
    close: () => pool.close(),
  };
}
