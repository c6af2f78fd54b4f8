import type { OfferPlan, RequestMix } from '../scenario/plan.ts';
import type { TokenPrices } from '../scenario/price-source.ts';
import { requestTokens } from '../scenario/request-tokens.ts';
import type { Tokens, Usd } from '../units/quantity.ts';
import { promptBands } from './prompt-bands.ts';

/** One request's API bill by what is paid for. */
export interface RequestBill {
  /** Input that goes past the cache. */
  newInput: Usd;
  cacheWrite: Usd;
  cachedInput: Usd;
  /** Keeping what was written. */
  cacheStorage: Usd;
  output: Usd;
  /** Thought that is billed as output and not seen. */
  hiddenOutput: Usd;
  perRequest: Usd;
  total: Usd;
}

/** Calls that one request takes until it is answered: all that are sent, and those of them that are charged. */
export interface Calls {
  sent: number;
  billed: number;
}

/**
 * Calls are repeated until one succeeds, each failing independently of those before: 1/(1 − p) of them on average. A
 * call that is turned away (429) costs nothing, one that fails later is charged in full.
 *
 * @source geometric distribution; providers charge no call that they refuse
 * @assumes retries without limit; failures as long as answers, which errs high where they break off early
 */
export function callsPerRequest({ failure, rejected }: Pick<OfferPlan, 'failure' | 'rejected'>): Calls {
  const billed = 1 / (1 - failure);
  return { sent: billed / (1 - rejected), billed };
}

/** Tokens of one call as the API counts them. */
export interface ApiTokens {
  newInput: Tokens;
  cacheWrite: Tokens;
  cachedInput: Tokens;
  output: Tokens;
  hiddenOutput: Tokens;
}

/** The scenario's request in an API's own tokens: its tokenizer's, its brevity, its hidden thought. */
export function apiTokens(offer: OfferPlan, mix: RequestMix): ApiTokens {
  const { inputFactor = 1, outputFactor = 1, reasoningRatio = 0, cachedInputShare, cacheWriteShare = 0 } = offer;
  const tokens = requestTokens(mix);
  const input = tokens.input * inputFactor;
  const output = tokens.output * outputFactor;
  return {
    newInput: input * Math.max(0, 1 - cachedInputShare - cacheWriteShare),
    cacheWrite: input * cacheWriteShare,
    cachedInput: input * cachedInputShare,
    output,
    hiddenOutput: output * reasoningRatio,
  };
}

/**
 * Mean prices of the mix: those of input weighed by the input tokens of each tier, that of output by its output.
 *
 * @source the offer's price sheet
 */
export function meanPrices(offer: OfferPlan, mix: RequestMix): Required<TokenPrices> {
  const { tiers = [], inputFactor = 1 } = offer;
  const bands = promptBands(
    mix,
    tiers.map((tier) => tier.above / inputFactor),
  );
  const prices = { inputUsdPerMtok: 0, outputUsdPerMtok: 0, cachedInputUsdPerMtok: 0, cacheWriteUsdPerMtok: 0 };
  bands.forEach(({ input, output }, i) => {
    const at: TokenPrices = i === 0 ? offer : (tiers[i - 1] as TokenPrices);
    prices.inputUsdPerMtok += input * at.inputUsdPerMtok;
    prices.outputUsdPerMtok += output * at.outputUsdPerMtok;
    prices.cachedInputUsdPerMtok += input * (at.cachedInputUsdPerMtok ?? at.inputUsdPerMtok);
    prices.cacheWriteUsdPerMtok += input * (at.cacheWriteUsdPerMtok ?? at.inputUsdPerMtok);
  });
  return prices;
}

/**
 * What an API charges for one request of the mix: input that goes past its cache, into it and out of it, every output
 * asked for and the thought behind it, a fee a call. Where long prompts have prices of their own, the whole of such a
 * request pays those. All of it once for every charged call, and less the batch discount; what was written is kept once.
 *
 * @source the offer's price sheet, dated; pricing pages of OpenAI, Google and Anthropic for tiers by prompt length
 * @assumes the same shares of cached input in prompts of every length
 */
export function requestBill(offer: OfferPlan, mix: RequestMix): RequestBill {
  const tokens = apiTokens(offer, mix);
  const prices = meanPrices(offer, mix);
  const full = 1 - offer.batchDiscount;
  const times = full * callsPerRequest(offer).billed;
  const usd = (count: Tokens, usdPerMtok: number) => (times * count * usdPerMtok) / 1e6;
  const { usdPerMtokHour, hours } = offer.cacheStorage ?? { usdPerMtokHour: 0, hours: 0 };
  const parts = {
    newInput: usd(tokens.newInput, prices.inputUsdPerMtok),
    cacheWrite: usd(tokens.cacheWrite, prices.cacheWriteUsdPerMtok),
    cachedInput: usd(tokens.cachedInput, prices.cachedInputUsdPerMtok),
    cacheStorage: (full * tokens.cacheWrite * hours * usdPerMtokHour) / 1e6,
    output: usd(tokens.output, prices.outputUsdPerMtok),
    hiddenOutput: usd(tokens.hiddenOutput, prices.outputUsdPerMtok),
    perRequest: times * offer.usdPerRequest,
  };
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

/** The same request where nothing goes through the cache. */
export function uncachedUsd(offer: OfferPlan, mix: RequestMix): Usd {
  return requestBill({ ...offer, cachedInputShare: 0, cacheWriteShare: 0 }, mix).total;
}
