import type { RequestMix } from '../scenario/plan.ts';
import { sequenceMix } from '../scenario/request-tokens.ts';
import { secondMoment } from '../traffic/lengths.ts';
import type { Tokens } from '../units/quantity.ts';

/** What the closed form needs to know of a request, all means. */
export interface MixMeans {
  input: Tokens;
  output: Tokens;
  /** Prompt tokens that must be computed; at least one, the last, even if all the rest is cached. */
  newPrompt: Tokens;
  /** Prompt tokens whose cache is already there. */
  past: Tokens;
  /** Passes after the prefill, which itself emits the first token; fewer than tokens where passes yield several. */
  decodePasses: number;
  /** Mean context of a decoding sequence, over the time it decodes. */
  context: Tokens;
  /** Context when the request ends. */
  longest: Tokens;
  inputCv: number;
}

/**
 * Means of a mix, by sequence. A sequence's context is averaged over its decode passes, so long outputs weigh more:
 * input + E[o²]/(2·E[o]).
 *
 * @assumes input and output lengths are independent (Azure 2023 traces: correlation 0 to −0.11)
 */
export function mixMeans(request: RequestMix, tokensPerPass = 1): MixMeans {
  const mix = sequenceMix(request);
  const input = mix.input.mean;
  const output = mix.output.mean;
  const newPrompt = Math.max(1, input * (1 - mix.cachedInput));
  const decodePasses = Math.max(0, output - 1) / tokensPerPass;
  const context = decodePasses === 0 ? input + output : input + secondMoment(mix.output) / (2 * output);
  return {
    input,
    output,
    newPrompt,
    past: Math.max(0, input - newPrompt),
    decodePasses,
    context,
    longest: input + output,
    inputCv: mix.input.cv,
  };
}
