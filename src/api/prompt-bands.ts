import { normalProbability } from '../math/normal.ts';
import type { LengthDistribution, RequestMix } from '../scenario/plan.ts';
import type { Share, Tokens } from '../units/quantity.ts';

/** Of all tokens of a kind, the share that belongs to requests with a prompt in the band; and of the requests. */
export interface BandShares {
  input: Share;
  output: Share;
  requests: Share;
}

const EVERYTHING: BandShares = { input: 1, output: 1, requests: 1 };
const NOTHING: BandShares = { input: 0, output: 0, requests: 0 };

/** Sums over lengths that were seen, of answers too where those were seen with them. */
function listShares(prompts: readonly number[], answers: readonly number[] | undefined, above: Tokens): BandShares {
  const all = { input: 0, output: 0, requests: 0 };
  const long = { ...all };
  prompts.forEach((prompt, i) => {
    const answer = answers?.[i] ?? 1;
    for (const sum of prompt > above ? [all, long] : [all]) {
      sum.input += prompt;
      sum.output += answer;
      sum.requests += 1;
    }
  });
  const share = (part: number, whole: number) => (whole > 0 ? part / whole : 0);
  return {
    input: share(long.input, all.input),
    output: share(long.output, all.output),
    requests: share(long.requests, all.requests),
  };
}

function uniformShares(low: Tokens, high: Tokens, above: Tokens): BandShares {
  if (above <= low) return EVERYTHING;
  if (above >= high) return NOTHING;
  const requests = (high - above) / (high - low);
  return { requests, output: requests, input: (high ** 2 - above ** 2) / (high ** 2 - low ** 2) };
}

const logVariance = ({ cv }: LengthDistribution) => Math.log1p(cv ** 2);

/** E[X; X > a]/E[X] = Φ((μ + σ² − ln a)/σ); of an answer whose logarithm correlates by ρ: Φ((μ + ρσσ' − ln a)/σ). */
function logNormalShares({ input, output, correlation = 0 }: RequestMix, above: Tokens): BandShares {
  const variance = logVariance(input);
  const sigma = Math.sqrt(variance);
  const location = Math.log(input.mean) - variance / 2;
  const beyond = (shift: number) => normalProbability((location + shift - Math.log(above)) / sigma);
  return {
    requests: beyond(0),
    input: beyond(variance),
    output: beyond(correlation * sigma * Math.sqrt(logVariance(output))),
  };
}

/**
 * Requests with prompts longer than so many tokens, and the tokens that are theirs.
 *
 * @source moments of truncated and bivariate log-normals; sums for lists and pairs
 * @checkedBy test/api/prompt-bands.test.ts against sums over random draws
 * @assumes answers independent of prompts drawn evenly or from a list; lengths not capped at the model's context
 */
export function sharesAbove(mix: RequestMix, above: Tokens): BandShares {
  const { input, pairs } = mix;
  if (above <= 0) return EVERYTHING;
  if (pairs !== undefined) return listShares(pairs.input, pairs.output, above);
  if (input.draw?.kind === 'list') return listShares(input.draw.lengths, undefined, above);
  if (input.cv === 0 || input.mean === 0) return input.mean > above ? EVERYTHING : NOTHING;
  if (input.draw?.kind === 'uniform') return uniformShares(input.draw.low, input.draw.high, above);
  return logNormalShares(mix, above);
}

/** What falls between neighbouring edges, the first from 0 and the last without an end. */
export function promptBands(mix: RequestMix, edges: readonly Tokens[]): BandShares[] {
  const above = [EVERYTHING, ...edges.map((edge) => sharesAbove(mix, edge))];
  return above.map((band, i) => {
    const next = above[i + 1] ?? NOTHING;
    return {
      input: Math.max(0, band.input - next.input),
      output: Math.max(0, band.output - next.output),
      requests: Math.max(0, band.requests - next.requests),
    };
  });
}
