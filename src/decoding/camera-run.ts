import { CameraError } from '../shared/errors.js';
import { noRoom } from '../shared/no-room.js';
import { redact } from '../shared/redact.js';
import type {
  DecodePlan,
  FrameMessage,
  RunCounters,
  RunEnd,
  UnitMessage,
  VideoReport,
} from '../shared/worker-protocol.js';

/** One camera run: it ends with a typed reason, and only the supervisor decides what follows. */
export interface CameraRun {
  /** Never rejects; everything of the run is gone when it resolves. */
  readonly ended: Promise<RunEnd>;
  setPlan(plan: DecodePlan): void;
  stop(): void;
}

export interface RunEvents {
  /** A worker runs; told again when another address is tried. */
  started(): void;
  frame(frame: FrameMessage): void;
  unit(unit: UnitMessage): void;
  /** Totals since the run began. */
  counters(counters: RunCounters): void;
  video(report: VideoReport): void;
}

export interface OpenRequest {
  readonly plan: DecodePlan;
  /** The run before gave no picture. */
  readonly failedLast?: boolean;
}

export interface CameraOpener {
  open(request: OpenRequest, events: RunEvents): CameraRun;
}

/** What a deferred run's script works with. */
export interface RunScript {
  /** Resolves when the run is told to stop. */
  readonly stopped: Promise<RunEnd>;
  /** Whether it was. */
  readonly isStopped: boolean;
  /**
   * Begins a run with the newest plan and waits for its end. Later plans and the stop go to it. After the stop nothing is begun.
   */
  run(begin: (plan: DecodePlan) => CameraRun): Promise<RunEnd>;
}

/**
 * A run that consists of others: they begin later, one after another, or not at all.
 * @param plan what to begin with, until `setPlan` brings a newer one
 * @param script begins the runs in turn; its result is the end of the whole. A CameraError that it throws is how the run ended; any
 * other error is a mistake of this program, and is told as such (`internal`)
 */
export function deferRun(plan: DecodePlan, script: (it: RunScript) => Promise<RunEnd>): CameraRun {
  let newest = plan;
  let current: CameraRun | null = null;
  const stop = new AbortController();
  const { signal } = stop;
  const stopped = new Promise<RunEnd>((resolve) => {
    signal.addEventListener('abort', () => resolve({ code: 'stopped' }), { once: true });
  });
  const whole = async (it: RunScript): Promise<RunEnd> => {
    try {
      return await script(it);
    } catch (error) {
      return endOf(error);
    }
  };
  const ended = whole({
    stopped,
    get isStopped() {
      return signal.aborted;
    },
    run: (begin) => {
      if (signal.aborted) return stopped;
      current = begin(newest);
      return current.ended;
    },
  });
  return {
    ended,
    setPlan: (next) => {
      newest = next;
      current?.setPlan(next);
    },
    stop: () => {
      stop.abort();
      current?.stop();
    },
  };
}

function endOf(error: unknown): RunEnd {
  if (error instanceof CameraError) return { code: error.code, detail: error.detail };
  const code = noRoom(error);
  if (code !== null) return { code: 'no_process', detail: code };
  return {
    code: 'internal',
    detail: redact(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  };
}

/** Opens only when `before` is over: a camera that was just stopped may still hold its only session. */
export const openAfter = (before: Promise<void>, opener: CameraOpener): CameraOpener => ({
  open: (request, events) =>
    deferRun(request.plan, async (it) => {
      await before;
      return it.run((plan) => opener.open({ ...request, plan }, events));
    }),
});
