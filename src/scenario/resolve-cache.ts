import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { Share } from '../units/quantity.ts';
import type { Defaults } from './defaults.ts';
import type { OfferPlan, TrafficPlan } from './plan.ts';
import type { ListedPrice } from './price-source.ts';
import { type CacheRules, type CacheUse, cacheUse } from './prompt-cache.ts';
import { commonShare } from './resolve-mix.ts';

type Offer = Scenario['compare'][number];

const SECONDS_PER_HOUR = 3600;

interface CacheContext {
  traffic: TrafficPlan;
  defaults: Defaults;
  problems: Problem[];
}

/** The cache's rules for the scenario's own tokens; what is not stated is noted, as it matters now. */
function cacheRules(
  { cache_ttl: ttl, cache_min_tokens: least }: Pick<Offer, 'cache_ttl' | 'cache_min_tokens'>,
  isStored: boolean,
  inputFactor: number,
  path: string,
  defaults: Defaults,
): CacheRules {
  if (ttl === undefined) defaults.use(`${path}.cache_ttl`, 'until asked again', 'no time to live given');
  const minTokens = least ?? defaults.use(`${path}.cache_min_tokens`, 0, 'no shortest prompt given');
  return { ttl: ttl ?? Number.POSITIVE_INFINITY, minTokens: minTokens / inputFactor, isStored };
}

/**
 * What is written beside a share of reads that is only stated. Sessions write all the rest, which the next request
 * reads. Of single requests nobody knows: all the rest where the scenario itself prices the writing, else nothing, as
 * for a beginning that all share and that stays cached.
 */
function writtenBeside(read: Share, offer: Offer, traffic: TrafficPlan): { written: Share; why: string } {
  if (read === 0) return { written: 0, why: 'nothing is cached' };
  const isAllTheRest =
    traffic.session !== undefined || offer.cache_write !== undefined || offer.cache_storage !== undefined;
  return isAllTheRest
    ? { written: 1 - read, why: 'all input that is not read' }
    : { written: 0, why: 'single requests share a beginning that stays cached' };
}

/** Input that is billed as read: as the offer states; else what prompts have in common; else what the traffic states. */
function inputUse(
  offer: Offer,
  rules: () => CacheRules,
  isReadCheaper: boolean,
  path: string,
  traffic: TrafficPlan,
  defaults: Defaults,
): CacheUse & { why: string } {
  const stated = offer.cached_input_share;
  if (stated === undefined && isReadCheaper && !defaults.given('traffic.cached_input') && commonShare(traffic) > 0) {
    const use = cacheUse(traffic, rules());
    defaults.use(`${path}.cached_input_share`, use.read, 'what prompts have in common');
    return { ...use, why: 'what prompts have in common and the cache has lost' };
  }
  const read = stated ?? defaults.use(`${path}.cached_input_share`, traffic.mix.cachedInput, 'traffic.cached_input');
  return { read, ...writtenBeside(read, offer, traffic) };
}

type CachePlan = Pick<
  OfferPlan,
  'cachedInputUsdPerMtok' | 'cachedInputShare' | 'cacheWriteUsdPerMtok' | 'cacheWriteShare' | 'cacheStorage'
>;

/** Prices of the cache, and what of this traffic's input goes through it. */
export function offerCache(
  offer: Offer,
  index: number,
  rules: Pick<Offer, 'cache_ttl' | 'cache_min_tokens'>,
  price: ListedPrice,
  { traffic, defaults, problems }: CacheContext,
): CachePlan {
  const path = `compare.${index}`;
  const readPrice = offer.cached_input ?? price.cachedInputUsdPerMtok;
  const writePrice = offer.cache_write ?? price.cacheWriteUsdPerMtok;
  const storagePrice = offer.cache_storage ?? price.cacheStorageUsdPerMtokHour;
  if (storagePrice !== undefined && rules.cache_ttl === undefined) {
    const message = 'cache_storage needs cache_ttl, such as "1 h": how long what is written is kept and paid for';
    problems.push({ path: ['compare', index], message });
  }
  const cache = () => cacheRules(rules, storagePrice !== undefined, offer.input_factor ?? 1, path, defaults);
  const use = inputUse(offer, cache, readPrice !== undefined, path, traffic, defaults);
  const isWritten = writePrice !== undefined || storagePrice !== undefined;
  const written = offer.cache_write_share ?? (isWritten ? use.written : 0);
  if (isWritten && use.read > 0) defaults.use(`${path}.cache_write_share`, written, use.why);
  return {
    cachedInputUsdPerMtok: readPrice ?? price.inputUsdPerMtok,
    cachedInputShare: use.read,
    ...(writePrice === undefined ? {} : { cacheWriteUsdPerMtok: writePrice }),
    ...(written > 0 ? { cacheWriteShare: written } : {}),
    ...(storagePrice === undefined || rules.cache_ttl === undefined
      ? {}
      : { cacheStorage: { usdPerMtokHour: storagePrice, hours: rules.cache_ttl / SECONDS_PER_HOUR } }),
  };
}
