import { sampleQuantile } from '../../math/quantile.ts';
import { textOf } from './measured-row.ts';
import { KINDS, type MetricKind } from './metric.ts';
import type { PredictedRow } from './predict-rows.ts';

/** The error of some rows: sizes as |predicted/measured − 1|, and on which side they lie. */
export interface ErrorSummary {
  n: number;
  median_ape: number;
  p90_ape: number;
  /** Median of predicted/measured − 1: above zero where predictions are too large. */
  bias: number;
}

export interface ErrorGroup extends ErrorSummary {
  kind: MetricKind;
  model_kind: 'dense' | 'moe';
  gpu: string;
  model: string;
  engine: string;
  metric: string;
}

export function errorSummary(rows: readonly PredictedRow[]): ErrorSummary {
  const apes = rows.map((row) => row.ape);
  return {
    n: rows.length,
    median_ape: sampleQuantile(apes, 0.5),
    p90_ape: sampleQuantile(apes, 0.9),
    bias: sampleQuantile(
      rows.map((row) => row.predicted / row.measured - 1),
      0.5,
    ),
  };
}

/** Rows of one key together, in the order the keys first come. */
export function groupRows(
  rows: readonly PredictedRow[],
  keyOf: (row: PredictedRow) => string,
): Map<string, PredictedRow[]> {
  const groups = new Map<string, PredictedRow[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

function orderOf(group: ErrorGroup): string {
  const kind = `${KINDS.indexOf(group.kind)}${group.model_kind}`;
  return [kind, group.gpu, group.model, group.engine, group.metric].join('\u0000');
}

/** Error by GPU, model, engine and metric; decoding of dense models first, then of mixtures of experts, and so on. */
export function errorGroups(rows: readonly PredictedRow[]): ErrorGroup[] {
  const nameOf = ({ row, run }: PredictedRow) => [run.gpu, run.model, run.engine, textOf(row, 'metric')].join('\u0000');
  const groups = [...groupRows(rows, nameOf).values()].map((members): ErrorGroup => {
    const [first] = members as [PredictedRow, ...PredictedRow[]];
    return {
      kind: first.metric.kind,
      model_kind: first.isMoe ? 'moe' : 'dense',
      gpu: first.run.gpu,
      model: first.run.model,
      engine: first.run.engine,
      metric: textOf(first.row, 'metric'),
      ...errorSummary(members),
    };
  });
  const keyed = groups.map((group) => ({ group, key: orderOf(group) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ group }) => group);
}
