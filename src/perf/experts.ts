import { normalQuantile } from '../math/normal.ts';
import { layerCounts } from '../model/layers.ts';
import { expertGroup } from '../model/sharding.ts';
import type { Parallelism } from '../scenario/plan.ts';
import type { ModelCard } from '../schema/model.ts';
import type { Bytes, Share } from '../units/quantity.ts';

/** How a layer's experts are used, and over how many parts they are dealt out. */
export interface ExpertUse {
  count: number;
  perToken: number;
  /** Expert-parallel parts; 1 where every expert is split over all GPUs alike. */
  parts: number;
  /** Squared coefficient of variation of their popularity; 0 is uniform. */
  dispersion?: number;
  /** Tokens of the fullest part over what uniform routing would bring it. */
  skew: number;
}

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

/**
 * Mean of the largest of `count` standard normal draws.
 * @source Blom 1958 (Statistical Estimates and Transformed Beta-Variables): the quantile (n − 3/8)/(n + 1/4)
 * @checkedBy test/perf/experts.test.ts
 */
export function meanOfLargest(count: number): number {
  return count === 1 ? 0 : normalQuantile((count - 0.375) / (count + 0.25));
}

/**
 * Share of its experts that the part with most of them touched has touched. Parts are taken as normal and independent
 * but for what they share out:
 *
 *   p + z·√(p(1 − p)/m · (1 − 1/parts)),   p = 1 − (1 − k/E)^T,   m = E/parts,   at most 1
 *
 * @source `touchedExpertShare`; order statistics as in `meanOfLargest`
 * @checkedBy test/perf/experts.test.ts
 */
export function touchedInFullestPart({ count, perToken, parts, dispersion }: ExpertUse, tokens: number): Share {
  const share = touchedExpertShare(count, perToken, tokens, dispersion);
  if (parts === 1) return share;
  const deviation = Math.sqrt(((share * (1 - share) * parts) / count) * (1 - 1 / parts));
  return Math.min(1, share + meanOfLargest(parts) * deviation);
}

/**
 * Tokens that the fullest part computes, over the mean part's: the mean of the largest load under uniform routing,
 * times the skew. A token picks k of E without repetition, so the experts it finds in one part are hypergeometric.
 *
 *   skew · (1 + z·σ/μ),   μ = T·k/parts,   σ² = μ·(1 − 1/parts)·(E − k)/(E − 1)
 *
 * and no part gets more than all that may come to it. Near a handful of tokens the normal tail errs low by a tenth.
 *
 * @source Raab and Steger 1998 (Balls into Bins) for the question; skew: the calibration card
 * @checkedBy test/perf/experts.test.ts
 */
export function fullestPartOverMean(use: ExpertUse, tokens: number): number {
  const { count, perToken, parts, skew } = use;
  if (parts === 1 || tokens <= 0) return 1;
  const mean = (tokens * perToken) / parts;
  const perMean = Math.sqrt(((1 - 1 / parts) * (count - perToken)) / Math.max(1, count - 1) / mean);
  const most = Math.min(perToken, count / parts) * (parts / perToken);
  return Math.min(most, skew * (1 + meanOfLargest(parts) * perMean));
}

/**
 * Bytes of activations that a token moves through the memory of one GPU in all layers of experts:
 *
 *   2 · L_moe · (k/parts) · (4·W + 6·I/t),   t = GPUs of a part
 *
 * A token is copied to each of its k experts, so what lies between the kernels is k times that of a dense layer: the
 * copy is written and read, gate and up (2·I) are written and read, their product is written and read, and the result
 * is written and read to be summed. In 16 bits; engines that fuse the activation or quantise the copy move less.
 *
 * @source count of the unfused kernels of a grouped-GEMM layer (Gale et al. 2023, MegaBlocks, sec. 4)
 * @checkedBy test/perf/experts.test.ts
 */
export function expertActivationBytes(model: ModelCard, layout: Parallelism): Bytes {
  const { moe } = model;
  if (moe === undefined) return 0;
  const parts = layout.expertParallel;
  const width = moe.latent_size ?? model.hidden_size;
  const inner = moe.expert_intermediate_size / (expertGroup(layout) / parts);
  return 2 * layerCounts(model).moe * (moe.experts_per_token / parts) * (4 * width + 6 * inner);
}
