import { normalQuantile } from '../math/normal.ts';
import type { LengthDistribution } from '../scenario/plan.ts';
import type { Tokens } from '../units/quantity.ts';

/**
 * Log-normal length distributions: the shape that fits the bulk of public traces (ServeGen 2025 adds a Pareto tail to
 * inputs, which this leaves out: it errs low on p99 of very long prompts).
 */

/** Length at a quantile, in tokens. */
export function lengthQuantile(length: LengthDistribution, quantile: number): Tokens {
  if (length.cv === 0) return length.mean;
  const variance = Math.log1p(length.cv * length.cv);
  return length.mean * Math.exp(Math.sqrt(variance) * normalQuantile(quantile) - variance / 2);
}

/** E[L²], which weighs a sequence by how long it stays. */
export function secondMoment(length: LengthDistribution): number {
  return length.mean * length.mean * (1 + length.cv * length.cv);
}
