/**
 * How far the server's clock is ahead of this one, from pings: the answer of the quickest round trip of late is the
 * truest (its error is at most half that round trip). All times in ms.
 */
const SAMPLES = 8;

export class ClockOffset {
  #samples: { readonly roundTrip: number; readonly offset: number }[] = [];

  /** 0 until there is a sample. */
  get ms(): number {
    let best: { roundTrip: number; offset: number } | null = null;
    for (const sample of this.#samples) if (!best || sample.roundTrip < best.roundTrip) best = sample;
    return best?.offset ?? 0;
  }

  /** A ping sent at `sent` was answered with `serverTime`, and the answer was here at `received`. */
  add(sent: number, serverTime: number, received: number): void {
    const roundTrip = Math.max(0, received - sent);
    this.#samples.push({ roundTrip, offset: serverTime - (sent + roundTrip / 2) });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** The hello has no round trip: it only serves until the first pong. */
  hello(serverTime: number, received: number): void {
    this.#samples = [{ roundTrip: 60_000, offset: serverTime - received }];
  }
}
