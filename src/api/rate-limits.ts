import type { OfferPlan, RateLimits, RequestMix } from '../scenario/plan.ts';
import { apiTokens, callsPerRequest } from './bill.ts';

export type LimitedQuantity = 'requests' | 'input_tokens' | 'output_tokens';

/** How much of the load an API's limits let through. */
export interface RateLimitUse {
  binds: LimitedQuantity;
  /** Answered requests a minute at which the first limit is reached. */
  requests_per_minute: number;
  busiest_hour_requests_per_minute: number;
  /** Share of month 1's requests that are asked beyond the limit, hour by hour: they must wait or be turned away. */
  share_over: number;
  /** Month in which the busiest hour first passes the limit; null within the horizon. */
  first_month_over: number | null;
}

/** What one answered request uses of each limit: every call that is sent counts, tokens of those that are let in. */
function useOfRequest(offer: OfferPlan, mix: RequestMix, limits: RateLimits): [LimitedQuantity, number, number][] {
  const tokens = apiTokens(offer, mix);
  const calls = callsPerRequest(offer);
  const input = tokens.newInput + tokens.cacheWrite + (limits.countsCached ? tokens.cachedInput : 0);
  return [
    ['requests', calls.sent, limits.requests],
    ['input_tokens', calls.billed * input, limits.inputTokens],
    ['output_tokens', calls.billed * (tokens.output + tokens.hiddenOutput), limits.outputTokens],
  ];
}

/**
 * Which limit binds, at how many requests, and whether the load passes it.
 *
 * @param shape hourly weights of the week, mean 1
 * @param perMinute mean requests a minute, month by month
 * @returns undefined where nothing is limited
 * @source rate-limit pages of Anthropic and OpenAI: requests, input and output tokens a minute, each by itself
 * @checkedBy test/laws/api-bill.law.test.ts
 * @assumes limits judged hour by hour, though providers look at a minute: errs low on what is turned away
 */
export function rateLimitUse(
  offer: OfferPlan,
  mix: RequestMix,
  shape: readonly number[],
  perMinute: readonly number[],
): RateLimitUse | undefined {
  if (offer.limits === undefined) return undefined;
  const reached = useOfRequest(offer, mix, offer.limits)
    .filter(([, use, limit]) => use > 0 && Number.isFinite(limit))
    .map(([binds, use, limit]) => ({ binds, most: limit / use }));
  const [first, ...others] = reached;
  if (first === undefined) return undefined;
  const { binds, most } = others.reduce((least, entry) => (entry.most < least.most ? entry : least), first);
  const mean = perMinute[0] ?? 0;
  const peak = Math.max(...shape);
  const over = shape.reduce((sum, weight) => sum + Math.max(0, weight * mean - most), 0);
  const passes = perMinute.findIndex((rate) => rate * peak > most * (1 + 1e-9));
  return {
    binds,
    requests_per_minute: most,
    busiest_hour_requests_per_minute: mean * peak,
    share_over: mean > 0 ? over / (mean * shape.length) : 0,
    first_month_over: passes < 0 ? null : passes + 1,
  };
}
