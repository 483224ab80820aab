import { DEGRADED_FPS, type Degradation, KEY_FRAMES_ONLY } from '../../src/decoding/decode-plan.js';
import { LoadControl } from '../../src/load/load-control.js';

/** Core milliseconds a second of two cores. */
const CORES_MS = 2000;
/** Core milliseconds of a 640x360 camera on the machine of bench/RESULTS.md. */
const DECODE_MS = 1;
const ENCODE_MS = 0.95;
/** The virtual camera and its viewer, a second. */
const OVERHEAD_MS = 3.75;
const KEY_FRAMES_MS = 4;
const START_MS = 150;
const RESTART_MS = 120;

const SOURCE_FPS = 25;
const FRAME_BYTES = 3500;
/** Steps a second in which the cores are shared out. */
const TICKS = 10;

interface FluidCamera {
  readonly key: string;
  level: Degradation;
  /** Frames that wait in its connection. */
  waiting: number;
  /** Core time that its decoder still needs before it decodes. */
  startMs: number;
}

/**
 * A machine whose cores are shared out evenly among cameras, as if work were a fluid, under the control of `LoadControl`: what no
 * test machine is quiet enough for. The figures are measured; that cores are shared evenly is the simplification.
 */
export class FluidMachine {
  readonly #control = new LoadControl();
  cameras: FluidCamera[];
  /** Idle share of the last second. */
  idle = 0;

  /** @param coreMs core milliseconds a second that the machine has; others may take some of it */
  constructor(
    count: number,
    public coreMs = CORES_MS,
  ) {
    this.cameras = Array.from({ length: count }, (_, i) => ({
      key: `cam${i}`,
      level: 0,
      waiting: 0,
      startMs: START_MS,
    }));
  }

  /** Age of the oldest frame that is still to be decoded, s. */
  get oldest(): number {
    return Math.max(...this.cameras.map(({ waiting }) => waiting / SOURCE_FPS));
  }

  get levels(): Degradation[] {
    return this.cameras.map(({ level }) => level);
  }

  run(seconds: number): void {
    for (let i = 0; i < seconds; i++) this.#second();
  }

  #second(): void {
    let used = 0;
    for (let tick = 0; tick < TICKS; tick++) used += this.#tick(this.coreMs / TICKS);
    this.idle = (this.coreMs - used) / CORES_MS;
    const loads = this.cameras.map(({ key, level, waiting }) => ({
      key,
      level,
      backlogBytes: waiting * FRAME_BYTES,
    }));
    for (const step of this.#control.look(loads, this.idle)) {
      const camera = this.cameras.find(({ key }) => key === step.key);
      if (!camera) continue;
      // Key frames alone are another connection, which begins with the present.
      if (step.level === KEY_FRAMES_ONLY || camera.level === KEY_FRAMES_ONLY) {
        camera.waiting = 0;
        camera.startMs = RESTART_MS;
      }
      camera.level = step.level;
    }
  }

  /** Gives every camera its share of the cores; returns what was used. */
  #tick(budgetMs: number): number {
    const wants = this.cameras.map((camera) => ({ camera, wanted: want(camera), got: 0 }));
    let left = budgetMs;
    for (let hungry = [...wants]; hungry.length > 0 && left > 0.001;) {
      const share = left / hungry.length;
      for (const entry of hungry) {
        const more = Math.min(share, entry.wanted - entry.got);
        entry.got += more;
        left -= more;
      }
      hungry = hungry.filter(({ wanted, got }) => wanted - got > 0.001);
    }
    for (const { camera, wanted, got } of wants) {
      if (camera.startMs > 0) camera.startMs = Math.max(0, camera.startMs - got);
      else camera.waiting *= 1 - got / wanted;
    }
    return budgetMs - left;
  }
}

/** Core milliseconds that a camera could use in this tick; its frames of the tick arrive. */
function want(camera: FluidCamera): number {
  const overhead = OVERHEAD_MS / TICKS;
  if (camera.startMs > 0) return overhead + camera.startMs;
  if (camera.level === KEY_FRAMES_ONLY) return overhead + KEY_FRAMES_MS / TICKS;
  camera.waiting += SOURCE_FPS / TICKS;
  const most = (DEGRADED_FPS[camera.level] ?? Infinity) / TICKS;
  return overhead + camera.waiting * DECODE_MS + Math.min(camera.waiting, most) * ENCODE_MS;
}
