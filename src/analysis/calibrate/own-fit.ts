import { withFactors } from '../../scenario/own-calibration.ts';
import type { Plan } from '../../scenario/plan.ts';
import { type CalibrationFactors, FACTOR_RANGE, FACTORS } from '../../schema/own-calibration.ts';
import { InfeasibleError } from '../../schema/problem.ts';
import { Skip } from '../accuracy/measured-row.ts';
import type { MeasuredRun } from '../accuracy/measured-run.ts';
import type { Metric } from '../accuracy/metric.ts';
import type { RunPredictor } from '../accuracy/predict-rows.ts';
import { type FitProblem, gaussNewtonStep, lossOf, PRIOR_WEIGHT } from '../fit/robust-fit.ts';

/** One benchmark run on the deployment, as it can be played, and what was measured of it. */
export interface OwnRun {
  run: MeasuredRun;
  plan: Plan;
  values: readonly { name: string; metric: Metric; measured: number }[];
}

export const UNCHANGED: CalibrationFactors = {
  memory_efficiency: 1,
  compute_efficiency: 1,
  fixed_time: 1,
  front_end: 1,
};

/**
 * How far a deployment strays from the shared coefficients, before it is measured: standard deviations in logarithms.
 * Memory rates hardly differ from one machine to the next; hosts and what stands before an engine do.
 */
const SPREADS: Readonly<Record<keyof CalibrationFactors, number>> = {
  memory_efficiency: 0.12,
  compute_efficiency: 0.2,
  fixed_time: 0.4,
  front_end: 0.6,
};

const DIFFERENCE = 0.05;
const DAMPINGS = [0.001, 0.1, 1, 10];
const MOST_STEPS = 8;

function planWith(plan: Plan, factors: CalibrationFactors): Plan {
  const { calibration, host } = withFactors({ calibration: plan.calibration, host: plan.engine.host }, factors);
  return { ...plan, calibration, engine: { ...plan.engine, host } };
}

/** Logarithms of predicted over measured, value by value; NaN where there is no prediction. */
export function errorsAt(runs: readonly OwnRun[], predictor: RunPredictor, factors: CalibrationFactors): number[] {
  return runs.flatMap(({ run, plan, values }) => {
    try {
      const figures = predictor(run, planWith(plan, factors));
      return values.map(({ metric, measured }) => Math.log((metric.of(figures, run.gpus) ?? Number.NaN) / measured));
    } catch (error) {
      if (error instanceof Skip || error instanceof InfeasibleError) return values.map(() => Number.NaN);
      throw error;
    }
  });
}

/**
 * Mean, median and tail of one run, or its two rates, are one observation said several ways: they share the say of one,
 * which is that of a value known to a tenth beside the priors.
 */
function weightsOf(runs: readonly OwnRun[]): Float64Array {
  const shares = runs.flatMap(({ values }) =>
    values.map(({ metric }) => 1 / values.filter((other) => other.metric.kind === metric.kind).length),
  );
  return Float64Array.from(shares, (share) => share * PRIOR_WEIGHT);
}

type FactorName = keyof CalibrationFactors;

/** Nothing passes the datasheet, so an efficiency may grow no further than to it. */
function highest(runs: readonly OwnRun[], name: FactorName): number {
  const most = (plan: Plan): number => {
    const { memory_efficiency, kv_memory_efficiency, compute_efficiency } = plan.calibration;
    if (name === 'memory_efficiency') {
      return 1 / Math.max(memory_efficiency.bits_16, memory_efficiency.bits_8, kv_memory_efficiency);
    }
    return name === 'compute_efficiency' ? 1 / compute_efficiency : FACTOR_RANGE.max;
  };
  return Math.min(FACTOR_RANGE.max, ...runs.map(({ plan }) => most(plan)));
}

/**
 * The factors that meet the measurements best, shrunk towards 1: the fewer the runs, the more the prior says. A
 * value far off counts in proportion to its distance, not to its square.
 *
 * @param active the factors that may move
 */
export function fitFactors(
  runs: readonly OwnRun[],
  predictor: RunPredictor,
  active: readonly FactorName[] = FACTORS,
): CalibrationFactors {
  const factorsAt = (point: ArrayLike<number>): CalibrationFactors => ({
    ...UNCHANGED,
    ...Object.fromEntries(active.map((name, i) => [name, Math.exp(point[i] ?? 0)])),
  });
  const predictedAt = (point: ArrayLike<number>) =>
    Float64Array.from(errorsAt(runs, predictor, factorsAt(point)), (error) => (Number.isFinite(error) ? error : 0));
  let point = new Float64Array(active.length);
  let predicted = predictedAt(point);
  const problem: FitProblem = {
    measured: new Float64Array(predicted.length),
    weights: weightsOf(runs),
    spreads: Float64Array.from(active, (name) => SPREADS[name]),
    lows: new Float64Array(active.length).fill(Math.log(FACTOR_RANGE.min)),
    highs: Float64Array.from(active, (name) => Math.log(highest(runs, name))),
  };
  for (let step = 0; step < MOST_STEPS; step++) {
    const jacobian = active.map((_, j) => {
      const by = (point[j] as number) + DIFFERENCE > (problem.highs[j] as number) ? -DIFFERENCE : DIFFERENCE;
      const moved = Float64Array.from(point);
      moved[j] = (moved[j] as number) + by;
      return predictedAt(moved).map((value, i) => (value - (predicted[i] as number)) / by);
    });
    const loss = lossOf(problem, predicted, point);
    const better = DAMPINGS.map((damping) => gaussNewtonStep(problem, jacobian, predicted, point, damping))
      .map((next) => ({ next, errors: predictedAt(next) }))
      .find(({ next, errors }) => lossOf(problem, errors, next) < loss - 1e-9);
    if (better === undefined) break;
    ({ next: point, errors: predicted } = better as {
      next: Float64Array<ArrayBuffer>;
      errors: Float64Array<ArrayBuffer>;
    });
  }
  return factorsAt(point);
}
