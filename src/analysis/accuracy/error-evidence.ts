import type { Catalog } from '../../catalog/catalog.ts';
import { sampleQuantile } from '../../math/quantile.ts';
import type { ErrorCell, ErrorFamily, ErrorTable } from '../../schema/error-table.ts';
import type { MeasuredRun } from './measured-run.ts';
import type { MetricKind } from './metric.ts';

/** How far one row was missed, as the logarithm of predicted over measured. */
export interface RowError {
  run: MeasuredRun;
  isMoe: boolean;
  kind: MetricKind;
  error: number;
}

/** Errors of rows with nothing near them left out of the fit, and with their GPU, model or engine left out. */
export interface LeftOutErrors {
  runs: readonly RowError[];
  gpu: readonly RowError[];
  model: readonly RowError[];
  engine: readonly RowError[];
}

/** Names with fewer rows than this say little of what leaving them out costs. */
const LEAST_ROWS = 10;

const FAMILIES: Readonly<Record<ErrorFamily, readonly MetricKind[]>> = {
  speed: ['decode', 'throughput', 'batch_latency'],
  decode: ['decode'],
  ttft: ['ttft'],
};

const sizeOf = ({ error }: RowError) => Math.abs(Math.exp(error) - 1);
const p80 = (rows: readonly RowError[]) => sampleQuantile(rows.map(sizeOf), 0.8);
/** A tenth of a per cent is as much as is known. */
const rounded = (value: number) => Number(value.toFixed(3)) + 0;

function groupsOf(rows: readonly RowError[], keyOf: (row: RowError) => string): Map<string, RowError[]> {
  const groups = new Map<string, RowError[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}

/**
 * What leaving out a name adds to the error, in quadrature, at the 80th percentile of its rows; the 80th percentile of
 * that over the names.
 */
function costOf(out: readonly RowError[], all: readonly RowError[], keyOf: (row: RowError) => string): number {
  const known = groupsOf(all, keyOf);
  const costs = [...groupsOf(out, keyOf)].flatMap(([key, rows]) => {
    if (rows.length < LEAST_ROWS) return [];
    return [Math.sqrt(Math.max(0, p80(rows) ** 2 - p80(known.get(key) ?? rows) ** 2))];
  });
  return costs.length === 0 ? 0 : rounded(sampleQuantile(costs, 0.8));
}

function cellOf(rows: readonly RowError[], family: ErrorFamily, catalog: Catalog): ErrorCell {
  const [{ run, isMoe }] = rows as [RowError, ...RowError[]];
  const errors = rows.map(({ error }) => Math.exp(error) - 1);
  return {
    gpu: run.gpu,
    architecture: catalog.find('gpu', run.gpu)?.architecture ?? '',
    model_kind: isMoe ? 'moe' : 'dense',
    engine: run.engine,
    family,
    models: [...new Set(rows.map((row) => row.run.model))].sort(),
    n: rows.length,
    median: rounded(sampleQuantile(rows.map(sizeOf), 0.5)),
    p80: rounded(p80(rows)),
    bias: rounded(sampleQuantile(errors, 0.5)),
  };
}

/** The table of errors that results state theirs by: one cell for each GPU, kind of model and engine of each family. */
export function errorEvidence(errors: LeftOutErrors, catalog: Catalog): Pick<ErrorTable, 'left_out' | 'cells'> {
  const families = Object.entries(FAMILIES) as [ErrorFamily, readonly MetricKind[]][];
  const keyOf = ({ run, isMoe }: RowError) => `${isMoe} ${run.gpu} ${run.engine}`;
  const parts = families.map(([family, kinds]) => {
    const of = (rows: readonly RowError[]) => rows.filter((row) => kinds.includes(row.kind));
    const all = of(errors.runs);
    return {
      family,
      costs: {
        gpu: costOf(of(errors.gpu), all, ({ run }) => run.gpu),
        model: costOf(of(errors.model), all, ({ run }) => run.model),
        engine: costOf(of(errors.engine), all, ({ run }) => run.engine),
      },
      cells: [...groupsOf(all, keyOf)]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, rows]) => cellOf(rows, family, catalog)),
    };
  });
  return {
    left_out: Object.fromEntries(parts.map(({ family, costs }) => [family, costs])) as ErrorTable['left_out'],
    cells: parts.flatMap(({ cells }) => cells),
  };
}
