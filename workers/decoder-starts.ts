import { TokenBucket } from '../src/shared/token-bucket.js';

/**
 * Decoders that a stream may start at once, and a second after that: as many as short open groups take of which a part is left out, or
 * that lose packets again and again. The start of one takes this thread some ms and the machine some 40, and a stream may name another
 * size with each of a thousand units a second: its neighbours in the thread would be shown nothing.
 */
const OF_STREAM = { burst: 4, perSecond: 4 };
/** Those of them for another kind of picture or other sizes: people choose them now and then, cameras hardly ever. */
const EXCHANGES = { burst: 8, perSecond: 0.5 };
/**
 * Those of a thread's streams together, but for each stream's first. On a busy machine a start may hold the thread for 0.1 s: six streams
 * with four starts a second left their neighbours nothing.
 */
const OF_THREAD = { exchanges: { burst: 16, perSecond: 4 }, renewals: { burst: 16, perSecond: 8 } };
/** How soon one that had to wait is tried again, ms: not by all streams in the same order. */
const waitMs = (): number => 150 + 200 * Math.random();
/** A decoder that could not take the present one's place is tried again after this, ms. */
const FAILED_MS = 2000;

/** `first`: nothing is decoded yet; `exchange`: of another kind of picture, or other sizes; `renewal`: of the same, begun anew. */
export type StartKind = 'first' | 'exchange' | 'renewal';

const bucket = ({ burst, perSecond }: typeof OF_STREAM): TokenBucket => new TokenBucket(burst, perSecond);

/** What the streams of a thread have in common. */
export class ThreadStarts {
  readonly exchange = bucket(OF_THREAD.exchanges);
  readonly renewal = bucket(OF_THREAD.renewals);
}

/** Each thread has its own copy of this module. */
const OF_THIS_THREAD = new ThreadStarts();

/** When a stream may start a decoder, and when it tries again. */
export class DecoderStarts {
  readonly #all = bucket(OF_STREAM);
  readonly #exchanges = bucket(EXCHANGES);
  #retry: NodeJS.Timeout | null = null;

  constructor(
    private readonly tryAgain: () => void,
    private readonly ofThread = OF_THIS_THREAD,
  ) {}

  /** @returns whether one may be started now; if not it is tried again soon */
  take(kind: StartKind): boolean {
    const now = performance.now();
    const payers = [this.#all];
    if (kind === 'exchange') payers.push(this.#exchanges);
    if (kind !== 'first') payers.push(this.ofThread[kind]);
    const may = payers.every((tokens) => tokens.has(now));
    if (may) for (const tokens of payers) tokens.take(now);
    else this.#retryIn(waitMs());
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
