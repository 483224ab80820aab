/** Whether a value that is sampled over time creeps up. Pure. */

export interface Fit {
  /** Units of y for each unit of x. */
  readonly slope: number;
  /** Standard error of the slope. */
  readonly slopeError: number;
  readonly mean: number;
  /** Growth along the line from the first to the last x. */
  readonly growth: number;
}

/** Least squares; null of fewer than 3 points, or of one x only. */
export function linearFit(points: readonly (readonly [x: number, y: number])[]): Fit | null {
  const n = points.length;
  if (n < 3) return null;
  const sum = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((total, point) => total + of(point), 0);
  const meanX = sum(([x]) => x) / n;
  const mean = sum(([, y]) => y) / n;
  const sxx = sum(([x]) => (x - meanX) ** 2);
  if (sxx === 0) return null;
  const slope = sum(([x, y]) => (x - meanX) * (y - mean)) / sxx;
  const residual = sum(([x, y]) => (y - mean - slope * (x - meanX)) ** 2);
  const xs = points.map(([x]) => x);
  const span = Math.max(...xs) - Math.min(...xs);
  return { slope, slopeError: Math.sqrt(residual / (n - 2) / sxx), mean, growth: slope * span };
}

/** Growth over the window that is still called flat. */
export interface Tolerance {
  /** Of the mean, 0-1. */
  readonly share: number;
  /** In units of the value, on top. */
  readonly absolute: number;
}

/** A slope below this many standard errors may be chance. */
const SIGNIFICANT = 3;

/** A trend is growth beyond the tolerance that is no chance either. */
export const isTrend = (fit: Fit, tolerance: Tolerance): boolean =>
  fit.growth > fit.mean * tolerance.share + tolerance.absolute && fit.slope > SIGNIFICANT * fit.slopeError;
