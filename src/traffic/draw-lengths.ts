import { normalProbability, normalQuantile } from '../math/normal.ts';
import { evenStream, randomStream, type Uniform } from '../math/rng.ts';
import type { LengthDistribution, RequestMix } from '../scenario/plan.ts';
import type { Tokens } from '../units/quantity.ts';
import type { RequestDraft } from './request-source.ts';

/** No single length is longer, so that prompt and answer together stay within 32 bits. */
const MOST_TOKENS = 2 ** 30 - 1;

/** Stands for a probability of 0, where no quantile is: half the least that a random stream gives otherwise. */
const LEAST = 2 ** -54;

/** The nearest whole number of tokens, at least 1: a fixed length of 921.6 is always 922. */
export function wholeTokens(tokens: number): Tokens {
  if (tokens >= MOST_TOKENS) return MOST_TOKENS;
  return tokens > 1 ? (tokens + 0.5) | 0 : 1;
}

/** Whole lengths of a distribution, at a random probability in [0, 1) or at a standard normal deviate. */
export interface LengthDraw {
  at(probability: number): Tokens;
  atDeviate(deviate: number): Tokens;
}

/**
 * Every distribution is drawn by its quantile function, log-normals by the one that the closed form reads too: one
 * random number a length, and longer for a larger one whatever the distribution, so that runs which differ in a length
 * only meet the same luck.
 *
 * A log-normal is rounded to the nearest whole number, which keeps its mean unless that is a few tokens only (it errs
 * high there, since a length is at least 1). Uniform lengths are all whole numbers from the low to the high end, both
 * included, as benchmark clients draw them.
 */
export function lengthDraw({ mean, cv, draw }: LengthDistribution): LengthDraw {
  if (draw === undefined && cv > 0) return logNormalDraw(mean, cv);
  const at = draw === undefined ? fixedLength(mean) : draw.kind === 'uniform' ? evenly(draw) : oneOf(draw.lengths);
  return { at, atDeviate: (deviate) => at(normalProbability(deviate)) };
}

function logNormalDraw(mean: Tokens, cv: number): LengthDraw {
  const variance = Math.log1p(cv * cv);
  const deviation = Math.sqrt(variance);
  const location = Math.log(mean) - variance / 2;
  const atDeviate = (deviate: number) => wholeTokens(Math.exp(location + deviation * deviate));
  return { at: (probability) => atDeviate(deviateAt(probability)), atDeviate };
}

/** Standard normal deviate from a random number in [0, 1). */
function deviateAt(probability: number): number {
  return normalQuantile(Math.max(probability, LEAST));
}

function fixedLength(mean: Tokens): LengthDraw['at'] {
  const length = wholeTokens(mean);
  return () => length;
}

function evenly({ low, high }: { low: Tokens; high: Tokens }): LengthDraw['at'] {
  const first = wholeTokens(low);
  const count = Math.max(1, wholeTokens(high) - first + 1);
  return (probability) => first + Math.min(count - 1, Math.floor(probability * count));
}

function oneOf(lengths: readonly number[]): LengthDraw['at'] {
  const sorted = Float64Array.from(lengths, wholeTokens).sort();
  const last = sorted.length - 1;
  return (probability) => sorted[Math.min(last, Math.floor(probability * sorted.length))] as number;
}

/** What a prompt and its answer may take, and how its cache is known. */
export interface LengthLimits {
  /** Most tokens of prompt and answer together, at least 2; no limit where absent. */
  longest?: Tokens;
  /** `kept`: the engine finds out itself what is cached. `stated`, where absent: the mix says which share of it is. */
  prefixes?: 'kept' | 'stated';
  /** Spreads the first so many requests evenly over what they are drawn from; each by itself where absent. */
  evenOver?: number;
}

/** A named stream of single draws, spread evenly where the limits ask for it. */
export function drawStream(seed: number, name: string, { evenOver }: LengthLimits): Uniform {
  return evenOver === undefined ? randomStream(seed, name) : evenStream(seed, name, evenOver);
}

/** Writes input, output and cached tokens into a draft. */
export type LengthWriter = (draft: RequestDraft) => void;

/**
 * The lengths of one request after the other, by three streams: of inputs, of outputs, and of pairs. A correlation turns
 * the outputs towards the inputs, which stay as they are without it.
 *
 * @source Nelsen 2006, "An Introduction to Copulas", sec. 2.9 and 3.1 (Gaussian copula); for two log-normals its
 * parameter is the correlation of their logarithms, for others it errs by little
 */
export function mixLengths(mix: RequestMix, seed: number, limits: LengthLimits = {}): LengthWriter {
  const finish = lengthFinisher(limits, mix.cachedInput);
  const { pairs, correlation = 0 } = mix;
  if (pairs !== undefined) {
    const uniform = drawStream(seed, 'length pairs', limits);
    return (draft) => {
      const row = Math.floor(uniform() * pairs.input.length);
      finish(draft, wholeTokens(pairs.input[row] as number), wholeTokens(pairs.output[row] as number));
    };
  }
  const input = lengthDraw(mix.input);
  const output = lengthDraw(mix.output);
  const inputs = drawStream(seed, 'input lengths', limits);
  const outputs = drawStream(seed, 'output lengths', limits);
  if (correlation === 0) return (draft) => finish(draft, input.at(inputs()), output.at(outputs()));
  const rest = Math.sqrt(1 - correlation * correlation);
  return (draft) => {
    const common = deviateAt(inputs());
    const own = deviateAt(outputs());
    finish(draft, input.atDeviate(common), output.atDeviate(correlation * common + rest * own));
  };
}

/**
 * Makes lengths fit and notes what of the prompt is cached: the stated share to the nearest token, but never its last
 * token, which is always computed.
 *
 * What is too long is cut in the prompt first, as a client trims a conversation to leave room for the answer; in the
 * answer only where that is too long by itself. It errs low on the longest prompts.
 */
export function lengthFinisher(
  { longest = Number.POSITIVE_INFINITY, prefixes = 'stated' }: LengthLimits,
  cachedInput: number,
): (draft: RequestDraft, input: Tokens, output: Tokens) => void {
  const cachedShare = prefixes === 'kept' ? 0 : cachedInput;
  const most = Math.min(longest, 2 * MOST_TOKENS);
  return (draft, input, output) => {
    const answer = output < most ? output : most - 1;
    const prompt = input + answer > most ? most - answer : input;
    const cached = (cachedShare * prompt + 0.5) | 0;
    draft.input = prompt;
    draft.output = answer;
    draft.cached = cached < prompt ? cached : prompt - 1;
  };
}
