import type { OfferPlan, RequestMix } from '../scenario/plan.ts';
import { requestTokens } from '../scenario/request-tokens.ts';
import type { Usd } from '../units/quantity.ts';

/** One request's API bill by what is paid for. */
export interface RequestBill {
  /** Input that is not read from the cache; where putting it there has a price of its own, at that price. */
  newInput: Usd;
  cachedInput: Usd;
  output: Usd;
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

/**
 * What an API charges for one request of the mix: input that misses the cache, input that hits it, every output asked
 * for, a fee a call; the batch discount off all of it, and all of it once for every charged call.
 *
 * Where there is a price for writing into the cache, everything that is not read from it is written: one marker at the
 * end of the prompt does that.
 *
 * @source the offer's price sheet, dated
 */
export function requestBill(offer: OfferPlan, mix: RequestMix): RequestBill {
  const { input, output: outputTokens } = requestTokens(mix);
  const times = (1 - offer.batchDiscount) * callsPerRequest(offer).billed;
  const cached = input * offer.cachedInputShare;
  const newInput = (times * (input - cached) * (offer.cacheWriteUsdPerMtok ?? offer.inputUsdPerMtok)) / 1e6;
  const cachedInput = (times * cached * offer.cachedInputUsdPerMtok) / 1e6;
  const output = (times * outputTokens * offer.outputUsdPerMtok) / 1e6;
  const perRequest = times * offer.usdPerRequest;
  return { newInput, cachedInput, output, perRequest, total: newInput + cachedInput + output + perRequest };
}
