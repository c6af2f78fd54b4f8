import type { VolumeInterval } from '../analysis/breakeven.ts';
import type { Comparison } from '../analysis/comparison.ts';
import { METRICS } from '../schema/metric-table.ts';
import type { Result } from './record.ts';

/** A cell of a machine-readable table. Undefined where a value cannot be known. */
export type Cell = string | number | undefined;

/** A name as the part of a column header: lower case, words joined by underscores. */
export function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '');
}

/** Intervals as text: `17398433409..;` is open-ended, an empty text is never. */
function intervalText(intervals: readonly VolumeInterval[]): string {
  return intervals.map(([from, to]) => `${from}..${to ?? ''}`).join('; ');
}

function comparisonColumns(comparison: Comparison): [header: string, value: Cell][] {
  const prefix = `api_${slug(comparison.name)}`;
  return [
    [`${prefix}_usd_per_month`, comparison.usd_per_month],
    [`${prefix}_usd_per_mtok_total`, comparison.usd_per_mtok_total],
    [`${prefix}_breakeven_month`, comparison.breakeven_month ?? undefined],
    [`${prefix}_breakeven_utilization`, comparison.breakeven_utilization ?? undefined],
    [`${prefix}_breakeven_tokens_per_month`, intervalText(comparison.breakeven_tokens_per_month)],
    ...comparison.horizons.map((entry): [string, Cell] => [`${prefix}_winner_${entry.months}_months`, entry.winner]),
  ];
}

/** Promises as columns, which only a scenario that makes some has: how many are broken, and each in a sentence. */
function assertionColumns({ assertions }: Result): [header: string, value: Cell][] {
  if (assertions.length === 0) return [];
  return [
    ['assertions_broken', assertions.filter(({ holds }) => !holds).length],
    ...assertions.map(({ holds, sentence }, i): [string, Cell] => [
      `assertion_${i + 1}`,
      `${holds ? 'held' : 'broken'}: ${sentence}`,
    ]),
  ];
}

/** A result as one row: metrics in the order of their table, then the columns of each offer, then what was promised. */
export function resultRow(result: Result): [header: string, value: Cell][] {
  return [
    ['status', result.status],
    ...METRICS.map((metric): [string, Cell] => [metric.id, result.metrics[metric.id]]),
    ...result.comparisons.flatMap(comparisonColumns),
    ...assertionColumns(result),
  ];
}
