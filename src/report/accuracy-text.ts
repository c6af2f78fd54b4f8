import { type ErrorGroup, errorSummary } from '../analysis/accuracy/error-groups.ts';
import { KINDS, type MetricKind } from '../analysis/accuracy/metric.ts';
import type { PredictedRow, Predictions } from '../analysis/accuracy/predict-rows.ts';
import { type Table, textTable } from './table.ts';

const KIND_LABELS: Readonly<Record<MetricKind, string>> = {
  decode: 'time between tokens',
  ttft: 'time to first token',
  throughput: 'throughput',
  batch_latency: 'latency of a static batch',
  prefill: 'prompt rate',
  power: 'power',
};
const MODEL_LABELS = { dense: 'dense models', moe: 'mixtures of experts' } as const;

/** Reasons and their counts that are worth a line of the screen. */
const MOST_REASONS = 10;

const percent = (share: number, sign = ''): string => `${sign}${(100 * share).toFixed(1)} %`;
const signed = (share: number): string => percent(share, share >= 0 ? '+' : '');

const ERROR_COLUMNS = [
  { label: 'rows', align: 'right' },
  { label: 'median', align: 'right' },
  { label: 'p90', align: 'right' },
  { label: 'bias', align: 'right' },
] as const;

const errorCells = (summary: { n: number; median_ape: number; p90_ape: number; bias: number }): string[] => [
  String(summary.n),
  percent(summary.median_ape),
  percent(summary.p90_ape),
  signed(summary.bias),
];

function groupTable(groups: readonly ErrorGroup[]): Table {
  const names = ['GPU', 'model', 'engine', 'metric'].map((label) => ({ label, align: 'left' as const }));
  return {
    columns: [...names, ...ERROR_COLUMNS],
    rows: groups.map((group) => [group.gpu, group.model, group.engine, group.metric, ...errorCells(group)]),
  };
}

/** Every kind of metric and of model that has rows, in the order people read about them. */
function sections(rows: readonly PredictedRow[]) {
  return KINDS.flatMap((kind) =>
    (['dense', 'moe'] as const).flatMap((model) => {
      const members = rows.filter((row) => row.metric.kind === kind && row.isMoe === (model === 'moe'));
      return members.length === 0
        ? []
        : [{ kind, model, label: `${KIND_LABELS[kind]}, ${MODEL_LABELS[model]}`, members }];
    }),
  );
}

function skippedLines({ skipped }: Predictions): string[] {
  if (skipped.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { why } of skipped) counts.set(why, (counts.get(why) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const more = sorted.length - MOST_REASONS;
  return [
    '',
    'Skipped',
    ...sorted.slice(0, MOST_REASONS).map(([why, count]) => `  ${count} x ${why}`),
    ...(more > 0 ? [`  and ${more} more reasons; --json has them all`] : []),
  ];
}

/** The answer in one line: the error of what people ask about, and how much of the table it rests on. */
function answer({ rows, skipped }: Predictions): string {
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
  ];
  const counts = `${rows.length} rows predicted, ${skipped.length} skipped`;
  return parts.length === 0 ? `${counts}.` : `Median error: ${parts.join(', ')}; ${counts}.`;
}

/** Predicted against measured for people: group by group, then the totals, then what was left out, then the answer. */
export function accuracyText(predictions: Predictions, groups: readonly ErrorGroup[]): string {
  const parts = sections(predictions.rows);
  const lines = parts.flatMap(({ kind, model, label }) => [
    label,
    ...textTable(groupTable(groups.filter((group) => group.kind === kind && group.model_kind === model))),
    '',
  ]);
  const totals: Table = {
    columns: [{ label: 'All together', align: 'left' }, ...ERROR_COLUMNS],
    rows: parts.map(({ label, members }) => [label, ...errorCells(errorSummary(members))]),
  };
  return [...lines, ...textTable(totals, ''), ...skippedLines(predictions), '', answer(predictions)].join('\n');
}
