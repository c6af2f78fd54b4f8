import { calcPrice, findProvider, type MatchLogic, type ModelPrice } from '@pydantic/genai-prices';
import { didYouMean } from '../math/edit-distance.ts';
import type { ListedPrice, PriceAnswer, PriceQuery, PriceSource, TokenPrices } from '../scenario/price-source.ts';
import { shown } from '../schema/printable.ts';
import { offerName } from './owner-names.ts';

/**
 * Prices from @pydantic/genai-prices, as pinned: dated, by time of day, by prompt length. Offline; it never updates
 * itself. It drops no retired model, so a price may outlive its offer. Its date is that of its latest dated entry.
 */
export const LIST = { source: '@pydantic/genai-prices 0.1.8', asOf: '2026-09-22' };

const FIELDS = [
  ['inputUsdPerMtok', 'input_mtok'],
  ['outputUsdPerMtok', 'output_mtok'],
  ['cachedInputUsdPerMtok', 'cache_read_mtok'],
  ['cacheWriteUsdPerMtok', 'cache_write_mtok'],
] as const satisfies readonly (readonly [keyof TokenPrices, string])[];

/** One price field, at the tier the prompt's length falls in. */
function atLength(value: ModelPrice[string], inputTokens: number): number | undefined {
  if (value === undefined || typeof value === 'number') return value;
  let price = value.base;
  for (const tier of value.tiers) if (inputTokens > tier.start) price = tier.price;
  return price;
}

/** Lengths beyond which a price changes. */
function thresholds(price: ModelPrice): number[] {
  return FIELDS.flatMap(([, field]) => {
    const value = price[field];
    return value === undefined || typeof value === 'number' ? [] : value.tiers.map((tier) => tier.start);
  });
}

function hourWeights(shape: readonly number[]): number[] {
  const weights = new Array<number>(24).fill(0);
  shape.forEach((value, hour) => {
    weights[hour % 24] = (weights[hour % 24] as number) + value;
  });
  return weights;
}

/** A word that a model's rule for names takes. */
function wordFor(match: MatchLogic): string | undefined {
  if ('equals' in match) return match.equals;
  if ('starts_with' in match) return match.starts_with;
  if ('or' in match) return match.or.map(wordFor).find((word) => word !== undefined);
  return undefined;
}

/** What the list knows a model by: its rule for names need not take its own id, as where a host puts a path before it. */
function nameInList({ provider, model }: PriceQuery): string {
  const wanted = model.toLowerCase();
  const found = findProvider({ providerId: provider })?.models.find(({ id }) => id.toLowerCase() === wanted);
  return (found === undefined ? undefined : wordFor(found.match)) ?? model;
}

function entryAt({ provider, model, date }: PriceQuery, hour: number, name = model) {
  const timestamp = new Date(Date.parse(date) + hour * 3_600_000);
  return calcPrice({ input_tokens: 1, output_tokens: 1 }, name, { providerId: provider, timestamp });
}

/** The list's entry at each hour of the day that has any load, with the load's weight; undefined where there is none. */
function hourlyPrices(query: PriceQuery) {
  const weights = hourWeights(query.shape);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.flatMap((weight, hour) => {
    if (weight === 0) return [];
    const entry = entryAt(query, hour) ?? entryAt(query, hour, nameInList(query));
    return [entry === null ? undefined : { entry, weight: weight / total }];
  });
  return found.every((hour) => hour !== undefined) && total > 0 ? found : undefined;
}

type HourlyPrices = NonNullable<ReturnType<typeof hourlyPrices>>;

/** Prices for prompts of a length, averaged over the day by load, for hosts whose price depends on the hour. */
function meanAtLength(hours: HourlyPrices, inputTokens: number): Partial<TokenPrices> {
  const means: Partial<TokenPrices> = {};
  for (const [name, field] of FIELDS) {
    const prices = hours.map(({ entry }) => atLength(entry.model_price[field], inputTokens));
    if (prices.some((price) => price === undefined)) continue;
    means[name] = prices.reduce<number>((sum, price, i) => sum + (price as number) * (hours[i]?.weight ?? 0), 0);
  }
  return means;
}

