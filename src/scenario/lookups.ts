import type { Catalog } from '../catalog/catalog.ts';
import type { ColumnSource } from './column-source.ts';
import type { ModelSource } from './model-source.ts';
import type { PriceSource } from './price-source.ts';

/** Where a scenario's names are looked up. */
export interface Lookups {
  catalog: Catalog;
  prices: PriceSource;
  /** Absent where there are no files to read lengths from. */
  columns?: ColumnSource;
  /** Absent where there are no files to read models from. */
  models?: ModelSource;
}
