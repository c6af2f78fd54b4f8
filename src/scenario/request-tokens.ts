import type { Tokens } from '../units/quantity.ts';
import type { RequestMix } from './plan.ts';

/** Tokens that one request is accounted with, on average: cached input included, its prompt once, every answer. */
export interface RequestTokens {
  input: Tokens;
  output: Tokens;
  total: Tokens;
}

/** The one place where a request is turned into tokens that somebody is billed for or served. */
export function requestTokens({ input, output, samples = 1 }: RequestMix): RequestTokens {
  return { input: input.mean, output: output.mean * samples, total: input.mean + output.mean * samples };
}

/**
 * The mix as an engine sees it, sequence by sequence. Several answers to a prompt are as many sequences, each with the
 * whole prompt as its context, of which only one computes what is new of it.
 *
 * @errs low on TTFT: what one sequence computes is spread evenly over all
 */
export function sequenceMix({ samples = 1, ...mix }: RequestMix): RequestMix {
  return samples === 1 ? mix : { ...mix, cachedInput: 1 - (1 - mix.cachedInput) / samples };
}
