import { identifyNumber, type SentLog } from '../lib/frame-age.js';
import type { Contender } from '../lib/paths.js';
import { viewerPath } from '../lib/paths.js';
import { CAMERA_FPS, FULL_FPS, withServer } from '../lib/rig.js';
import { runViewers } from '../lib/run-viewers.js';
import { distribution, type Distribution } from '../lib/stats.js';
import type { Summary } from '../lib/viewer-load.js';
import type { VirtualCameras } from '../virtual-camera/index.js';
import { processorTime, since, type ProcessorTime } from './run-time.js';

export type Form = 'jpeg' | 'h264';

export interface TryOut {
  readonly cameras: VirtualCameras;
  readonly numberOf: (end: string) => number | null;
  readonly form: Form;
  readonly count: number;
  readonly settleMs: number;
  readonly windowMs: number;
  /** Every viewer of so many tells the ages of what it gets. */
  readonly tellEvery: number;
  readonly server?: Contender;
  /** Checkout of `before`. */
  readonly against?: string | null;
}

export interface Point {
  readonly server: Contender;
  readonly form: Form;
  readonly cameras: number;
  readonly passed: boolean;
  readonly minFps: number;
  readonly medianFps: number;
  /** Time on processors of the service and its FFmpegs, and waiting for one: ms a frame that a viewer got. */
  readonly frameMs: number;
  readonly waitMs: number;
  readonly frameBytes: number;
  /** From the moment when the camera wrote a picture to its socket to the viewer's last byte of it, ms. */
  readonly ages: Distribution | null;
  /** How much later than by their beat the cameras wrote: what the load generator lacks. It is in no age. */
  readonly cameraLateMs: Distribution | null;
}

const FIRST_FRAME_MS = 20_000;
const RAMP = 32;
const FRESH_MS = 1000;
const SETTINGS = { MAX_CAMERAS: '400', MAX_CONNECTING: '16' };

/** A fresh service with so many cameras and a viewer of each, measured for a window. */
export function tryOut(wanted: TryOut): Promise<Point> {
  const { form, count, server: who = 'ours', against = null } = wanted;
  return withServer(
    who,
    async ({ port, pid }) => {
      let begin: ProcessorTime = { runMs: 0, waitMs: 0 };
      let spent = begin;
      const seen = await runViewers({
        port,
        paths: Array.from({ length: count }, (_, at) => pathOf(wanted, at)),
        viewers: count,
        rampPerSecond: RAMP,
        openTimeoutMs: FIRST_FRAME_MS,
        firstFrameTimeoutMs: FIRST_FRAME_MS,
        settleMs: wanted.settleMs,
        durationMs: wanted.windowMs,
        tellEnds: form === 'h264' ? wanted.tellEvery : 0,
        onWindowStart: () => (begin = processorTime(pid)),
        onWindowEnd: () => (spent = since(processorTime(pid), begin)),
      });
      const times = await timesOf(wanted, seen);
      const minFps = seen.fps?.min ?? 0;
      const isFresh = form === 'jpeg' || (times.ages?.p99 ?? Infinity) < FRESH_MS;
      return {
        ...{ server: who, form, cameras: count, minFps, medianFps: seen.fps?.p50 ?? 0, ...times },
        passed: minFps >= FULL_FPS && isFresh,
        frameMs: spent.runMs / seen.frames,
        waitMs: spent.waitMs / seen.frames,
        frameBytes: seen.bytes / seen.frames,
      };
    },
    SETTINGS,
    against,
  );
}

function pathOf({ cameras, form }: TryOut, at: number): string {
  const path = viewerPath(`cam${at + 1}`, cameras.url(at));
  return form === 'h264' ? `${path}&codec=h264` : path;
}

async function timesOf(
  { cameras, numberOf }: TryOut,
  seen: Summary,
): Promise<Pick<Point, 'ages' | 'cameraLateMs'>> {
  const ages: number[] = [];
  const late: number[] = [];
  for (const [at, ends] of seen.ends.entries()) {
    if (!ends) continue;
    const log = await cameras.sent(`cam${at + 1}`);
    late.push(...lateness(log.slice(-ends.length)));
    for (const [end, receivedAt] of ends) {
      const number = numberOf(end);
      const known =
        number === null ? null : identifyNumber(number, receivedAt, log, cameras.options.clipFrames);
      if (known) ages.push(known.ageMs);
    }
  }
  return { ages: distribution(ages), cameraLateMs: distribution(late) };
}

/** Against the beat of the one that was earliest. */
function lateness(log: SentLog): number[] {
  const offsets = log.map(([absolute, at]) => at - (absolute * 1000) / CAMERA_FPS);
  const beat = Math.min(...offsets);
  return offsets.map((offset) => offset - beat);
}
