import { callsPerRequest, requestBill, uncachedUsd } from '../api/bill.ts';
import { sharesAbove } from '../api/prompt-bands.ts';
import type { RateLimitUse } from '../api/rate-limits.ts';
import type { OfferPlan, RequestMix } from '../scenario/plan.ts';
import type { PricePath } from '../schema/price-path.ts';
import { formatCount, formatSeconds, formatShare, significant } from '../units/format.ts';

/** Requests rarer than this are not worth a word. */
const LEAST_TOLD = 1e-4;

function batchWarning({ batchRefused }: OfferPlan): string[] {
  if (batchRefused === undefined) return [];
  const { discount, window, deadline } = batchRefused;
  const answer = `answers are due in ${formatSeconds(deadline)} and its batches may take ${formatSeconds(window)}`;
  return [`full price, not ${formatShare(discount)} off: ${answer}`];
}

/** Nobody has to mark a prompt for the cache, so a cache that costs more than it saves is worth saying. */
function cacheWarning(offer: OfferPlan, mix: RequestMix): string[] {
  const without = uncachedUsd(offer, mix);
  const dearer = requestBill(offer, mix).total / without - 1;
  return without > 0 && dearer > 1e-9 ? [`its cache adds ${formatShare(dearer)} to the bill; cheaper without`] : [];
}

const QUANTITIES: Record<RateLimitUse['binds'], string> = {
  requests: 'requests',
  input_tokens: 'input tokens',
  output_tokens: 'output tokens',
};

function limitWarning(use: RateLimitUse | null): string[] {
  if (use === null || use.first_month_over === null) return [];
  const most = `its limit on ${QUANTITIES[use.binds]} allows ${significant(use.requests_per_minute, 4)} requests/min`;
  const asked =
    use.first_month_over === 1
      ? `the busiest hour asks ${significant(use.busiest_hour_requests_per_minute, 4)}, and ${formatShare(use.share_over)} of all requests come beyond it`
      : `the busiest hour passes that in month ${use.first_month_over}`;
  return [`${most}; ${asked}`];
}

/** What in an offer's bill, or beside it, a reader would not expect from its prices. */
export function offerWarnings(offer: OfferPlan, mix: RequestMix, limit: RateLimitUse | null): string[] {
  const warnings = [...batchWarning(offer), ...cacheWarning(offer, mix), ...limitWarning(limit)];
  return warnings.map((warning) => `${offer.name}: ${warning}`);
}

function cacheTerms({ cachedInputShare: read, cacheWriteShare: written = 0, cacheStorage }: OfferPlan): string[] {
  if (read === 0 && written === 0) return [];
  const writes = written > 0 ? ` and ${formatShare(written)} written to it` : '';
  const kept = cacheStorage === undefined ? '' : `, kept ${significant(cacheStorage.hours)} h`;
  return [`${formatShare(read)} of input read from its cache${writes}${kept}`];
}

function tierTerms({ tiers = [], inputFactor = 1 }: OfferPlan, mix: RequestMix): string[] {
  return tiers.flatMap(({ above }) => {
    const { requests } = sharesAbove(mix, above / inputFactor);
    if (requests < LEAST_TOLD) return [];
    return [`${formatShare(requests)} of requests pay the price above ${formatCount(above)} tokens of prompt`];
  });
}

function tokenTerms({ inputFactor = 1, outputFactor = 1, reasoningRatio = 0 }: OfferPlan): string[] {
  return [
    ...(inputFactor === 1 ? [] : [`${significant(inputFactor)} tokens for each of the prompt's`]),
    ...(outputFactor === 1 ? [] : [`${significant(outputFactor)} tokens for each of the answer's`]),
    ...(reasoningRatio === 0 ? [] : [`${significant(reasoningRatio)} hidden tokens for each of its answer's`]),
  ];
}

const signed = (change: number) => `${change < 0 ? '−' : '+'}${formatShare(Math.abs(change))}`;

/** A path of prices, in words. */
export function pathPhrase({ yearly, steps, shocks }: PricePath): string {
  const years = [yearly ?? []].flat().map(signed).join(', ');
  const each = Array.isArray(yearly) ? ' year by year' : ' a year';
  return [
    ...(years === '' ? [] : [`${years}${each}${steps === 'month' ? ', month by month' : ''}`]),
    ...shocks.map(({ month, change }) => `${signed(change)} from month ${month}`),
  ].join(', ');
}

/** What makes an offer's bill other than tokens times price, in words. */
export function offerTerms(offer: OfferPlan, mix: RequestMix): string[] {
  const { billed } = callsPerRequest(offer);
  return [
    ...cacheTerms(offer),
    ...tierTerms(offer, mix),
    ...tokenTerms(offer),
    ...(offer.pricePath === undefined ? [] : [`prices ${pathPhrase(offer.pricePath)}`]),
    ...(offer.batchDiscount > 0 ? [`${formatShare(offer.batchDiscount)} off as a batch`] : []),
    ...(billed > 1 ? [`${significant(billed, 4)} calls charged for each answer`] : []),
  ];
}
