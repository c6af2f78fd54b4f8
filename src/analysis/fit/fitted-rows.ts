import type { Catalog } from '../../catalog/catalog.ts';
import type { Plan } from '../../scenario/plan.ts';
import { InfeasibleError, InputError } from '../../schema/problem.ts';
import { type MeasuredRow, numberOf, Skip, textOf } from '../accuracy/measured-row.ts';
import type { MeasuredRun } from '../accuracy/measured-run.ts';
import { type Metric, metricNamed } from '../accuracy/metric.ts';
import type { RunPredictor } from '../accuracy/predict-rows.ts';
import { runOfRow } from '../accuracy/row-run.ts';
import { planOfRun } from '../accuracy/run-plan.ts';
import { type Coefficient, planWith, valuesAt } from './coefficient.ts';

/** A run with its plan, and whatever was measured of it. */
export interface FittedRun {
  run: MeasuredRun;
  plan: Plan;
  rows: FittedRow[];
}

export interface FittedRow {
  row: MeasuredRow;
  run: MeasuredRun;
  metric: Metric;
  metricName: string;
  measured: number;
  isMoe: boolean;
  /** Its place among all rows. */
  at: number;
}

const expected = (error: unknown) =>
  error instanceof Skip || error instanceof InputError || error instanceof InfeasibleError;

/** The runs that rows were measured in, each once; rows that cannot be predicted are left out. */
export function fittedRuns(rows: readonly MeasuredRow[], catalog: Catalog): FittedRun[] {
  const runs = new Map<string, FittedRun | undefined>();
  let at = 0;
  for (const row of rows) {
    const metric = metricNamed(textOf(row, 'metric'));
    const measured = numberOf(row, 'value');
    if (metric === undefined || measured === undefined || !(measured > 0)) continue;
    try {
      const run = runOfRow(row, catalog);
      const key = JSON.stringify(run);
      if (!runs.has(key)) runs.set(key, undefined);
      const known = runs.get(key) ?? { run, plan: planOfRun(run, catalog), rows: [] };
      runs.set(key, known);
      const isMoe = known.plan.model.moe !== undefined;
      known.rows.push({ row, run, metric, metricName: textOf(row, 'metric'), measured, isMoe, at });
      at += 1;
    } catch (error) {
      if (!expected(error)) throw error;
    }
  }
  return [...runs.values()].flatMap((run) => (run === undefined ? [] : [run]));
}

/** Logarithms of what is predicted for every row at a point of the fit's space; NaN where a run cannot be predicted. */
export function predictAt(
  runs: readonly FittedRun[],
  rows: number,
  predictor: RunPredictor,
  coefficients: readonly Coefficient[],
  point: ArrayLike<number>,
): Float64Array {
  const values = valuesAt(coefficients, point);
  const predicted = new Float64Array(rows).fill(Number.NaN);
  for (const { run, plan, rows: measured } of runs) {
    try {
      const figures = predictor(run, planWith(plan, run.engine, coefficients, values));
      for (const { metric, at } of measured) predicted[at] = Math.log(metric.of(figures, run.gpus) ?? Number.NaN);
    } catch (error) {
      if (!expected(error)) throw error;
    }
  }
  return predicted;
}
