import { listedPrice } from '../api/listed-prices.ts';
import { openCatalog } from '../io/catalog-folder.ts';
import { openColumns } from '../io/length-file.ts';
import { openModels } from '../io/model-file.ts';
import type { Lookups } from '../scenario/lookups.ts';
import type { PriceAnswer, PriceSource } from '../scenario/price-source.ts';

/** A price list that looks each price up once: the same offer comes with every point of a sweep. */
function remembering(prices: PriceSource): PriceSource {
  const answers = new Map<string, PriceAnswer>();
  return (query) => {
    const key = JSON.stringify(query);
    const answer = answers.get(key) ?? prices(query);
    if (answers.size < MOST_REMEMBERED) answers.set(key, answer);
    return answer;
  };
}

const MOST_REMEMBERED = 10_000;

/** The shipped catalog, the pinned price list, and files of lengths that a scenario names. */
export function openLookups(): Lookups {
  return { catalog: openCatalog(), prices: remembering(listedPrice), columns: openColumns(), models: openModels() };
}
