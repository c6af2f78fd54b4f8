import { requestBill, uncachedUsd } from '../api/bill.ts';
import type { RateLimitUse } from '../api/rate-limits.ts';
import type { OfferPlan, RequestMix } from '../scenario/plan.ts';
import { formatSeconds, formatShare, significant } from '../units/format.ts';
import type { Comparison } from './comparison.ts';

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

function limitWarning({ rate_limit: use }: Comparison): string[] {
  if (use === null || use.first_month_over === null) return [];
  const most = `its limit on ${QUANTITIES[use.binds]} allows ${significant(use.requests_per_minute, 4)} requests/min`;
  const asked =
    use.first_month_over === 1
      ? `the busiest hour asks ${significant(use.busiest_hour_requests_per_minute, 4)}, and ${formatShare(use.share_over)} of all requests come beyond it`
      : `the busiest hour passes that in month ${use.first_month_over}`;
  return [`${most}; ${asked}`];
}

/** What in an offer's bill, or beside it, a reader would not expect from its prices. */
export function offerWarnings(offer: OfferPlan, mix: RequestMix, comparison: Comparison): string[] {
  const warnings = [...batchWarning(offer), ...cacheWarning(offer, mix), ...limitWarning(comparison)];
  return warnings.map((warning) => `${offer.name}: ${warning}`);
}
