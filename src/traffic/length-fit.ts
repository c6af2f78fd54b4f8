import { normalQuantile } from '../math/normal.ts';
import type { Tokens } from '../units/quantity.ts';
import { lengthQuantile } from './lengths.ts';
import type { LengthFigures } from './trace-statistics.ts';

/** Token counts as a scenario writes them. */
export type FittedLength = Tokens | { mean: Tokens; cv: number } | { p50: Tokens; p95: Tokens };

/** Where fitted and seen lengths are compared. */
const COMPARED = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p95', 0.95],
  ['p99', 0.99],
] as const;

/** What a scenario takes; see `length` of its schema. */
const LARGEST_CV = 20;
/** Tokens are what is paid for: a fit whose mean is further off than this is none, however well its shape does. */
const MOST_MEAN_ERROR = 0.05;

/**
 * The log-normal that comes closest to the lengths seen, by mean and cv or by median and 95th percentile: whichever has
 * the smaller squared error of the logarithms of four percentiles, as long as it keeps the mean. One fixed length stays
 * one.
 */
export function fitLength(seen: LengthFigures): FittedLength {
  if (seen.cv === 0) return Math.max(1, seen.mean);
  const byMean = { mean: seen.mean, cv: Math.min(LARGEST_CV, seen.cv) };
  const median = Math.max(1, seen.p50);
  if (seen.p95 <= median) return byMean;
  const byMedian = { p50: median, p95: seen.p95 };
  const { mean, cv } = fromMedian(byMedian);
  const keepsMean = Math.abs(mean / seen.mean - 1) <= MOST_MEAN_ERROR;
  return keepsMean && misfit(seen, { mean, cv }) < misfit(seen, byMean) ? byMedian : byMean;
}

function fromMedian({ p50, p95 }: { p50: Tokens; p95: Tokens }): { mean: Tokens; cv: number } {
  const sigma = Math.log(p95 / p50) / normalQuantile(0.95);
  return { mean: p50 * Math.exp((sigma * sigma) / 2), cv: Math.sqrt(Math.expm1(sigma * sigma)) };
}

function misfit(seen: LengthFigures, fitted: { mean: Tokens; cv: number }): number {
  const errors = COMPARED.map(([key, share]) =>
    Math.log(Math.max(1, lengthQuantile(fitted, share)) / Math.max(1, seen[key])),
  );
  return errors.reduce((sum, error) => sum + error * error, 0);
}
