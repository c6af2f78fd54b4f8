import type { Card, Catalog } from '../catalog/catalog.ts';
import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { Defaults } from './defaults.ts';
import type { OfferPlan, TrafficPlan } from './plan.ts';
import type { ListedPrice, PriceAnswer, PriceSource } from './price-source.ts';
import { cardSource } from './provenance.ts';
import { commonShare } from './resolve-mix.ts';

type Offer = Scenario['compare'][number];

/** The sheet's price on a date: the last entry that has begun. */
function sheetPrice(sheet: Card<'price'>, date: string): PriceAnswer {
  const begun = sheet.prices.filter((price) => price.from <= date).sort((a, b) => a.from.localeCompare(b.from));
  const price = begun.at(-1);
  if (price === undefined) {
    const first = [...sheet.prices].sort((a, b) => a.from.localeCompare(b.from))[0]?.from ?? 'later';
    return { found: false, problem: `${sheet.id} has no price on ${date}; its first is from ${first}` };
  }
  return {
    found: true,
    price: {
      name: sheet.name,
      inputUsdPerMtok: price.input,
      outputUsdPerMtok: price.output,
      ...(price.cached_input === undefined ? {} : { cachedInputUsdPerMtok: price.cached_input }),
      source: cardSource(sheet, 'prices'),
      asOf: price.from,
    },
  };
}

/** Own sheets for a provider and model come before any package's list. The provider decides first: aliases cost a look at every model. */
function ownSheet(catalog: Catalog, provider: string, model: string): Card<'price'> | undefined {
  const sheets = catalog.ids('price').map((id) => catalog.find('price', id));
  const own = sheets.filter((sheet) => sheet?.provider.toLowerCase() === provider.toLowerCase());
  if (own.length === 0) return undefined;
  const wanted = catalog.find('model', model)?.id ?? model.toLowerCase();
  return own.find((sheet) => sheet?.model.toLowerCase() === wanted);
}

function priceOf(
  offer: Offer,
  catalog: Catalog,
  traffic: TrafficPlan,
  start: string,
  listed: PriceSource,
): PriceAnswer {
  if (offer.sheet !== undefined) return sheetPrice(catalog.find('price', offer.sheet) as Card<'price'>, start);
  if (offer.provider !== undefined && offer.model !== undefined) {
    const sheet = ownSheet(catalog, offer.provider, offer.model);
    if (sheet !== undefined) return sheetPrice(sheet, start);
    const query = {
      provider: offer.provider,
      model: offer.model,
      date: start,
      shape: traffic.shape,
      inputTokens: traffic.mix.input.mean,
    };
    return listed(query);
  }
  const price: ListedPrice = {
    name: offer.name ?? 'own price',
    inputUsdPerMtok: offer.input ?? 0,
    outputUsdPerMtok: offer.output ?? 0,
    ...(offer.cached_input === undefined ? {} : { cachedInputUsdPerMtok: offer.cached_input }),
    source: 'scenario: compare',
    asOf: start,
  };
  return { found: true, price };
}

function sameNames(offers: readonly OfferPlan[]): Problem[] {
  const again = offers.findIndex((offer, i) => offers.findIndex((other) => other.name === offer.name) < i);
  if (again < 0) return [];
  return [{ path: ['compare', again], message: 'has the same name as an offer before it; give it another' }];
}

/**
 * Share of the input that is billed as read from the cache: the offer's own; else what the traffic states; else what
 * its prompts have in common, where the offer has a price for that.
 */
function cachedShare(
  offer: Offer,
  index: number,
  traffic: TrafficPlan,
  isCheaperCached: boolean,
  defaults: Defaults,
): number {
  if (offer.cached_input_share !== undefined) return offer.cached_input_share;
  const path = `compare.${index}.cached_input_share`;
  if (isCheaperCached && !defaults.given('traffic.cached_input')) {
    const common = commonShare(traffic);
    if (common > 0) return defaults.use(path, common, 'what prompts have in common');
  }
  return defaults.use(path, traffic.mix.cachedInput, 'traffic.cached_input');
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
  if (scenario.compare.length > 0)
    defaults.use('API prices over time', 'flat', 'list prices of one fixed model rarely move');
  if (scenario.compare.some((offer) => offer.failure === undefined || offer.rejected === undefined)) {
    defaults.use('API calls that fail or are rejected', 0, 'no failure given under compare');
  }
  const offers = scenario.compare.flatMap((offer, index) => {
    const answer = priceOf(offer, catalog, traffic, start, listed);
    if (!answer.found) {
      problems.push({ path: ['compare', index], message: answer.problem });
      return [];
    }
    const { price } = answer;
    const cachedPrice = offer.cached_input ?? price.cachedInputUsdPerMtok;
    const share = cachedShare(offer, index, traffic, cachedPrice !== undefined, defaults);
    return {
      name: offer.name ?? price.name,
      sameModel: offer.same_model,
      baseline: offer.baseline,
      inputUsdPerMtok: price.inputUsdPerMtok,
      outputUsdPerMtok: price.outputUsdPerMtok,
      cachedInputUsdPerMtok: cachedPrice ?? price.inputUsdPerMtok,
      cachedInputShare: share,
      ...(offer.cache_write === undefined ? {} : { cacheWriteUsdPerMtok: offer.cache_write }),
      usdPerRequest: offer.per_request ?? 0,
      batchDiscount: offer.batch_discount ?? 0,
      failure: offer.failure ?? 0,
      rejected: offer.rejected ?? 0,
      source: price.source,
      asOf: price.asOf,
    };
  });
  if (offers.length === scenario.compare.length) problems.push(...sameNames(offers));
  if (scenario.traffic.overflow === 'api' && scenario.compare.length === 0) {
    problems.push({ path: ['traffic', 'overflow'], message: 'overflow to an API needs one under "compare"' });
  }
  return offers;
}
