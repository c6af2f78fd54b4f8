import { errorsBy, FACET_NAMES } from './error-facets.ts';
import { errorGroups } from './error-groups.ts';
import { type MeasuredRow, NUMERIC } from './measured-row.ts';
import type { PredictedRow, Predictions } from './predict-rows.ts';

type Cell = string | number;

/** A row as it stands in the table, numbers as numbers, under the headers of the table. */
function cellsOf({ line, cells }: MeasuredRow): Record<string, Cell> {
  const numeric: readonly string[] = NUMERIC;
  const entries = Object.entries(cells).map(([column, text]): [string, Cell] => {
    const value = Number(text);
    return [column, numeric.includes(column) && text.trim() !== '' && Number.isFinite(value) ? value : text];
  });
  return { line, ...Object.fromEntries(entries) };
}

export function predictedCells({ row, predicted, ape }: PredictedRow): Record<string, Cell> {
  return { ...cellsOf(row), predicted, ape };
}

/** Error by each facet alone, without what it comes to kind by kind. */
function facetRecord(predictions: Predictions) {
  const entries = FACET_NAMES.map((facet) => [
    facet,
    errorsBy(predictions.rows, facet).map(({ kinds: _, ...summary }) => summary),
  ]);
  return Object.fromEntries(entries) as Record<(typeof FACET_NAMES)[number], object[]>;
}

/** The machine-readable form. Groups name cards by id, so that aliases of one thing fall together. */
export function accuracyRecord(predictions: Predictions, engine: string) {
  return {
    schema: 'rackrate.accuracy/v1',
    engine,
    rows: predictions.rows.map(predictedCells),
    groups: errorGroups(predictions.rows).map(({ gpu, model, engine: ran, metric, n, median_ape, p90_ape, bias }) => ({
      gpu,
      model,
      engine: ran,
      metric,
      n,
      median_ape,
      p90_ape,
      bias,
    })),
    by: facetRecord(predictions),
    skipped: predictions.skipped.map(({ row, why }) => ({ row: cellsOf(row), why })),
  };
}
