import type { Card, Catalog } from '../catalog/catalog.ts';
import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { Defaults } from './defaults.ts';
import { ownSheet, sheetPrice, statedPrice } from './own-sheet.ts';
import type { OfferPlan, RateLimits, TrafficPlan } from './plan.ts';
import type { PriceAnswer, PriceSource } from './price-source.ts';
import { offerCache } from './resolve-cache.ts';

type Offer = Scenario['compare'][number];
type Rules = Pick<Offer, 'cache_ttl' | 'cache_min_tokens' | 'batch_discount' | 'batch_window' | 'limits'>;

/** What all offers of a scenario are priced with. */
interface OfferContext {
  catalog: Catalog;
  traffic: TrafficPlan;
  start: string;
  listed: PriceSource;
  defaults: Defaults;
  problems: Problem[];
}

function sheetOf(offer: Offer, catalog: Catalog): Card<'price'> | undefined {
  if (offer.sheet !== undefined) return catalog.find('price', offer.sheet);
  if (offer.provider === undefined || offer.model === undefined) return undefined;
  return ownSheet(catalog, offer.provider, offer.model);
}

/** A price that was found, with what the offer states of it in place of what is listed, for prompts of any length. */
function restated({ input, output }: Offer, answer: PriceAnswer): PriceAnswer {
  if (!answer.found || (input === undefined && output === undefined)) return answer;
  const stated = {
    ...(input === undefined ? {} : { inputUsdPerMtok: input }),
    ...(output === undefined ? {} : { outputUsdPerMtok: output }),
  };
  const { tiers, ...price } = answer.price;
  const names = [...(input === undefined ? [] : ['input']), ...(output === undefined ? [] : ['output'])].join(' and ');
  return {
    found: true,
    price: {
      ...price,
      ...stated,
      ...(tiers === undefined ? {} : { tiers: tiers.map((tier) => ({ ...tier, ...stated })) }),
      source: `scenario: compare, for ${names}; ${price.source}`,
    },
  };
}

function priceOf(
  offer: Offer,
  sheet: Card<'price'> | undefined,
  { traffic, start, listed }: OfferContext,
): PriceAnswer {
  if (sheet !== undefined) return restated(offer, sheetPrice(sheet, start));
  const { provider, model } = offer;
  if (provider !== undefined && model !== undefined) {
    return restated(offer, listed({ provider, model, date: start, shape: traffic.shape }));
  }
  const own = statedPrice({ ...offer, input: offer.input ?? 0, output: offer.output ?? 0 });
  return { found: true, price: { name: offer.name ?? 'own price', ...own, source: 'scenario: compare', asOf: start } };
}

/** The rules of a sheet, where the scenario does not state its own. */
function rulesOf(offer: Offer, sheet: Card<'price'> | undefined): Rules {
  return {
    cache_ttl: offer.cache_ttl ?? sheet?.cache_ttl,
    cache_min_tokens: offer.cache_min_tokens ?? sheet?.cache_min_tokens,
    batch_discount: offer.batch_discount ?? sheet?.batch_discount,
    batch_window: offer.batch_window ?? sheet?.batch_window,
    limits: offer.limits ?? sheet?.limits,
  };
}

function sameNames(offers: readonly OfferPlan[]): Problem[] {
  const again = offers.findIndex((offer, i) => offers.findIndex((other) => other.name === offer.name) < i);
  if (again < 0) return [];
  return [{ path: ['compare', again], message: 'has the same name as an offer before it; give it another' }];
}

/**
 * The batch price is for traffic that can wait as long as the provider may take. Where the traffic has no deadline, it
 * cannot wait, unless the scenario itself states the discount: then it is taken at its word.
 */
function batchTerms(
  offer: Offer,
  index: number,
  { batch_discount: discount = 0, batch_window: window }: Rules,
  { traffic, defaults, problems }: OfferContext,
): Pick<OfferPlan, 'batchDiscount' | 'batchRefused'> {
  const { deadline } = traffic;
  if (discount === 0) return { batchDiscount: 0 };
  if (deadline === undefined) {
    if (offer.batch_discount === undefined) return { batchDiscount: 0 };
    defaults.use('traffic.deadline', 'late enough', 'the scenario states a batch discount');
    return { batchDiscount: discount };
  }
  if (window === undefined) {
    const message = 'needs batch_window, such as "24 h", to tell whether the deadline of the traffic allows it';
    problems.push({ path: ['compare', index], message });
    return { batchDiscount: 0 };
  }
  return deadline < window
    ? { batchDiscount: 0, batchRefused: { discount, window, deadline } }
    : { batchDiscount: discount };
}

