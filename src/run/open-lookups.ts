import { listedPrice } from '../api/listed-prices.ts';
import { openCatalog } from '../io/catalog-folder.ts';
import { openColumns } from '../io/length-file.ts';
import { openModels } from '../io/model-file.ts';
import type { Lookups } from '../scenario/resolve.ts';

/** The shipped catalog, the pinned price list, and files of lengths that a scenario names. */
export function openLookups(): Lookups {
  return { catalog: openCatalog(), prices: listedPrice, columns: openColumns(), models: openModels() };
}
