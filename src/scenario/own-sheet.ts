import type { Card, Catalog } from '../catalog/catalog.ts';
import type { ListedPrice, PriceAnswer, PriceTier, TokenPrices } from './price-source.ts';
import { cardSource } from './provenance.ts';

type DatedPrice = Card<'price'>['prices'][number];
type StatedTiers = DatedPrice['tiers'];
type StatedPrices = Pick<DatedPrice, 'input' | 'output' | 'cached_input' | 'cache_write'>;

/** Prices as a file states them, as a plan has them. */
function tokenPrices({ input, output, cached_input: read, cache_write: write }: StatedPrices): TokenPrices {
  return {
    inputUsdPerMtok: input,
    outputUsdPerMtok: output,
    ...(read === undefined ? {} : { cachedInputUsdPerMtok: read }),
    ...(write === undefined ? {} : { cacheWriteUsdPerMtok: write }),
  };
}

/** Tiers by rising length, each with the prices of the one below where it names none. */
function filledTiers(base: StatedPrices, tiers: StatedTiers = []): PriceTier[] {
  let below = base;
  return [...tiers]
    .sort((a, b) => a.above - b.above)
    .map(({ above, input, output, cached_input, cache_write }) => {
      below = {
        input: input ?? below.input,
        output: output ?? below.output,
        cached_input: cached_input ?? below.cached_input,
        cache_write: cache_write ?? below.cache_write,
      };
      return { above, ...tokenPrices(below) };
    });
}

/** Everything a file states about a price, but whose it is and from when. */
export function statedPrice(price: Omit<DatedPrice, 'from'>): Omit<ListedPrice, 'name' | 'source' | 'asOf'> {
  const { tiers, cache_storage: storage } = price;
  return {
    ...tokenPrices(price),
    ...(tiers === undefined || tiers.length === 0 ? {} : { tiers: filledTiers(price, tiers) }),
    ...(storage === undefined ? {} : { cacheStorageUsdPerMtokHour: storage }),
  };
}

/** The sheet's price on a date: the last entry that has begun. */
export function sheetPrice(sheet: Card<'price'>, date: string): PriceAnswer {
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
      ...statedPrice(price),
      source: cardSource(sheet, 'prices'),
      asOf: price.from,
    },
  };
}

/** Own sheets for a provider and model come before any package's list. The provider decides first: aliases cost a look at every model. */
export function ownSheet(catalog: Catalog, provider: string, model: string): Card<'price'> | undefined {
  const sheets = catalog.ids('price').map((id) => catalog.find('price', id));
  const own = sheets.filter((sheet) => sheet?.provider.toLowerCase() === provider.toLowerCase());
  if (own.length === 0) return undefined;
  const wanted = catalog.find('model', model)?.id ?? model.toLowerCase();
  return own.find((sheet) => sheet?.model.toLowerCase() === wanted);
}