const isPriced = (prices: Partial<TokenPrices>): prices is TokenPrices =>
  prices.inputUsdPerMtok !== undefined && prices.outputUsdPerMtok !== undefined;

function averagePrice(query: PriceQuery): Omit<ListedPrice, 'source' | 'asOf'> | undefined {
  const hours = hourlyPrices(query);
  const [first] = hours ?? [];
  if (hours === undefined || first === undefined) return undefined;
  const base = meanAtLength(hours, 0);
  if (!isPriced(base)) return undefined;
  const edges = [...new Set(hours.flatMap(({ entry }) => thresholds(entry.model_price)))].sort((a, b) => a - b);
  const tiers = edges.map((above) => ({ above, ...base, ...meanAtLength(hours, above + 1) }));
  const { provider, model } = first.entry;
  return { name: offerName(provider.name, model.name ?? model.id), ...base, ...(tiers.length === 0 ? {} : { tiers }) };
}

/** Hosts of open weights in the list, by the list's own ids. */
const HOSTS = [
  'together',
  'fireworks',
  'groq',
  'cerebras',
  'novita',
  'ovhcloud',
  'deepseek',
  'moonshotai',
  'mistral',
  'minimax',
  'zai',
  'huggingface_nebius',
  'huggingface_novita',
  'huggingface_together',
  'openrouter',
];

/** Who sells models of their own there, or the models of others; the list does not say whom it has. */
export const PROVIDERS = [
  ...HOSTS,
  'anthropic',
  'aws',
  'azure',
  'baseten',
  'cloudflare',
  'cohere',
  'google',
  'openai',
  'perplexity',
  'voyageai',
  'x-ai',
];

function noPrice(query: PriceQuery): PriceAnswer {
  const provider = findProvider({ providerId: query.provider });
  if (provider === undefined) {
    return {
      found: false,
      problem: `no price list of provider ${shown(query.provider)}${didYouMean(query.provider, PROVIDERS) || '; state input and output prices instead'}`,
    };
  }
  const priced = provider.models.filter(({ id }) => averagePrice({ ...query, model: id }) !== undefined);
  const ids = priced.map((model) => model.id);
  return {
    found: false,
    problem: `${provider.name} lists no price for ${shown(query.model)}${didYouMean(query.model, ids)}`,
  };
}

export const listedPrice: PriceSource = (query) => {
  const price = averagePrice(query);
  if (price === undefined) return noPrice(query);
  return { found: true, price: { ...price, ...LIST } };
};

/** A model of the list, by the names that a scenario's offer takes. */
export interface ListedModel extends TokenPrices {
  provider: string;
  model: string;
}

/** Every model that the list has a price of tokens for, on a date. */
export function listedModels(date: string): ListedModel[] {
  return PROVIDERS.flatMap((provider) =>
    (findProvider({ providerId: provider })?.models ?? []).flatMap(({ id: model }) => {
      const price = averagePrice({ provider, model, date, shape: [1] });
      if (price === undefined) return [];
      const { inputUsdPerMtok, outputUsdPerMtok } = price;
      return [{ provider, model, inputUsdPerMtok, outputUsdPerMtok }];
    }),
  );
}

/** A model's name without its owner, its punctuation and the words for what an instruction-tuned copy is called. */
function plainName(name: string): string {
  const own = name.toLowerCase().split('/').at(-1) ?? '';
  return own
    .replace(/[^a-z0-9]+/g, ' ')
    .replace(/\b(meta|instruct|instant|versatile|turbo|chat|it)\b/g, '')
    .replaceAll(' ', '');
}

/** Who lists a price of a model under one of its names; copies with other words in their names are other models. */
export function listedHosts(names: readonly string[]): Pick<PriceQuery, 'provider' | 'model'>[] {
  const wanted = new Set(names.map(plainName));
  return HOSTS.flatMap((provider) => {
    const models = findProvider({ providerId: provider })?.models ?? [];
    return models.filter(({ id }) => wanted.has(plainName(id))).map(({ id }) => ({ provider, model: id }));
  });
}