function rateLimits({ limits }: Rules, index: number, defaults: Defaults): { limits?: RateLimits } {
  if (limits === undefined) return {};
  const path = `compare.${index}.limits.cached_input`;
  const cached = limits.cached_input ?? defaults.use(path, 'counted', 'limits count all input');
  return {
    limits: {
      requests: limits.requests_per_minute ?? Number.POSITIVE_INFINITY,
      inputTokens: limits.input_tokens_per_minute ?? Number.POSITIVE_INFINITY,
      outputTokens: limits.output_tokens_per_minute ?? Number.POSITIVE_INFINITY,
      countsCached: cached === 'counted',
    },
  };
}

/** How many tokens this model makes of the scenario's; what is not stated is 1, 1 and 0. */
function tokenFactors(offer: Offer): Pick<OfferPlan, 'inputFactor' | 'outputFactor' | 'reasoningRatio'> {
  return {
    ...(offer.input_factor === undefined ? {} : { inputFactor: offer.input_factor }),
    ...(offer.output_factor === undefined ? {} : { outputFactor: offer.output_factor }),
    ...(offer.reasoning_ratio === undefined ? {} : { reasoningRatio: offer.reasoning_ratio }),
  };
}

function resolveOffer(offer: Offer, index: number, context: OfferContext): OfferPlan | undefined {
  const sheet = sheetOf(offer, context.catalog);
  const answer = priceOf(offer, sheet, context);
  if (!answer.found) {
    context.problems.push({ path: ['compare', index], message: answer.problem });
    return undefined;
  }
  const { price } = answer;
  const rules = rulesOf(offer, sheet);
  const batch = batchTerms(offer, index, rules, context);
  return {
    name: offer.name ?? price.name,
    sameModel: offer.same_model,
    baseline: offer.baseline,
    inputUsdPerMtok: price.inputUsdPerMtok,
    outputUsdPerMtok: price.outputUsdPerMtok,
    ...(price.tiers === undefined ? {} : { tiers: price.tiers }),
    ...offerCache(offer, index, rules, price, context),
    ...tokenFactors(offer),
    usdPerRequest: offer.per_request ?? 0,
    ...(offer.price_path === undefined ? {} : { pricePath: offer.price_path }),
    ...batch,
    // Batches have queues of their own, beside the limits by the minute.
    ...(batch.batchDiscount > 0 ? {} : rateLimits(rules, index, context.defaults)),
    failure: offer.failure ?? 0,
    rejected: offer.rejected ?? 0,
    source: price.source,
    asOf: price.asOf,
  };
}

/** Defaults that hold for every offer alike. */
function noteDefaults({ compare }: Scenario, defaults: Defaults): void {
  if (compare.length === 0) return;
  if (compare.some((offer) => offer.price_path === undefined)) {
    defaults.use('API prices over time', 'flat', 'list prices of one fixed model rarely move');
  }
  if (compare.some((offer) => offer.failure === undefined || offer.rejected === undefined)) {
    defaults.use('API calls that fail or are rejected', 0, 'no failure given under compare');
  }
  if (compare.some((offer) => offer.input_factor === undefined || offer.output_factor === undefined)) {
    defaults.use('API tokens for one of the own', 1, 'no input_factor or output_factor given under compare');
  }
}

/**
 * The offers to compare with, priced on the start date. Without a price for cached input the cached share pays in full.
 */
export function resolveOffers(
  scenario: Scenario,
  catalog: Catalog,
  traffic: TrafficPlan,
  start: string,
  listed: PriceSource,
  defaults: Defaults,
  problems: Problem[],
): OfferPlan[] {
  if (scenario.compare.filter((offer) => offer.baseline).length > 1) {
    problems.push({ path: ['compare'], message: 'more than one baseline; keep one' });
  }
  noteDefaults(scenario, defaults);
  const context = { catalog, traffic, start, listed, defaults, problems };
  const offers = scenario.compare.flatMap((offer, index) => resolveOffer(offer, index, context) ?? []);
  if (offers.length === scenario.compare.length) problems.push(...sameNames(offers));
  if (scenario.traffic.overflow === 'api' && scenario.compare.length === 0) {
    problems.push({ path: ['traffic', 'overflow'], message: 'overflow to an API needs one under "compare"' });
  }
  return offers;
}
