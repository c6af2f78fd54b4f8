import type { Share } from '../units/quantity.ts';

/**
 * Expected share of a layer's experts that `tokens` tokens touch, each routed to `perToken` of `experts`. Uniformly:
 *
 *   1 − (1 − k/E)^T
 *
 * Some experts are more popular than others. With popularities drawn from a gamma distribution of squared coefficient
 * of variation v, an expert is missed by all tokens with the zero probability of a negative binomial:
 *
 *   1 − (1 + x·T)^(−1/v),   x such that one token touches k/E
 *
 * which is the uniform law as v goes to 0. Skew touches fewer experts: fewer bytes, more speed.
 *
 * @param dispersion v; 0 is uniform
 * @source expectation of distinct draws; Greenwood and Yule 1920 for the mixture; the dispersion is fitted
 * @checkedBy test/perf/experts.test.ts
 */
export function touchedExpertShare(experts: number, perToken: number, tokens: number, dispersion = 0): Share {
  const missedByOne = 1 - perToken / experts;
  if (dispersion === 0 || missedByOne === 0) return 1 - missedByOne ** tokens;
  const perTokenWeight = missedByOne ** -dispersion - 1;
  return 1 - (1 + perTokenWeight * tokens) ** (-1 / dispersion);
}
