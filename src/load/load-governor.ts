import type { Camera } from '../camera/camera.js';
import type { Log } from '../telemetry/log.js';
import { IdleMeter } from './cpu-idle.js';
import { LoadControl } from './load-control.js';

const LOOK_MS = 1000;

/** What is watched of a camera. */
export type WatchedCamera = Pick<Camera, 'video' | 'share' | 'setShare'>;

/** Watches the queues in front of all decoders, and gives each camera the share of its pictures that the machine can carry. */
export class LoadGovernor {
  readonly #control = new LoadControl();
  readonly #timer: NodeJS.Timeout;
  readonly #idle = new IdleMeter();

  constructor(
    private readonly running: () => readonly { readonly key: string; readonly camera: WatchedCamera }[],
    private readonly log: Log,
    /** Makes room in another way for cameras that are to lose something; `false` when it cannot. */
    private readonly relieve: (keys: readonly string[]) => boolean = () => false,
  ) {
    this.#timer = setInterval(() => {
      this.#look();
    }, LOOK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const idle = this.#idle.read();
    const running = this.running();
    const loads = running.flatMap(({ key, camera: { video } }) => (video ? [{ key, ...video }] : []));
    const shares = this.#control.look(loads, Number.isNaN(idle) ? null : idle);
    const cameras = new Map(running.map(({ key, camera }) => [key, camera]));
    const changes = shares.filter(({ key, share }) => cameras.get(key)?.share !== share);
    const losers = changes
      .filter(({ key, share }) => share < (cameras.get(key)?.share ?? 0))
      .map(({ key }) => key);
    const isRelieved = losers.length > 0 && this.relieve(losers);
    for (const { key, share } of changes) {
      if (isRelieved && losers.includes(key)) continue;
      cameras.get(key)?.setShare(share);
    }
    this.#tell(changes, idle);
  }

  /** One line for all cameras: they mostly get the same. */
  #tell(changes: readonly { readonly share: number }[], idle: number): void {
    const [first] = changes;
    if (!first) return;
    const least = Math.min(...changes.map(({ share }) => share));
    this.log.warn(
      { event: 'degradation', cameras: changes.length, share: least, idle },
      `${changes.length} cameras decode ${Math.round(least * 100)} % of their pictures, or more`,
    );
  }
}
