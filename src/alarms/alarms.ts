import type { CameraSummary } from '../camera/telemetry/camera-summary.js';
import type { Clock } from '../shared/clock.js';
import type { Alarm, AlarmSink } from './news/alarm.js';
import { AlarmBook } from './news/alarm-book.js';

/** How often the cameras are looked at, ms: a hold-off of seconds needs no more. */
const LOOK_MS = 500;

export interface AlarmsDeps {
  readonly clock: Clock;
  /** State of all cameras, ad-hoc ones included. */
  readonly cameras: () => readonly CameraSummary[];
  readonly isOwn: (camera: CameraSummary) => boolean;
}

/** Looks at the cameras, decides what is news, and tells every sink. */
export class Alarms {
  readonly #book: AlarmBook;
  #present: ReadonlyMap<string, Alarm> = new Map();
  #cancel: () => void = () => undefined;

  constructor(
    holdMs: number,
    private readonly sinks: readonly AlarmSink[],
    private readonly deps: AlarmsDeps,
  ) {
    this.#book = new AlarmBook(holdMs, deps.isOwn);
  }

  /** Configured cameras that this node tells of. */
  get ownCameras(): readonly string[] {
    return [...this.#present.values()].filter(({ own }) => own).map(({ camera }) => camera);
  }

  start(): void {
    this.#look();
  }

  async close(): Promise<void> {
    this.#cancel();
    await Promise.all(this.sinks.map((sink) => sink.close()));
  }

  #look(): void {
    const news = this.#book.look(this.deps.cameras(), this.deps.clock.now());
    this.#present = news.present;
    for (const sink of this.sinks) sink.told(news);
    this.#cancel = this.deps.clock.after(LOOK_MS, () => {
      this.#look();
    });
  }
}
