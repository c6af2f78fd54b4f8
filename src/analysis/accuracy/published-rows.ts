import type { Card, Catalog } from '../../catalog/catalog.ts';
import type { MeasuredRow } from './measured-row.ts';

type Cells = Record<string, string | number | undefined>;

function cellsOf({ id, name, published, engine, scenario, metric, notes, runs }: Card<'measurement'>): Cells[] {
  return runs.flatMap(({ rows, weights, kv, ...run }) =>
    rows.map(({ concurrency, ...fact }) => ({
      source_id: id,
      source: name,
      source_date: published,
      engine,
      scenario,
      metric,
      notes,
      weight_dtype: weights,
      kv_dtype: kv,
      concurrency_or_batch: concurrency,
      ...run,
      ...fact,
    })),
  );
}

/** Every published figure that the catalog holds, as rows of a table of measurements; `line` counts them from 1. */
export function publishedRows(catalog: Catalog): MeasuredRow[] {
  const cards = catalog.ids('measurement').map((id) => catalog.find('measurement', id) as Card<'measurement'>);
  return cards.flatMap(cellsOf).map((cells, at) => {
    const stated = Object.entries(cells).filter(([, value]) => value !== undefined);
    return { line: at + 1, cells: Object.fromEntries(stated.map(([column, value]) => [column, String(value)])) };
  });
}
