import type { Clock } from '../../shared/clock.js';
import type { Connection } from './mqtt-link.js';

/** Messages that wait for the broker's answer: a few, since a broker far away answers late. */
const MAX_IN_FLIGHT = 16;
/** A broker that has answered nothing for so long is gone, ms. */
const ANSWER_MS = 30_000;

/** Retained messages on their way: of each topic the newest alone, however slow the broker is. */
export class MqttOutbox {
  readonly #waiting = new Map<string, string>();
  #inFlight = 0;
  #cancelWatch: (() => void) | null = null;
  #closed = false;

  constructor(
    private readonly connection: Connection,
    private readonly clock: Clock,
    private readonly events: { sent(): void; replaced(): void },
  ) {}

  get size(): number {
    return this.#waiting.size + this.#inFlight;
  }

  put(topic: string, payload: string): void {
    if (this.#waiting.delete(topic)) this.events.replaced();
    this.#waiting.set(topic, payload);
    this.#pump();
  }

  /** The connection is gone, and what waits with it. */
  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#cancelWatch?.();
  }

  #pump(): void {
    for (const [topic, payload] of this.#waiting) {
      if (this.#closed || this.#inFlight >= MAX_IN_FLIGHT) return;
      this.#waiting.delete(topic);
      this.#inFlight++;
      this.#cancelWatch ??= this.#watch();
      void this.connection.publish(topic, payload).then(
        () => {
          this.#answered();
        },
        // The connection ends: the next one begins with everything that is true then.
        () => undefined,
      );
    }
  }

  #answered(): void {
    if (this.#closed) return;
    this.#inFlight--;
    this.events.sent();
    this.#cancelWatch?.();
    this.#cancelWatch = this.#inFlight > 0 ? this.#watch() : null;
    this.#pump();
  }

  #watch(): () => void {
    return this.clock.after(ANSWER_MS, () => {
      this.connection.abandon('no answer');
    });
  }
}
