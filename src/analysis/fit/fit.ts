import type { RunPredictor } from '../accuracy/predict-rows.ts';
import { type Coefficient, pointOf } from './coefficient.ts';
import { type FittedRow, type FittedRun, predictAt } from './fitted-rows.ts';
import { type FitProblem, gaussNewtonStep, lossOf } from './robust-fit.ts';

/** Rows, what is thought of them, and what may be moved to meet them. */
export interface Fit {
  runs: readonly FittedRun[];
  rows: readonly FittedRow[];
  coefficients: readonly Coefficient[];
  predictor: RunPredictor;
  weights: Float64Array;
}

/** Where a fit came to rest. */
export interface Fitted {
  point: Float64Array;
  /** Logarithms of the predictions there, row by row. */
  predicted: Float64Array;
  /** What a unit of each coefficient, in logarithms, adds to them. */
  jacobian: readonly Float64Array[];
  loss: number;
}

/** Step of the difference quotients, in logarithms: wide enough to smooth over the batches that runs fall into. */
const DIFFERENCE = 0.05;

const DAMPINGS = [0.001, 0.1, 1, 10];

function problemOf({ rows, coefficients }: Fit, weights: Float64Array): FitProblem {
  return {
    measured: Float64Array.from(rows, ({ measured }) => Math.log(measured)),
    weights,
    spreads: Float64Array.from(coefficients, ({ spread }) => spread),
    lows: Float64Array.from(coefficients, ({ low, prior }) => Math.log(low / prior)),
    highs: Float64Array.from(coefficients, ({ high, prior }) => Math.log(high / prior)),
  };
}

/** Predictions at a point; a row that cannot be predicted there pulls nowhere. */
function predictionsAt(fit: Fit, point: Float64Array, runs = fit.runs): Float64Array {
  const predicted = predictAt(runs, fit.rows.length, fit.predictor, fit.coefficients, point);
  return predicted.map((value, i) => (Number.isFinite(value) ? value : Math.log((fit.rows[i] as FittedRow).measured)));
}

function jacobianAt(fit: Fit, problem: FitProblem, point: Float64Array, base: Float64Array): Float64Array[] {
  return fit.coefficients.map((_, j) => {
    const step = (point[j] as number) + DIFFERENCE > (problem.highs[j] as number) ? -DIFFERENCE : DIFFERENCE;
    const moved = Float64Array.from(point);
    moved[j] = (moved[j] as number) + step;
    return predictionsAt(fit, moved).map((value, i) => (value - (base[i] as number)) / step);
  });
}

/** The first damped step that lowers the loss, or undefined where none does. */
function betterPoint(fit: Fit, problem: FitProblem, at: Fitted): Fitted | undefined {
  for (const damping of DAMPINGS) {
    const point = gaussNewtonStep(problem, at.jacobian, at.predicted, at.point, damping);
    const predicted = predictionsAt(fit, point);
    const loss = lossOf(problem, predicted, point);
    if (loss < at.loss - 1e-7) return { ...at, point, predicted, loss };
  }
  return undefined;
}

/**
 * Moves the coefficients from their present values to where the rows want them, priors considered.
 *
 * @param steps Gauss-Newton steps at most; the Jacobian is taken anew every third
 */
export function fitCoefficients(fit: Fit, values: readonly number[], steps: number): Fitted {
  const problem = problemOf(fit, fit.weights);
  const point = pointOf(fit.coefficients, values);
  const predicted = predictionsAt(fit, point);
  let at: Fitted = { point, predicted, jacobian: [], loss: lossOf(problem, predicted, point) };
  for (let step = 0; step < steps; step++) {
    const fresh = step % 3 === 0;
    if (fresh) at = { ...at, jacobian: jacobianAt(fit, problem, at.point, at.predicted) };
    const next = betterPoint(fit, problem, at);
    if (next === undefined && fresh) break;
    const settled = next !== undefined && at.loss - next.loss < 1e-5;
    at = next ?? at;
    if (settled) break;
  }
  return at;
}

/** What a fit without some rows says of them. */
export interface LeftOut {
  /** Places of the rows that were left out, and the logarithms of their predictions. */
  places: readonly number[];
  predicted: readonly number[];
}

/**
 * Fits once more without some rows, starting from the fit with all, and predicts them with the result.
 *
 * The Jacobian is the full fit's: it says where to go, while the loss that decides is computed afresh.
 */
export function leaveOut(fit: Fit, full: Fitted, isOut: (row: FittedRow) => boolean): LeftOut {
  const places = fit.rows.flatMap((row, i) => (isOut(row) ? [i] : []));
  const weights = fit.weights.map((weight, i) => (isOut(fit.rows[i] as FittedRow) ? 0 : weight));
  const runs = fit.runs.filter((run) => run.rows.some((row) => !isOut(row)));
  const without = { ...fit, runs, weights };
  const problem = problemOf(fit, weights);
  let at: Fitted = { ...full, loss: lossOf(problem, full.predicted, full.point) };
  for (let step = 0; step < 3; step++) {
    const next = betterPoint(without, problem, at);
    if (next === undefined) break;
    at = next;
  }
  const outRuns = fit.runs.filter((run) => run.rows.some(isOut));
  const all = predictAt(outRuns, fit.rows.length, fit.predictor, fit.coefficients, at.point);
  return { places, predicted: places.map((place) => all[place] as number) };
}
