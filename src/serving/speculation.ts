import type { Speculation } from '../scenario/plan.ts';

/**
 * Mean tokens that a pass of the large model yields when `depth` tokens were proposed, each kept with chance α as long
 * as all before it were:
 *
 *   (1 − α^(depth + 1)) / (1 − α)
 *
 * The simulation lets every sequence go on by this mean, in whole tokens: single luck is left out, which errs low on the
 * tails of time per token.
 *
 * @source Leviathan, Kalman and Matias 2023 (Fast Inference from Transformers via Speculative Decoding), eq. 1
 */
export function tokensPerPass(speculation: Speculation | undefined): number {
  if (speculation === undefined) return 1;
  const { acceptance, depth } = speculation;
  return acceptance === 1 ? depth + 1 : (1 - acceptance ** (depth + 1)) / (1 - acceptance);
}
