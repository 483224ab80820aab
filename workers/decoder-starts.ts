import { TokenBucket } from '../src/shared/token-bucket.js';

/**
 * Decoders that a stream may start at once, and a second after that: as many as short open groups take of which a part is left out, or
 * that lose packets again and again. The start of one takes this thread some ms and the machine some 40, and a stream may name another
 * size with each of a thousand units a second: its neighbours in the thread would be shown nothing.
 */
const STARTS = { burst: 4, perSecond: 4 };
/** How soon one that had to wait is tried again, ms. */
const WAIT_MS = 1000 / STARTS.perSecond;
/** A decoder that could not take the present one's place is tried again after this, ms. */
const FAILED_MS = 2000;

/** When a stream may start a decoder, and when it tries again. */
export class DecoderStarts {
  readonly #tokens = new TokenBucket(STARTS.burst, STARTS.perSecond);
  #retry: NodeJS.Timeout | null = null;

  constructor(private readonly tryAgain: () => void) {}

  /** @returns whether one may be started now; if not it is tried again soon */
  take(): boolean {
    const may = this.#tokens.take(performance.now());
    if (!may) this.#retryIn(WAIT_MS);
    return may;
  }

  failed(): void {
    this.#retryIn(FAILED_MS);
  }

  close(): void {
    if (this.#retry) clearTimeout(this.#retry);
  }

  #retryIn(ms: number): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      this.tryAgain();
    }, ms);
  }
}
