import type { Seconds, Share, Tokens } from '../units/quantity.ts';
import type { SessionPlan, TrafficPlan } from './plan.ts';
import { sessionMoments } from './session-moments.ts';
import { statedRate } from './stated-rate.ts';

/** How a provider's cache of prompts behaves. */
export interface CacheRules {
  /** Infinity where a prompt is kept until it is asked again. */
  ttl: Seconds;
  minTokens: Tokens;
  /** The time to live counts from the writing where keeping has a price; otherwise every use renews it for nothing. */
  isStored: boolean;
}

/** Of all input, what is read from the cache and what is written to it. The rest is neither. */
export interface CacheUse {
  read: Share;
  written: Share;
}

type CachedTraffic = Pick<TrafficPlan, 'load' | 'mix' | 'session' | 'sharedPrompt' | 'shape' | 'arrivals'>;

/** Requests that come within a time to live, for clockwork whole ones. */
function withinTtl(rate: number, ttl: Seconds, isRegular: boolean): number {
  const expected = rate * ttl;
  return isRegular ? Math.floor(expected * (1 + 1e-12)) : expected;
}

/**
 * Chance that a request finds its shared prompt, one of `prompts` drawn evenly, in the cache.
 *
 * Renewed by use, the entry is there if any of the k requests within the time to live wanted the same: 1 − e^(−k/n) for
 * Poisson arrivals, 1 − (1 − 1/n)^k for clockwork. Counted from its writing, each write serves the k/n that follow it:
 * (k/n)/(1 + k/n).
 *
 * @errs low for arrivals in bursts, which are taken as Poisson
 */
function hitChance(rate: number, prompts: number, { ttl, isStored }: CacheRules, isRegular: boolean): Share {
  const asked = withinTtl(rate, ttl, isRegular);
  if (isStored) return asked / (prompts + asked);
  return isRegular ? 1 - (1 - 1 / prompts) ** asked : -Math.expm1(-asked / prompts);
}

/** The same over the week's hours, each by its load. Where no rate is stated, or nothing expires, prompts stay cached. */
function weeklyHits(traffic: CachedTraffic, prompts: number, rules: CacheRules): Share {
  const mean = statedRate(traffic);
  if (mean === undefined || rules.ttl === Number.POSITIVE_INFINITY) return 1;
  const isRegular = traffic.arrivals.kind === 'deterministic';
  const sums = { hits: 0, weight: 0 };
  for (const weight of traffic.shape) {
    sums.hits += weight * hitChance(mean * weight, prompts, rules, isRegular);
    sums.weight += weight;
  }
  return sums.weight > 0 ? sums.hits / sums.weight : 0;
}

/** Chance that a session goes on before its last prompt expires. */
function resumedInTime({ pause }: SessionPlan, ttl: Seconds): Share {
  if (pause.mean === 0 || ttl === Number.POSITIVE_INFINITY) return 1;
  return pause.cv === 0 ? Number(pause.mean <= ttl) : -Math.expm1(-ttl / pause.mean);
}

/**
 * What a provider's cache does for this traffic.
 *
 * Single requests mark the end of what they share, so that and nothing else is written. Sessions mark the end of every
 * prompt, because the next one begins with it: all that is not read is written, the last prompt too.
 *
 * @source prompt caching guides of Anthropic (5 min, renewed by use; writes 1.25 x), Google (storage by the hour until
 * the time to live ends)
 * @checkedBy test/scenario/prompt-cache.test.ts request by request
 * @errs high for sessions: the time of the answer itself is not taken off the time to live
 */
export function cacheUse(traffic: CachedTraffic, rules: CacheRules): CacheUse {
  const { mix, session, sharedPrompt } = traffic;
  const isLongEnough = sharedPrompt !== undefined && sharedPrompt.tokens >= rules.minTokens;
  const shared = isLongEnough ? Math.min(1, sharedPrompt.tokens / mix.input.mean) : 0;
  const found = isLongEnough ? shared * weeklyHits(traffic, sharedPrompt.count, rules) : 0;
  if (session === undefined) return { read: found, written: shared - found };
  const { repeatedShare, cacheableShare } = sessionMoments(session, sharedPrompt?.tokens, rules.minTokens);
  const read = found + resumedInTime(session, rules.ttl) * Math.max(0, repeatedShare - shared);
  return { read, written: Math.max(0, cacheableShare - read) };
}
