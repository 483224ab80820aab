import type { Addresses } from '../source/address-policy.js';
import { CameraError } from '../shared/errors.js';
import type { FfmpegBuild, PixelFormat, RunEnd, Transport } from '../shared/worker-protocol.js';
import { dialUrl, type RtspUrl } from '../source/rtsp-url.js';
import type { CameraOpener, CameraRun, RunEvents } from '../camera/supervisor.js';
import type { RunTask } from './worker-pool.js';

export interface OpenerDeps {
  readonly pool: { run(task: RunTask, events: RunEvents): CameraRun };
  /** `null` when none could be found at start: every opening then says so. */
  readonly ffmpeg: FfmpegBuild | null;
  readonly pixels: PixelFormat;
  readonly ioTimeoutMs: number;
  readonly skipLoopFilter: boolean;
  /** The addresses that were judged, for FFmpeg to dial. Throws CameraError `dns` or `target_denied`. */
  readonly resolve: (url: RtspUrl) => Promise<Addresses>;
}

/** Ends that tell of an address, and nothing of the camera: the name's next address is tried at once. */
const UNREACHED: ReadonlySet<RunEnd['code']> = new Set(['refused', 'unreachable'] as const);

/** Opens one camera: resolves and judges its host anew for each run, then hands an address to a worker. */
export function cameraOpener(
  camera: string,
  url: RtspUrl,
  transport: Transport,
  deps: OpenerDeps,
): CameraOpener {
  /** Which of the name's addresses is tried first: that of the last picture, or after a run without one the next. */
  let turn = 0;
  return {
    open(request, events) {
      let { plan } = request;
      let run: CameraRun | null = null;
      let isStopped = false;
      let abandon: () => void = () => undefined;
      const abandoned = new Promise<RunEnd>((resolve) => {
        abandon = () => {
          isStopped = true;
          resolve({ code: 'stopped' });
        };
      });
      const dial = async (ffmpeg: FfmpegBuild, address: string): Promise<{ end: RunEnd; lived: boolean }> => {
        let lived = false;
        run = deps.pool.run(
          {
            camera,
            ffmpeg,
            pixels: deps.pixels,
            source: { url: dialUrl(url, address), transport },
            plan,
            longProbe: request.longProbe,
            ioTimeoutMs: deps.ioTimeoutMs,
            skipLoopFilter: deps.skipLoopFilter,
          },
          {
            frame: (frame) => {
              lived = true;
              events.frame(frame);
            },
            counters: (counters) => {
              lived ||= counters.decoded > 0;
              events.counters(counters);
            },
          },
        );
        return { end: await run.ended, lived };
      };
      const dialled = async (): Promise<RunEnd> => {
        const { ffmpeg } = deps;
        if (!ffmpeg) return { code: 'ffmpeg_missing', detail: 'no FFmpeg was found at start' };
        // A resolver may take many seconds: whoever stops meanwhile does not wait for it.
        const addresses = await Promise.race([deps.resolve(url), abandoned]);
        if ('code' in addresses) return addresses;
        for (let left = addresses.length - 1; ; left--) {
          const { end, lived } = await dial(ffmpeg, addresses[turn % addresses.length] ?? addresses[0]);
          if (lived) return end;
          turn++;
          if (left === 0 || isStopped || !UNREACHED.has(end.code)) return end;
        }
      };
      const ended = dialled().catch((error: unknown): RunEnd => {
        if (error instanceof CameraError) return { code: error.code, detail: error.detail };
        return { code: 'dns', detail: error instanceof Error ? error.message : String(error) };
      });
      return {
        ended,
        setPlan: (next) => {
          plan = next;
          run?.setPlan(next);
        },
        stop: () => {
          abandon();
          run?.stop();
        },
      };
    },
  };
}

/** Opens only when `before` is over: a camera that was just stopped may still hold its only session. */
export function openAfter(before: Promise<void>, opener: CameraOpener): CameraOpener {
  return {
    open: (request, events) => {
      let { plan } = request;
      let run: CameraRun | null = null;
      let stopped = false;
      const ended = before.then((): RunEnd | Promise<RunEnd> => {
        if (stopped) return { code: 'stopped' };
        run = opener.open({ ...request, plan }, events);
        return run.ended;
      });
      return {
        ended,
        setPlan: (next) => {
          plan = next;
          run?.setPlan(next);
        },
        stop: () => {
          stopped = true;
          run?.stop();
        },
      };
    },
  };
}
