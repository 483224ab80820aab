import { GroupThinning } from '../../workers/group-thinning.js';
import { LoadControl } from '../../src/load/load-control.js';

/** Core milliseconds a second of two cores. */
const CORES_MS = 2000;
/** Core milliseconds a picture of 640x360 on the machine of bench/RESULTS.md; a key frame takes as long as four others. */
const DECODE_MS = 0.9;
const KEY_DECODE_MS = 3.5;
const ENCODE_MS = 0.95;
/** The virtual camera and its viewer, a second. */
const OVERHEAD_MS = 3.75;
const START_MS = 150;

const SOURCE_FPS = 25;
const TICK_MS = 10;
/** What waits longer is let go, up to the next key frame (workers/ffmpeg/input-queue.ts). */
const MAX_WAIT_MS = 600;

interface Unit {
  readonly at: number;
  readonly isKey: boolean;
}

export interface MachineCamera {
  readonly key: string;
  share: number;
  /** How the share changed: when, and whether it grew. */
  readonly changes: { readonly at: number; readonly grew: boolean }[];
  readonly thinning: GroupThinning;
  queue: Unit[];
  /** Core time that the unit in front still needs; that of its start at first. */
  busyMs: number;
  awaitsKey: boolean;
  nextAt: number;
  group: number;
  units: number;
  dropped: number;
  /** Shortest wait of the last second. */
  leastWait: number;
  /** Cost of a picture, beside that of others. */
  readonly weight: number;
}

/**
 * A machine whose cores are shared out evenly among cameras, under the control of `LoadControl`: what no test machine is quiet enough
 * for. The figures are measured; that cores are shared evenly is the simplification.
 */
export class FrameMachine {
  readonly #control = new LoadControl();
  cameras: MachineCamera[];
  now = 0;
  /** Idle share of the last second. */
  idle = 0;
  /** Ages of the pictures that were shown since `begin`, ms. */
  ages: number[] = [];
  #usedMs = 0;

  /**
   * @param coreMs core milliseconds a second that the machine has; others may take some of it
   * @param gop pictures from key frame to key frame
   */
  constructor(
    count: number,
    public coreMs = CORES_MS,
    private readonly gop = SOURCE_FPS,
    random = seeded(count),
    weights: readonly number[] = [],
  ) {
    this.cameras = Array.from({ length: count }, (_, i) => ({
      key: `cam${i}`,
      share: 1,
      changes: [],
      thinning: new GroupThinning(),
      queue: [],
      busyMs: START_MS,
      awaitsKey: true,
      nextAt: random() * 40,
      group: Math.floor(random() * gop),
      units: 0,
      dropped: 0,
      leastWait: Infinity,
      weight: weights[i] ?? 1,
    }));
  }

  /** Begins to count what is shown anew. */
  begin(): void {
    this.ages = [];
    for (const { changes } of this.cameras) changes.length = 0;
  }

  get shares(): number[] {
    return this.cameras.map(({ share }) => share);
  }

  /** Oldest of the pictures that were shown, but for one in a hundred, ms. */
  get p99(): number {
    return [...this.ages].sort((a, b) => a - b)[Math.floor(this.ages.length * 0.99)] ?? 0;
  }

  /** Shortest time between two changes of direction of one camera, s; `Infinity` without. */
  get fastestSwing(): number {
    return Math.min(
      ...this.cameras.flatMap(({ changes }) => {
        const turns = changes.filter(({ grew }, i) => i > 0 && changes[i - 1]?.grew !== grew);
        return turns.slice(1).map(({ at }, i) => (at - (turns[i]?.at ?? 0)) / 1000);
      }),
    );
  }

  run(seconds: number): void {
    for (let i = 0; i < seconds; i++) this.#second();
  }

  #second(): void {
    this.#usedMs = 0;
    for (let tick = 0; tick < 1000 / TICK_MS; tick++) this.#tick((this.coreMs * TICK_MS) / 1000);
    this.idle = Math.max(0, (this.coreMs - this.#usedMs) / CORES_MS);
    const loads = this.cameras.map((camera) => {
      const { key, units, dropped, leastWait } = camera;
      camera.leastWait = Infinity;
      const [oldest] = camera.queue;
      const waitMs = leastWait < Infinity ? leastWait : oldest ? this.now - oldest.at : 0;
      return { key, units, droppedUnits: dropped, waitMs };
    });
    for (const { key, share } of this.#control.look(loads, this.idle)) {
      const camera = this.cameras.find((own) => own.key === key);
      if (!camera || camera.share === share) continue;
      camera.changes.push({ at: this.now, grew: share > camera.share });
      camera.share = share;
    }
  }

  #tick(budgetMs: number): void {
    this.now += TICK_MS;
    for (const camera of this.cameras) this.#arrive(camera);
    const overhead = (this.cameras.length * OVERHEAD_MS * TICK_MS) / 1000;
    let left = budgetMs - overhead;
    for (let hungry = this.cameras; hungry.length > 0 && left > 0.001;) {
      const share = left / hungry.length;
      for (const camera of hungry) left -= share - this.#work(camera, share);
      // No camera gets more than a core and a half.
      hungry = left > 0.01 ? hungry.filter(({ queue, busyMs }) => queue.length > 0 || busyMs > 0) : [];
      if (hungry.length < 3) break;
    }
    this.#usedMs += budgetMs - Math.max(0, left);
    for (const camera of this.cameras) this.#judgeWait(camera);
  }

  #arrive(camera: MachineCamera): void {
    while (camera.nextAt <= this.now) {
      const isKey = camera.group++ % this.gop === 0;
      camera.units++;
      const isLeftOut = camera.thinning.leavesOut(isKey, camera.share);
      if (isKey) camera.awaitsKey = false;
      if (!isLeftOut && !camera.awaitsKey) camera.queue.push({ at: camera.nextAt, isKey });
      camera.nextAt += 1000 / SOURCE_FPS;
    }
  }

  /** @returns what is left of the core time */
  #work(camera: MachineCamera, ms: number): number {
    let left = ms;
    while (left > 0) {
      if (camera.busyMs > left) {
        camera.busyMs -= left;
        return 0;
      }
      left -= camera.busyMs;
      camera.busyMs = 0;
      const unit = camera.queue.shift();
      if (!unit) return left;
      const wait = this.now - unit.at;
      camera.leastWait = Math.min(camera.leastWait, wait);
      this.ages.push(wait);
      camera.busyMs = camera.weight * ((unit.isKey ? KEY_DECODE_MS : DECODE_MS) + ENCODE_MS);
    }
    return left;
  }

  #judgeWait(camera: MachineCamera): void {
    const [oldest] = camera.queue;
    if (!oldest || this.now - oldest.at <= MAX_WAIT_MS) return;
    const at = camera.queue.findLastIndex(({ isKey }) => isKey);
    camera.dropped += at > 0 ? at : camera.queue.length;
    camera.queue = at > 0 ? camera.queue.slice(at) : [];
    camera.awaitsKey = at <= 0;
  }
}

/** The same chance each time. */
function seeded(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
