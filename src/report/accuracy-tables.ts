import { errorsBy, type Facet, type FacetErrors, worstGroups } from '../analysis/accuracy/error-facets.ts';
import { type ErrorGroup, type ErrorSummary, errorSummary } from '../analysis/accuracy/error-groups.ts';
import { KINDS, type MetricKind } from '../analysis/accuracy/metric.ts';
import type { PredictedRow, Predictions } from '../analysis/accuracy/predict-rows.ts';
import type { Table } from './table.ts';

const KIND_LABELS: Readonly<Record<MetricKind, { long: string; short: string }>> = {
  decode: { long: 'time between tokens', short: 'decode' },
  ttft: { long: 'time to first token', short: 'TTFT' },
  throughput: { long: 'throughput', short: 'throughput' },
  batch_latency: { long: 'latency of a static batch', short: 'batch' },
  prefill: { long: 'prompt rate', short: 'prefill' },
  power: { long: 'power', short: 'power' },
};
const MODEL_LABELS = { dense: 'dense models', moe: 'mixtures of experts' } as const;
const FACET_LABELS: Readonly<Record<Facet, string>> = {
  metric: 'By metric',
  engine: 'By engine',
  gpu: 'By GPU',
  model: 'By model',
  model_kind: 'By kind of model',
};

/** Groups that are worth a line of the screen. */
const MOST_WORST = 8;

export function kindLabel(kind: MetricKind): string {
  return KIND_LABELS[kind].long;
}

export const percent = (share: number, sign = ''): string => `${sign}${(100 * share).toFixed(1)} %`;
const signed = (share: number): string => percent(share, share >= 0 ? '+' : '');

const left = (label: string) => ({ label, align: 'left' as const });
const right = (label: string) => ({ label, align: 'right' as const });
const ERROR_COLUMNS = ['rows', 'median', 'p90', 'bias'].map(right);

const errorCells = (summary: ErrorSummary): string[] => [
  String(summary.n),
  percent(summary.median_ape),
  percent(summary.p90_ape),
  signed(summary.bias),
];

/** A table under its heading, which is the label of the first column where there is but one name. */
export interface TitledTable {
  title?: string;
  table: Table;
}

function groupTable(groups: readonly ErrorGroup[]): Table {
  return {
    columns: [...['GPU', 'model', 'engine', 'metric'].map(left), ...ERROR_COLUMNS],
    rows: groups.map((group) => [group.gpu, group.model, group.engine, group.metric, ...errorCells(group)]),
  };
}

/** Every kind of metric and of model that has rows, in the order people read about them. */
function sections(rows: readonly PredictedRow[]) {
  return KINDS.flatMap((kind) =>
    (['dense', 'moe'] as const).flatMap((model) => {
      const members = rows.filter((row) => row.metric.kind === kind && row.isMoe === (model === 'moe'));
      const label = `${KIND_LABELS[kind].long}, ${MODEL_LABELS[model]}`;
      return members.length === 0 ? [] : [{ kind, model, label, members }];
    }),
  );
}

/** Every group of one GPU, model, engine and metric, kind by kind. */
export function groupTables(rows: readonly PredictedRow[], groups: readonly ErrorGroup[]): TitledTable[] {
  return sections(rows).map(({ kind, model, label }) => ({
    title: label,
    table: groupTable(groups.filter((group) => group.kind === kind && group.model_kind === model)),
  }));
}

/** Of the names of a facet: what they come to, and the median of each kind of metric that has rows. */
function facetTable(facet: Facet, errors: readonly FacetErrors[], kinds: readonly MetricKind[]): Table {
  const medians = (one: FacetErrors) =>
    kinds.map((kind) => (one.kinds[kind] === undefined ? '' : percent(one.kinds[kind].median_ape)));
  return {
    columns: [left(FACET_LABELS[facet]), ...ERROR_COLUMNS, ...kinds.map((kind) => right(KIND_LABELS[kind].short))],
    rows: errors.map((one) => [one.name, ...errorCells(one), ...medians(one)]),
  };
}

/** By kind of metric and model: what the answer rests on. */
export function totalsTable({ rows }: Predictions): TitledTable[] {
  const totals: Table = {
    columns: [left('Error, |predicted / measured − 1|'), ...ERROR_COLUMNS],
    rows: sections(rows).map(({ label, members }) => [label, ...errorCells(errorSummary(members))]),
  };
  return rows.length === 0 ? [] : [{ table: totals }];
}

/** By each facet alone. */
export function facetTables({ rows }: Predictions): TitledTable[] {
  const present = KINDS.filter((kind) => rows.some((row) => row.metric.kind === kind));
  const facets = (['metric', 'engine', 'gpu', 'model'] as const).map((facet) => ({
    table: facetTable(facet, errorsBy(rows, facet), facet === 'metric' ? [] : present),
  }));
  return rows.length === 0 ? [] : facets;
}

/** The groups that are predicted worst. */
export function worstTable(groups: readonly ErrorGroup[]): TitledTable[] {
  const worst = worstGroups(groups, MOST_WORST);
  return worst.length === 0 ? [] : [{ title: 'Worst groups of five rows or more', table: groupTable(worst) }];
}

/** Why rows were left out, the most frequent reason first. */
export function skipCounts({ skipped }: Predictions): [why: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { why } of skipped) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** The answer in one line: the error of what people ask about, and how much of the table it rests on. */
export function answer({ rows, skipped }: Predictions): string {
  const part = (label: string, members: readonly PredictedRow[]) => {
    if (members.length === 0) return [];
    const { median_ape, p90_ape } = errorSummary(members);
    return [`${label} ${percent(median_ape)} (p90 ${percent(p90_ape)})`];
  };
  const of = (kind: MetricKind, isMoe?: boolean) =>
    rows.filter((row) => row.metric.kind === kind && (isMoe === undefined || row.isMoe === isMoe));
  const parts = [
    ...part('decode dense', of('decode', false)),
    ...part('decode MoE', of('decode', true)),
    ...part('TTFT', of('ttft')),
    ...part('throughput', of('throughput')),
    ...part('batch latency', of('batch_latency')),
    ...part('power', of('power')),
  ];
  const counts = `${rows.length} rows predicted, ${skipped.length} skipped`;
  return parts.length === 0 ? `${counts}.` : `Median error: ${parts.join(', ')}; ${counts}.`;
}
