import { setTimeout as sleep } from 'node:timers/promises';
import { basename } from 'node:path';
import { CameraError } from '../../shared/errors.js';
import type { DecodePlan, FrameMessage } from '../../shared/worker-protocol.js';
import type { CameraOpener } from '../../decoding/camera-run.js';
import { childrenCpuSeconds } from './children-cpu.js';

/** What the service's own way from camera to JPEG measured. */
export interface Picture {
  readonly firstFrameMs: number;
  /** Of the seconds after the first frame; `null` with fewer than two frames. */
  readonly fps: number | null;
  /** CPU time of FFmpeg for each frame; `null` where it cannot be read. */
  readonly decodeMs: number | null;
  readonly encodeMs: number;
  /** Mean JPEG. */
  readonly jpegBytes: number;
}

export interface PictureTimes {
  readonly openMs: number;
  readonly measureMs: number;
}

/**
 * Opens the camera as the service does.
 * @throws CameraError
 */
export async function takePicture(
  opener: CameraOpener,
  plan: DecodePlan,
  ffmpegPath: string,
  times: PictureTimes,
): Promise<Picture> {
  const frames: Omit<FrameMessage, 'jpeg' | 'type' | 'key'>[] = [];
  let bytes = 0;
  let onFirst: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (onFirst = resolve));
  const begin = performance.now();
  const run = opener.open(
    { plan },
    {
      frame: ({ capturedAt, encodeMs, jpeg }) => {
        frames.push({ capturedAt, encodeMs });
        bytes += jpeg.byteLength;
        onFirst();
      },
      counters: () => undefined,
      unit: () => undefined,
      video: () => undefined,
      started: () => undefined,
    },
  );
  const over = new AbortController();
  const failed = run.ended.then((end): never => {
    if (end.code === 'stopped') throw new CameraError('open_timeout');
    throw new CameraError(end.code, end.detail);
  });
  try {
    const late = sleep(times.openMs, null, { signal: over.signal }).then((): never => {
      throw new CameraError('open_timeout', `no frame in ${times.openMs} ms`);
    });
    await Promise.race([first, failed, late]);
    const firstFrameMs = performance.now() - begin;
    const cpuBefore = childrenCpuSeconds(basename(ffmpegPath));
    const before = frames.length;
    await Promise.race([sleep(times.measureMs, null, { signal: over.signal }), run.ended]);
    const cpuAfter = childrenCpuSeconds(basename(ffmpegPath));
    const measured = frames.length - before;
    const cpu = cpuBefore === null || cpuAfter === null || measured === 0 ? null : cpuAfter - cpuBefore;
    const span = (frames.at(-1)?.capturedAt ?? 0) - (frames[0]?.capturedAt ?? 0);
    return {
      firstFrameMs,
      fps: span > 0 ? ((frames.length - 1) * 1000) / span : null,
      decodeMs: cpu === null ? null : (cpu * 1000) / measured,
      encodeMs: frames.reduce((sum, frame) => sum + frame.encodeMs, 0) / frames.length,
      jpegBytes: bytes / frames.length,
    };
  } finally {
    over.abort();
    failed.catch(() => undefined);
    run.stop();
    await run.ended;
  }
}
