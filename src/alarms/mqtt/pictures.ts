import type { Registry } from '../../camera/registry.js';
import type { Clock } from '../../shared/clock.js';
import { CameraError, RefusedError } from '../../shared/errors.js';
import { FPS } from '../../shared/rendition.js';
import type { AlarmMetrics } from '../alarm-metrics.js';
import type { Connection } from './mqtt-link.js';

/** More than this on the way to the broker, and a picture is left out: it would only make the next ones late. */
const MAX_WAITING_BYTES = 256 * 1024;

export interface PicturesDeps {
  readonly registry: Pick<Registry, 'join' | 'camera'>;
  readonly clock: Clock;
  readonly metrics: AlarmMetrics;
  /** Cameras whose pictures this node publishes. */
  readonly cameras: () => readonly string[];
  readonly topic: (camera: string) => string;
}

interface Place {
  readonly seat: ReturnType<Registry['join']>;
  sequence: number;
}

/**
 * Publishes a picture of each open camera now and then. It opens none: while a camera runs for others, or always, it takes a seat there,
 * as a viewer of few pictures would. The cameras take turns, so that their pictures do not come all at once.
 */
export class Pictures {
  readonly #places = new Map<string, Place>();
  #connection: Connection | null = null;
  #turns: string[] = [];
  #cancel: () => void = () => undefined;

  /** @param everyMs of each camera */
  constructor(
    private readonly everyMs: number,
    private readonly deps: PicturesDeps,
  ) {}

  start(connection: Connection): void {
    this.#connection = connection;
    this.#later(0);
  }

  stop(): void {
    this.#connection = null;
    this.#cancel();
    this.#turns = [];
    for (const camera of [...this.#places.keys()]) this.#leave(camera);
  }

  #later(ms: number): void {
    this.#cancel();
    this.#cancel = this.deps.clock.after(ms, () => {
      this.#next();
    });
  }

  #next(): void {
    if (this.#turns.length === 0) {
      const cameras = this.deps.cameras();
      for (const camera of this.#places.keys()) if (!cameras.includes(camera)) this.#leave(camera);
      this.#turns = [...cameras];
      if (cameras.length === 0) {
        this.#later(this.everyMs);
        return;
      }
    }
    this.#later(this.everyMs / this.deps.cameras().length || this.everyMs);
    const camera = this.#turns.shift();
    if (camera !== undefined) this.#publish(camera);
  }

  #publish(camera: string): void {
    const place = this.#isOpen(camera) ? (this.#places.get(camera) ?? this.#join(camera)) : null;
    if (!place) {
      this.#leave(camera);
      return;
    }
    const { latest } = place.seat.channel;
    if (!latest || latest.sequence === place.sequence || place.seat.camera.status.state !== 'live') return;
    place.sequence = latest.sequence;
    const connection = this.#connection;
    if (!connection || connection.waitingBytes > MAX_WAITING_BYTES) {
      this.deps.metrics.dropped.inc({ receiver: 'mqtt' });
      return;
    }
    connection.publishOnce(this.deps.topic(camera), new Uint8Array(latest.jpeg));
    this.deps.metrics.sent.inc({ receiver: 'mqtt' });
  }

  /** Whether it runs, and not for these pictures alone. */
  #isOpen(name: string): boolean {
    const camera = this.deps.registry.camera(name);
    if (!camera?.running) return false;
    return camera.options.alwaysOn || camera.viewers > (this.#places.has(name) ? 1 : 0);
  }

  #join(camera: string): Place | null {
    const fps = Math.max(FPS.min, Math.min(1, 1000 / this.everyMs));
    const request = { camera, url: null, main: false, width: null, height: null, quality: null, fps };
    try {
      const seat = this.deps.registry.join(request, {
        state: () => undefined,
        lost: () => {
          this.#leave(camera);
        },
      });
      const place = { seat, sequence: -1 };
      this.#places.set(camera, place);
      return place;
    } catch (error) {
      if (error instanceof RefusedError || error instanceof CameraError) return null;
      throw error;
    }
  }

  #leave(camera: string): void {
    const place = this.#places.get(camera);
    this.#places.delete(camera);
    place?.seat.leave();
  }
}
