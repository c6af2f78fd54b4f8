import type { Catalog } from '../../catalog/catalog.ts';
import { didYouMean } from '../../math/edit-distance.ts';
import type { Plan } from '../../scenario/plan.ts';
import { InfeasibleError, InputError } from '../../schema/problem.ts';
import { type MeasuredRow, numberOf, Skip, textOf } from './measured-row.ts';
import type { MeasuredRun } from './measured-run.ts';
import { type Metric, metricNamed, metricNames } from './metric.ts';
import { isBelowFloor } from './physical-floor.ts';
import { runOfRow } from './row-run.ts';
import type { RunFigures } from './run-figures.ts';
import { planOfRun } from './run-plan.ts';

/** A row with what was predicted of it, in the metric's unit, and the cards its names mean. */
export interface PredictedRow {
  row: MeasuredRow;
  run: MeasuredRun;
  isMoe: boolean;
  metric: Metric;
  measured: number;
  predicted: number;
  /** |predicted/measured − 1|, a fraction. */
  ape: number;
}

export interface SkippedRow {
  row: MeasuredRow;
  why: string;
}

export interface Predictions {
  rows: readonly PredictedRow[];
  skipped: readonly SkippedRow[];
}

/** Something that says how a run goes. */
export type RunPredictor = (run: MeasuredRun, plan: Plan) => RunFigures;

type Outcome = { figures: RunFigures; plan: Plan } | { why: string };

function metricOf(row: MeasuredRow): Metric {
  const name = textOf(row, 'metric');
  const metric = metricNamed(name);
  if (metric === undefined) throw new Skip(`metric "${name}" is not known${didYouMean(name, metricNames())}`);
  return metric;
}

function measuredOf(row: MeasuredRow): number {
  const value = numberOf(row, 'value');
  if (value === undefined || !(value > 0)) throw new Skip(`value is "${textOf(row, 'value')}", not a positive number`);
  return value;
}

/** The reason of an error that means a row cannot be predicted; anything else is a fault of ours. */
function reasonOf(error: unknown): string {
  if (error instanceof Skip || error instanceof InputError || error instanceof InfeasibleError) return error.message;
  throw error;
}

/** Predicts row after row, or says why not; a run is asked for once, however many rows were measured of it. */
export function rowPredictor(
  catalog: Catalog,
  predictor: RunPredictor,
): (row: MeasuredRow) => PredictedRow | SkippedRow {
  const outcomes = new Map<string, Outcome>();
  const outcomeOf = (run: MeasuredRun): Outcome => {
    const key = JSON.stringify(run);
    const known = outcomes.get(key) ?? outcomeOfRun(run, catalog, predictor);
    outcomes.set(key, known);
    return known;
  };
  return (row) => {
    try {
      return predictRow(row, catalog, outcomeOf);
    } catch (error) {
      return { row, why: reasonOf(error) };
    }
  };
}

/** The rows that were predicted and those that were not, each in their order. */
export function sortOut(results: Iterable<PredictedRow | SkippedRow>): Predictions {
  const rows: PredictedRow[] = [];
  const skipped: SkippedRow[] = [];
  for (const result of results) {
    if ('why' in result) skipped.push(result);
    else rows.push(result);
  }
  return { rows, skipped };
}

function outcomeOfRun(run: MeasuredRun, catalog: Catalog, predictor: RunPredictor): Outcome {
  try {
    const plan = planOfRun(run, catalog);
    return { plan, figures: predictor(run, plan) };
  } catch (error) {
    return { why: reasonOf(error) };
  }
}

function predictRow(row: MeasuredRow, catalog: Catalog, outcomeOf: (run: MeasuredRun) => Outcome): PredictedRow {
  const metric = metricOf(row);
  const measured = measuredOf(row);
  const run = runOfRow(row, catalog);
  const outcome = outcomeOf(run);
  if ('why' in outcome) throw new Skip(outcome.why);
  const predicted = metric.of(outcome.figures, run.gpus);
  if (predicted === undefined || !Number.isFinite(predicted) || predicted <= 0) {
    throw new Skip(`${textOf(row, 'metric')} says nothing about a run of this kind`);
  }
  if (isBelowFloor(run, outcome.plan, metric, measured, catalog)) {
    throw new Skip('measured to be faster than the memory can deliver what the row says was read');
  }
  const isMoe = outcome.plan.model.moe !== undefined;
  return { row, run, isMoe, metric, measured, predicted, ape: Math.abs(predicted / measured - 1) };
}
