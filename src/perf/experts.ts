import type { Share } from '../units/quantity.ts';

/**
 * Expected share of a layer's experts that `tokens` tokens touch, each routed to `perToken` of `experts` uniformly:
 *
 *   1 − (1 − k/E)^T
 *
 * Real routing is skewed, so fewer distinct experts are touched: this errs high on bytes, low on speed.
 *
 * @source expectation of distinct draws; Rajbhandari et al. 2022 (DeepSpeed-MoE), sec. 5, discusses the effect
 * @checkedBy test/perf/experts.test.ts
 */
export function touchedExpertShare(experts: number, perToken: number, tokens: number): Share {
  return 1 - (1 - perToken / experts) ** tokens;
}
