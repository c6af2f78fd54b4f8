import { sampleQuantile } from '../../math/quantile.ts';
import { type CalibrationFactors, FACTORS } from '../../schema/own-calibration.ts';
import type { RunPredictor } from '../accuracy/predict-rows.ts';
import { errorsAt, fitFactors, type OwnRun, UNCHANGED } from './own-fit.ts';

/** The error of one metric, or of all values: medians of |predicted/measured − 1|. */
export interface BeforeAfter {
  metric: string;
  n: number;
  before: number;
  after: number;
}

export interface Calibration {
  factors: CalibrationFactors;
  /** Factors that had to stay at 1, since moving them made something worse. */
  held: readonly string[];
  metrics: readonly BeforeAfter[];
  all: BeforeAfter;
  /** Benchmark runs it rests on. */
  measurements: number;
  /** Within what four in five times and rates of further runs are expected to be met, those to first tokens apart. */
  error: number;
}

/** By so much may a metric's median error grow before it counts as worse: measurements say no more. */
const TOLERANCE = 0.005;

const sizes = (errors: readonly number[]) => errors.filter(Number.isFinite).map((error) => Math.abs(Math.expm1(error)));
const median = (errors: readonly number[]) => sampleQuantile(sizes(errors), 0.5);

function compare(runs: readonly OwnRun[], before: readonly number[], after: readonly number[]): BeforeAfter[] {
  const names = runs.flatMap(({ values }) => values.map(({ name }) => name));
  return [...new Set(names)].flatMap((metric) => {
    const of = (errors: readonly number[]) =>
      errors.filter((error, i) => names[i] === metric && Number.isFinite(error));
    const n = of(before).length;
    return n === 0 ? [] : [{ metric, n, before: median(of(before)), after: median(of(after)) }];
  });
}

/** All sets of factors, the largest first, so that as little as can be is held back. */
function subsets(): (keyof CalibrationFactors)[][] {
  const all = Array.from({ length: 2 ** FACTORS.length }, (_, mask) => FACTORS.filter((_, i) => (mask >> i) % 2 === 1));
  return all.sort((a, b) => b.length - a.length);
}

/** Of the errors of all values, those of times between tokens, throughputs and batches, on which a price rests. */
function ofSpeed(runs: readonly OwnRun[], errors: readonly number[]): number[] {
  const kinds = runs.flatMap(({ values }) => values.map(({ metric }) => metric.kind));
  const speed = errors.filter((_, i) => kinds[i] !== 'ttft' && kinds[i] !== 'power');
  return speed.length === 0 ? [...errors] : speed;
}

/** Runs left out one at a time: the errors of each under factors that were fitted without it. */
function leftOut(
  runs: readonly OwnRun[],
  predictor: RunPredictor,
  active: readonly (keyof CalibrationFactors)[],
): number[] {
  return runs.flatMap((run) => {
    const rest = runs.filter((other) => other !== run);
    return errorsAt([run], predictor, fitFactors(rest, predictor, active));
  });
}

/** Runs after which own errors count as much as what was believed before: one for each factor. */
const PRIOR_RUNS = FACTORS.length;

/**
 * The band for a run calibrated so: the 80th percentile of errors of runs left out of the fit, with one standard error
 * of it, and the band before as far as the runs are few. Never surer than measurements are among themselves.
 */
function bandOf(errors: readonly number[], runs: number, before: number, floor: number): number {
  const known = sizes(errors);
  if (known.length === 0) return Math.max(floor, before);
  const own = sampleQuantile(known, 0.8) * (1 + Math.sqrt(0.16 / runs) / (0.351 * 1.2816));
  const trust = runs / (runs + PRIOR_RUNS);
  return Math.max(floor, Math.sqrt(trust * own ** 2 + (1 - trust) * before ** 2));
}

/**
 * Moves few coefficients to where a deployment's own measurements want them. A factor that would make any metric worse
 * is held at 1; where nothing can be improved, undefined.
 *
 * @param before the band that results had without own measurements, and the least that any may have
 */
export function calibrate(
  runs: readonly OwnRun[],
  predictor: RunPredictor,
  before: { error: number; floor: number },
): Calibration | undefined {
  const start = errorsAt(runs, predictor, UNCHANGED);
  for (const active of subsets()) {
    if (active.length === 0) return undefined;
    const factors = fitFactors(runs, predictor, active);
    const after = errorsAt(runs, predictor, factors);
    const metrics = compare(runs, start, after);
    const improved = median(after) < median(start);
    if (!improved || metrics.some((one) => one.after > one.before + TOLERANCE)) continue;
    const unseen = runs.length > 1 ? leftOut(runs, predictor, active) : after;
    return {
      factors,
      held: FACTORS.filter((name) => !active.includes(name)),
      metrics,
      all: { metric: 'all', n: sizes(after).length, before: median(start), after: median(after) },
      measurements: runs.length,
      error: bandOf(ofSpeed(runs, unseen), runs.length, before.error, before.floor),
    };
  }
  return undefined;
}
