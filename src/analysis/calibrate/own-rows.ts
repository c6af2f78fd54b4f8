import type { Catalog } from '../../catalog/catalog.ts';
import type { Problem } from '../../schema/problem.ts';
import { InputError } from '../../schema/problem.ts';
import { cardNamed } from '../accuracy/card-name.ts';
import { type MeasuredRow, numberOf, Skip, textOf } from '../accuracy/measured-row.ts';
import { metricNamed } from '../accuracy/metric.ts';
import { sentOfRow } from '../accuracy/row-run.ts';
import type { OwnBenchmark } from './own-benchmark.ts';

/** What a scenario runs, by ids of cards; undefined where it describes it inline. */
export interface Deployment {
  model?: string | undefined;
  gpu?: string | undefined;
}

/** A row of another model or GPU says nothing about this deployment. */
function refuseForeign(row: MeasuredRow, catalog: Catalog, own: Deployment): void {
  for (const kind of ['model', 'gpu'] as const) {
    const name = textOf(row, kind);
    const expected = own[kind];
    if (name === '' || expected === undefined) continue;
    if (cardNamed(catalog, kind, name) !== expected) throw new Skip(`the scenario runs ${expected}, not "${name}"`);
  }
}

function oneValue(row: MeasuredRow, catalog: Catalog, own: Deployment): OwnBenchmark {
  refuseForeign(row, catalog, own);
  const metric = textOf(row, 'metric');
  const value = numberOf(row, 'value');
  if (metricNamed(metric) === undefined) throw new Skip(`metric "${metric}" is not known`);
  if (value === undefined || !(value > 0)) throw new Skip(`value is "${textOf(row, 'value')}", not a positive number`);
  return { place: `line ${row.line}`, ...sentOfRow(row, catalog), values: [{ metric, value }] };
}

/** Rows of a table of own measurements as benchmarks, those of one run together. Throws an InputError with every fault. */
export function benchmarksOfRows(rows: readonly MeasuredRow[], catalog: Catalog, own: Deployment): OwnBenchmark[] {
  const runs = new Map<string, OwnBenchmark>();
  const problems: Problem[] = [];
  for (const row of rows) {
    try {
      const one = oneValue(row, catalog, own);
      const key = JSON.stringify([one.input, one.output, one.load]);
      const known = runs.get(key);
      runs.set(key, known === undefined ? one : { ...known, values: [...known.values, ...one.values] });
    } catch (error) {
      if (!(error instanceof Skip)) throw error;
      problems.push({ path: [row.line], message: error.message });
    }
  }
  if (problems.length > 0) throw new InputError(problems);
  return [...runs.values()];
}
