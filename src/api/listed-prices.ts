import { calcPrice, findProvider, type ModelPrice } from '@pydantic/genai-prices';
import { nearestName } from '../math/edit-distance.ts';
import type { ListedPrice, PriceAnswer, PriceQuery, PriceSource } from '../scenario/price-source.ts';

/**
 * Prices from @pydantic/genai-prices, as pinned: dated, by time of day, by prompt length. Offline; it never updates
 * itself. It drops no retired model, so a price may outlive its offer. Its date is that of its latest dated entry.
 */
const LIST = { source: '@pydantic/genai-prices 0.1.8', asOf: '2026-09-22' };

/** One price field, at the tier the prompt's length falls in. */
function atLength(value: ModelPrice[string], inputTokens: number): number | undefined {
  if (value === undefined || typeof value === 'number') return value;
  let price = value.base;
  for (const tier of value.tiers) if (inputTokens > tier.start) price = tier.price;
  return price;
}

function hourWeights(shape: readonly number[]): number[] {
  const weights = new Array<number>(24).fill(0);
  shape.forEach((value, hour) => {
    weights[hour % 24] = (weights[hour % 24] as number) + value;
  });
  return weights;
}

/** The price averaged over the day by load, for hosts whose price depends on the hour. */
function averagePrice(query: PriceQuery): Omit<ListedPrice, 'source' | 'asOf'> | undefined {
  const sums = { input: 0, output: 0, cached: 0, weight: 0 };
  let name: string | undefined;
  let hasCached = true;
  for (const [hour, weight] of hourWeights(query.shape).entries()) {
    const timestamp = new Date(Date.parse(query.date) + hour * 3_600_000);
    const found = calcPrice({ input_tokens: 1, output_tokens: 1 }, query.model, {
      providerId: query.provider,
      timestamp,
    });
    if (found === null) return undefined;
    const input = atLength(found.model_price.input_mtok, query.inputTokens);
    const output = atLength(found.model_price.output_mtok, query.inputTokens);
    if (input === undefined || output === undefined) return undefined;
    const cached = atLength(found.model_price.cache_read_mtok, query.inputTokens);
    if (cached === undefined) hasCached = false;
    name = `${found.provider.name} ${found.model.name ?? found.model.id}`;
    sums.input += weight * input;
    sums.output += weight * output;
    sums.cached += weight * (cached ?? 0);
    sums.weight += weight;
  }
  if (name === undefined || sums.weight === 0) return undefined;
  return {
    name,
    inputUsdPerMtok: sums.input / sums.weight,
    outputUsdPerMtok: sums.output / sums.weight,
    ...(hasCached ? { cachedInputUsdPerMtok: sums.cached / sums.weight } : {}),
  };
}

function noPrice(query: PriceQuery): PriceAnswer {
  const provider = findProvider({ providerId: query.provider });
  if (provider === undefined) {
    return {
      found: false,
      problem: `no price list of provider "${query.provider}"; state input and output prices instead`,
    };
  }
  const near = nearestName(
    query.model,
    provider.models.map((model) => model.id),
  );
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return { found: false, problem: `${provider.name} lists no price for "${query.model}"${hint}` };
}

export const listedPrice: PriceSource = (query) => {
  const price = averagePrice(query);
  if (price === undefined) return noPrice(query);
  return { found: true, price: { ...price, ...LIST } };
};
