import type { Clock } from '../../shared/clock.js';
import type { Bus } from '../bus/bus.js';
import { type WantedStream, writeJson } from '../bus/messages.js';
import type { Subjects } from '../bus/subjects.js';

/** Owners forget what is not renewed within three of these, ms. */
const RENEW_MS = 1000;
/** Changes within this go in one message, ms: a wall of 64 tiles asks for all of them at once. */
const GATHER_MS = 5;

/** An edge's demand: tells each owner, each second and soon after a change, what this node's viewers want of it. */
export class DemandSender {
  /** By owner, then by stream. */
  readonly #wanted = new Map<string, Map<string, WantedStream>>();
  readonly #changed = new Set<string>();
  #cancelGather: (() => void) | null = null;
  #cancelRenewal: () => void;

  constructor(
    private readonly self: { readonly node: string; readonly instance: string },
    private readonly bus: Bus,
    private readonly subjects: Subjects,
    private readonly clock: Clock,
  ) {
    this.#cancelRenewal = this.#renewLater();
  }

  set(owner: string, wanted: WantedStream): void {
    const streams = this.#wanted.get(owner) ?? new Map<string, WantedStream>();
    this.#wanted.set(owner, streams);
    const before = streams.get(wanted.stream);
    streams.set(wanted.stream, wanted);
    if (!before || JSON.stringify(before) !== JSON.stringify(wanted)) this.#change(owner);
  }

  drop(owner: string, stream: string): void {
    if (this.#wanted.get(owner)?.delete(stream)) this.#change(owner);
  }

  close(): void {
    this.#cancelRenewal();
    this.#cancelGather?.();
  }

  /** All of it anew: owners may have forgotten it while there was no connection. */
  renew(): void {
    for (const owner of this.#wanted.keys()) this.#tell(owner);
  }

  #change(owner: string): void {
    this.#changed.add(owner);
    this.#cancelGather ??= this.clock.after(GATHER_MS, () => {
      this.#cancelGather = null;
      for (const name of this.#changed) this.#tell(name);
      this.#changed.clear();
    });
  }

  #renewLater(): () => void {
    return this.clock.after(RENEW_MS, () => {
      this.renew();
      this.#cancelRenewal = this.#renewLater();
    });
  }

  #tell(owner: string): void {
    const streams = [...(this.#wanted.get(owner)?.values() ?? [])];
    if (streams.length === 0) this.#wanted.delete(owner);
    const message = writeJson({ instance: this.self.instance, all: true, streams });
    this.bus.publish(this.subjects.demand(owner, this.self.node), message);
  }
}
