/** Buckets for each doubling: a bucket is 4.4 % wide, so a percentile is at most 2.2 % off. */
const PER_OCTAVE = 16;
const LOWEST_OCTAVE = -7;
const OCTAVES = 28;

/** The nearest-rank percentile (0-100) of values in ascending order; NaN of none. */
export function percentile(ascending: readonly number[], p: number): number {
  const rank = Math.max(1, Math.ceil((p / 100) * ascending.length));
  return ascending[rank - 1] ?? Number.NaN;
}

export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Exact distribution of few values; null of none, so that it never reads as a good result. */
export function distribution(values: readonly number[]): Distribution | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return null;
  return {
    count: sorted.length,
    min,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    p50: percentile(sorted, 50),
    p90: percentile(sorted, 90),
    p99: percentile(sorted, 99),
    max,
  };
}

/** A histogram as it crosses a process border: [bucket, count] pairs. */
export interface HistogramData {
  readonly buckets: [bucket: number, count: number][];
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Counts many values (of 0.008 to 2,000,000) in 1.8 KB, with logarithmic buckets. Min, max and mean are exact;
 * smaller and greater values fall into the outermost buckets.
 */
export class Histogram {
  readonly #buckets = new Uint32Array(OCTAVES * PER_OCTAVE);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  get count(): number {
    return this.#count;
  }
  get max(): number {
    return this.#max;
  }

  add(value: number): void {
    this.#addMany(bucketOf(value), 1);
    this.#note(value, value, value);
  }

  merge(other: Histogram): void {
    this.mergeData(other.toData());
  }

  /** Throws RangeError for a bucket that does not exist. */
  mergeData(data: HistogramData): void {
    for (const [bucket, count] of data.buckets) this.#addMany(bucket, count);
    if (data.buckets.length > 0) this.#note(data.sum, data.min, data.max);
  }

  clear(): void {
    this.#buckets.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = 0;
  }

  /** The percentile (0-100) by nearest rank, as its bucket's middle; NaN when empty. */
  percentile(p: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil((p / 100) * this.#count));
    if (rank === this.#count) return this.#max;
    let seen = 0;
    const bucket = this.#buckets.findIndex((count) => {
      seen += count;
      return seen >= rank;
    });
    const middle = 2 ** (LOWEST_OCTAVE + (bucket + 0.5) / PER_OCTAVE);
    return Math.min(this.#max, Math.max(this.#min, middle));
  }

  summary(): Distribution | null {
    if (this.#count === 0) return null;
    return {
      count: this.#count,
      min: this.#min,
      mean: this.#sum / this.#count,
      p50: this.percentile(50),
      p90: this.percentile(90),
      p99: this.percentile(99),
      max: this.#max,
    };
  }

  toData(): HistogramData {
    const buckets: [number, number][] = [];
    this.#buckets.forEach((count, bucket) => {
      if (count > 0) buckets.push([bucket, count]);
    });
    // JSON has no Infinity.
    return { buckets, sum: this.#sum, min: this.#count === 0 ? 0 : this.#min, max: this.#max };
  }

  #addMany(bucket: number, count: number): void {
    const before = this.#buckets[bucket];
    if (before === undefined) throw new RangeError(`no bucket ${bucket}`);
    this.#buckets[bucket] = before + count;
    this.#count += count;
  }

  #note(sum: number, min: number, max: number): void {
    this.#sum += sum;
    if (min < this.#min) this.#min = min;
    if (max > this.#max) this.#max = max;
  }
}

function bucketOf(value: number): number {
  const bucket = Math.floor((Math.log2(value) - LOWEST_OCTAVE) * PER_OCTAVE);
  // log2 of 0 is -Infinity and of a negative number NaN: both belong to the lowest bucket.
  return bucket > 0 ? Math.min(bucket, OCTAVES * PER_OCTAVE - 1) : 0;
}
