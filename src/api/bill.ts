import type { OfferPlan, RequestMix } from '../scenario/plan.ts';
import type { Usd } from '../units/quantity.ts';

/** One request's API bill by what is paid for. */
export interface RequestBill {
  newInput: Usd;
  cachedInput: Usd;
  output: Usd;
  perRequest: Usd;
  total: Usd;
}

/**
 * What an API charges for one request of the mix: input that misses the cache, input that hits it, output, a fee a
 * request; the batch discount off all of it.
 *
 * @source the offer's price sheet, dated
 */
export function requestBill(offer: OfferPlan, mix: RequestMix): RequestBill {
  const keep = 1 - offer.batchDiscount;
  const cached = mix.input.mean * offer.cachedInputShare;
  const newInput = (keep * (mix.input.mean - cached) * offer.inputUsdPerMtok) / 1e6;
  const cachedInput = (keep * cached * offer.cachedInputUsdPerMtok) / 1e6;
  const output = (keep * mix.output.mean * offer.outputUsdPerMtok) / 1e6;
  const perRequest = keep * offer.usdPerRequest;
  return { newInput, cachedInput, output, perRequest, total: newInput + cachedInput + output + perRequest };
}
