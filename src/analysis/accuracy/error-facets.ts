import { type ErrorGroup, type ErrorSummary, errorSummary, groupRows } from './error-groups.ts';
import { textOf } from './measured-row.ts';
import { KINDS, type MetricKind } from './metric.ts';
import type { PredictedRow } from './predict-rows.ts';

/** What rows can be told apart by, one at a time, and the name a row goes under. */
const FACETS = {
  metric: ({ row }: PredictedRow) => textOf(row, 'metric'),
  engine: ({ run }: PredictedRow) => run.engine,
  gpu: ({ run }: PredictedRow) => run.gpu,
  model: ({ run }: PredictedRow) => run.model,
  model_kind: ({ isMoe }: PredictedRow) => (isMoe ? 'moe' : 'dense'),
} as const;
export type Facet = keyof typeof FACETS;
export const FACET_NAMES = Object.keys(FACETS) as Facet[];

/** The rows of one name, and of them those of each kind of metric. */
export interface FacetErrors extends ErrorSummary {
  name: string;
  kinds: Partial<Record<MetricKind, ErrorSummary>>;
}

export function facetNameOf(row: PredictedRow, facet: Facet): string {
  return FACETS[facet](row);
}

/** Error by one of the facets alone, the names with most rows first. */
export function errorsBy(rows: readonly PredictedRow[], facet: Facet): FacetErrors[] {
  const groups = [...groupRows(rows, (row) => facetNameOf(row, facet))];
  return groups
    .map(([name, members]): FacetErrors => {
      const byKind = groupRows(members, (row) => row.metric.kind);
      const kinds = KINDS.flatMap((kind) => {
        const some = byKind.get(kind);
        return some === undefined ? [] : [[kind, errorSummary(some)]];
      });
      return { name, ...errorSummary(members), kinds: Object.fromEntries(kinds) };
    })
    .sort((a, b) => b.n - a.n || (a.name < b.name ? -1 : 1));
}

/** Groups smaller than this say more about their rows than about the predictions. */
const LEAST_ROWS = 5;

/** The groups that are predicted worst, by their median. */
export function worstGroups(groups: readonly ErrorGroup[], most: number): ErrorGroup[] {
  return groups
    .filter((group) => group.n >= LEAST_ROWS)
    .sort((a, b) => b.median_ape - a.median_ape)
    .slice(0, most);
}
