import type { Clock } from '../../shared/clock.js';
import type { CameraErrorCode } from '../../shared/errors.js';
import type { Bus } from '../bus/bus.js';
import { type StateMessage, type StreamState, writeJson } from '../bus/messages.js';

const TELL_EVERY_MS = 1000;
/** Changes within this go in one message, ms. */
const GATHER_MS = 2;

export interface StateTellerDeps {
  readonly instance: string;
  readonly subject: string;
  readonly bus: Bus;
  readonly clock: Clock;
  /** The state of a stream that this node owns; `null` when it does not. */
  readonly state: (stream: string) => StreamState | null;
  readonly owned: () => readonly string[];
  readonly holds: () => StateMessage['holds'];
  /** Before this node has joined under its name, that name may be another's. */
  readonly isReady: () => boolean;
}

/**
 * Tells all nodes of the streams that this one owns: all of them each second, which is also its sign of life, and changes at once.
 * Edges show their viewers what they hear here.
 */
export class StateTeller {
  readonly #changed = new Set<string>();
  #gone: StateMessage['gone'] = [];
  #failed: StateMessage['failed'] = [];
  #cancelGather: (() => void) | null = null;
  #cancelNext: () => void;

  constructor(private readonly deps: StateTellerDeps) {
    this.#cancelNext = this.#tellLater();
  }

  changed(stream: string): void {
    this.#changed.add(stream);
    this.#gather();
  }

  gone(stream: string, epoch: number): void {
    this.#changed.delete(stream);
    this.#gone.push({ stream, epoch });
    this.#gather();
  }

  /** The camera's first opening failed. */
  failed(stream: string, code: CameraErrorCode): void {
    this.#failed.push({ stream, code });
    this.#gather();
  }

  tellAll(): void {
    this.#tell(true, this.deps.owned());
  }

  close(): void {
    this.#cancelGather?.();
    this.#cancelNext();
  }

  #gather(): void {
    this.#cancelGather ??= this.deps.clock.after(GATHER_MS, () => {
      this.#cancelGather = null;
      this.#tell(false, [...this.#changed]);
    });
  }

  #tellLater(): () => void {
    return this.deps.clock.after(TELL_EVERY_MS, () => {
      this.tellAll();
      this.#cancelNext = this.#tellLater();
    });
  }

  #tell(all: boolean, names: readonly string[]): void {
    if (!this.deps.isReady()) return;
    const streams = names.map((name) => this.deps.state(name)).filter((state) => state !== null);
    const message = { instance: this.deps.instance, all, streams, gone: this.#gone, failed: this.#failed };
    this.#changed.clear();
    this.#gone = [];
    this.#failed = [];
    this.deps.bus.publish(this.deps.subject, writeJson({ ...message, holds: this.deps.holds() }));
  }
}
