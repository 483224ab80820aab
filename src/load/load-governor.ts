import type { BacklogReader } from './receive-backlog.js';
import type { Camera } from '../camera/camera.js';
import { IdleMeter } from './cpu-idle.js';
import { type CameraLoad, LoadControl, type LoadStep } from './load-control.js';
import type { Log } from '../telemetry/log.js';

const LOOK_MS = 1000;

/** Watches the backlog of every running camera and steps cameras down and up as the machine allows. */
export class LoadGovernor {
  readonly #control = new LoadControl();
  readonly #timer: NodeJS.Timeout;
  #looking = false;
  readonly #idle = new IdleMeter();

  constructor(
    private readonly running: () => readonly { readonly key: string; readonly camera: Camera }[],
    /** Processes of a camera's run. */
    private readonly pidsOf: (key: string) => readonly number[],
    private readonly backlog: Pick<BacklogReader, 'read'>,
    private readonly log: Log,
    /** Makes room in another way for cameras that are to lose a step; `false` when it cannot. */
    private readonly relieve: (keys: readonly string[]) => boolean = () => false,
  ) {
    this.#timer = setInterval(() => {
      void this.#look();
    }, LOOK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    // A look that takes longer than its period is not doubled.
    if (this.#looking) return;
    this.#looking = true;
    try {
      const cameras = this.running();
      const pids = new Map(cameras.map(({ key }) => [key, this.pidsOf(key)]));
      const waiting =
        cameras.length === 0 ? new Map<number, number>() : await this.backlog.read([...pids.values()].flat());
      const loads = cameras.map(({ key, camera }): CameraLoad => {
        const bytes = (pids.get(key) ?? [])
          .map((pid) => waiting.get(pid))
          .filter((value) => value !== undefined);
        return {
          key,
          level: camera.degradation,
          backlogBytes: bytes.length === 0 ? null : Math.max(...bytes),
        };
      });
      const steps = this.#control.look(loads, this.#idleShare());
      const isLoss = ({ key, level }: LoadStep): boolean =>
        level > (loads.find((load) => load.key === key)?.level ?? level);
      const losses = steps.filter(isLoss).map(({ key }) => key);
      const isRelieved = losses.length > 0 && this.relieve(losses);
      for (const { key, level } of steps) {
        if (isRelieved && losses.includes(key)) continue;
        const backlogBytes = loads.find((load) => load.key === key)?.backlogBytes ?? null;
        this.log.warn(
          { event: 'degradation', camera: key, level, backlogBytes },
          `${key}: degradation ${level}`,
        );
        cameras.find((entry) => entry.key === key)?.camera.degrade(level);
      }
    } finally {
      this.#looking = false;
    }
  }

  /** Idle share of all cores since the last look; `null` when no time went by. */
  #idleShare(): number | null {
    const idle = this.#idle.read();
    return Number.isNaN(idle) ? null : idle;
  }
}
