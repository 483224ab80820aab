import type { Addresses } from '../source/address-policy.js';
import type { FfmpegBuild, PixelFormat, RunEnd, Source, Transport } from '../shared/worker-protocol.js';
import type { RtspUrl } from '../source/rtsp-url.js';
import {
  type CameraOpener,
  type CameraRun,
  deferRun,
  type OpenRequest,
  type RunEvents,
  type RunScript,
} from './camera-run.js';
import type { RunTask } from './worker-pool.js';

export interface OpenerDeps {
  readonly pool: { run(task: RunTask, events: RunEvents): CameraRun };
  /** `null` when none could be found at start: every opening then says so. */
  readonly ffmpeg: () => Promise<FfmpegBuild | null>;
  readonly pixels: PixelFormat;
  readonly openTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly skipLoopFilter: boolean;
  /** The addresses that were judged. Throws CameraError `dns` or `target_denied`. */
  readonly resolve: (url: RtspUrl) => Promise<Addresses>;
}

/** Ends that concern one address and say nothing about the camera: the name's next address is tried at once. */
const UNREACHED: ReadonlySet<RunEnd['code']> = new Set(['refused', 'unreachable'] as const);

/** Opens one camera: resolves and judges its host anew for each run, then hands an address to a worker. */
export function cameraOpener(
  camera: string,
  url: RtspUrl,
  { transport, aspect = null }: { readonly transport: Transport; readonly aspect?: number | null },
  deps: OpenerDeps,
): CameraOpener {
  /** Which of the name's addresses is tried first: that of the last picture, or after a run without one the next. */
  let turn = 0;
  const task = (ffmpeg: FfmpegBuild, address: string, request: OpenRequest): RunTask => ({
    camera,
    ffmpeg,
    pixels: deps.pixels,
    source: sourceOf(url, address, transport),
    plan: request.plan,
    failedLast: request.failedLast ?? false,
    aspect,
    openTimeoutMs: deps.openTimeoutMs,
    stallTimeoutMs: deps.stallTimeoutMs,
    skipLoopFilter: deps.skipLoopFilter,
  });
  const dialInTurn = async (it: RunScript, request: OpenRequest, events: RunEvents): Promise<RunEnd> => {
    // A stop does not wait for a probe, nor for a resolver: both may take many seconds.
    const ffmpeg = await Promise.race([deps.ffmpeg(), it.stopped]);
    if (ffmpeg && 'code' in ffmpeg) return ffmpeg;
    if (!ffmpeg) return { code: 'ffmpeg_missing', detail: 'no FFmpeg was found at start' };
    const addresses = await Promise.race([deps.resolve(url), it.stopped]);
    if ('code' in addresses) return addresses;
    for (let left = addresses.length - 1; ; left--) {
      const address = addresses[turn % addresses.length] ?? addresses[0];
      const noted = noteLife(events);
      const end = await it.run((plan) =>
        deps.pool.run(task(ffmpeg, address, { ...request, plan }), noted.events),
      );
      if (noted.lived()) return end;
      turn++;
      if (left === 0 || it.isStopped || !UNREACHED.has(end.code)) return end;
    }
  };
  return {
    open: (request, events) => deferRun(request.plan, (it) => dialInTurn(it, request, events)),
  };
}

function sourceOf(url: RtspUrl, address: string, transport: Transport): Source {
  const { scheme, host, port, rest: pathAndQuery } = url;
  return { url: { scheme, host, port, pathAndQuery }, credentials: url.credentials(), address, transport };
}

/** Passes a run's events on, and tells whether one of them was a sign of life. */
function noteLife(events: RunEvents): { readonly events: RunEvents; readonly lived: () => boolean } {
  let lived = false;
  return {
    events: {
      started: () => {
        events.started();
      },
      frame: (frame) => {
        lived = true;
        events.frame(frame);
      },
      unit: (unit) => {
        events.unit(unit);
      },
      counters: (counters) => {
        lived ||= counters.decoded > 0;
        events.counters(counters);
      },
      video: (report) => {
        events.video(report);
      },
    },
    lived: () => lived,
  };
}
