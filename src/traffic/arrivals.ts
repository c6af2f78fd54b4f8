import { randomGamma, randomWeibull } from 'd3-random';
import { logGamma } from '../math/log-gamma.ts';
import type { Uniform } from '../math/rng.ts';
import { largestWhere } from '../math/root.ts';
import type { ArrivalProcess } from '../scenario/plan.ts';
import type { Seconds } from '../units/quantity.ts';

/** Arrivals that come whether or not earlier requests were answered. */
export type OpenArrivals = Exclude<ArrivalProcess, { kind: 'closed' }>;

/** Load over time in steps of equal length: what the mean rate is multiplied by in each, over and over. */
export interface RateShape {
  step: Seconds;
  multipliers: ArrayLike<number>;
}

/** No Weibull within a double's range varies more than one of this inverse shape. */
const LARGEST_INVERSE_SHAPE = 128;

/**
 * Shape k of the Weibull distribution with this coefficient of variation: cv² = Γ(1 + 2/k) / Γ(1 + 1/k)² − 1, which
 * falls in k, solved for 1/k by bisection. A cv too small to tell
 * from 0 gives a shape so large that gaps are all but equal.
 *
 * @source Johnson, Kotz and Balakrishnan 1994, "Continuous Univariate Distributions", vol. 1, ch. 21 (moments)
 */
export function weibullShape(cv: number): number {
  const wanted = Math.log1p(cv * cv);
  const spread = (inverse: number) => logGamma(1 + 2 * inverse) - 2 * logGamma(1 + inverse);
  return 1 / (largestWhere((x) => spread(x) <= wanted, 0, LARGEST_INVERSE_SHAPE) ?? 0);
}

/**
 * Times between arrivals of a renewal process, with a mean of 1. A gamma or Weibull process of cv 0 is a clock; one of
 * cv 1 is Poisson.
 *
 * @source d3-random 3 for gamma (Marsaglia and Tsang 2000, "A simple method for generating gamma variables") and
 * Weibull (inversion). Exponential by inversion here: one logarithm, and it is what most runs draw.
 */
export function unitGaps(arrivals: OpenArrivals, uniform: Uniform): () => number {
  switch (arrivals.kind) {
    case 'poisson':
      return () => -Math.log(1 - uniform());
    case 'deterministic':
      return () => 1;
    case 'gamma': {
      const variance = arrivals.cv * arrivals.cv;
      const shape = 1 / variance;
      return Number.isFinite(shape) ? randomGamma.source(uniform)(shape, variance) : () => 1;
    }
    case 'weibull': {
      if (arrivals.cv === 0) return () => 1;
      const shape = weibullShape(arrivals.cv);
      return randomWeibull.source(uniform)(shape, 0, Math.exp(-logGamma(1 + 1 / shape)));
    }
  }
}

/** Times by mean and cv: always the mean where the cv is 0, else gamma, which is exponential at a cv of 1. */
export function waitTimes(wait: { mean: Seconds; cv: number }, uniform: Uniform): () => Seconds {
  const gap = unitGaps(wait.cv === 1 ? { kind: 'poisson' } : { kind: 'gamma', cv: wait.cv }, uniform);
  return () => wait.mean * gap();
}

/** A process that says when each next arrival is. */
export interface ArrivalClock {
  /** Infinity where no arrival will ever come. */
  next: Seconds;
  advance(): void;
}

/** @param gap times between arrivals with a mean of 1; the first one lies before the first arrival */
export function arrivalClock(gap: () => number, perSecond: number, shape?: RateShape): ArrivalClock {
  return shape === undefined ? new SteadyClock(gap, perSecond) : new ShapedClock(gap, perSecond, shape);
}

/**
 * Arrivals at a constant rate. The unit-rate process is what is summed up, so another rate rescales the very same
 * arrivals: rates compared under one seed meet the same luck.
 */
class SteadyClock implements ArrivalClock {
  next: Seconds = Number.POSITIVE_INFINITY;
  private readonly gap: () => number;
  private readonly perSecond: number;
  private passed = 0;

  constructor(gap: () => number, perSecond: number) {
    this.gap = gap;
    this.perSecond = perSecond;
    if (perSecond > 0) this.advance();
  }

  advance(): void {
    this.passed += this.gap();
    this.next = this.passed / this.perSecond;
  }
}

/**
 * Arrivals at a rate that varies: the unit-rate process runs on the clock of expected arrivals, and each of its times is
 * read back as the second at which so many were expected. Exact, with nothing thinned out; for Poisson arrivals it is
 * the non-homogeneous Poisson process, and for the others it keeps their burstiness at every level of load.
 *
 * @source Çinlar 1975, "Introduction to Stochastic Processes", sec. 4.7 (time change by the integrated rate)
 */
class ShapedClock implements ArrivalClock {
  next: Seconds = Number.POSITIVE_INFINITY;
  private readonly gap: () => number;
  private readonly step: Seconds;
  /** Arrivals expected in each step, and in all of them. */
  private readonly expected: Float64Array;
  private readonly perRound: number;
  private passed = 0;
  /** Steps gone by, and arrivals expected in them. */
  private steps = 0;
  private before = 0;

  constructor(gap: () => number, perSecond: number, { step, multipliers }: RateShape) {
    this.gap = gap;
    this.step = step;
    this.expected = Float64Array.from(multipliers, (multiplier) => multiplier * perSecond * step);
    this.perRound = this.expected.reduce((sum, value) => sum + value, 0);
    if (this.perRound > 0) {
      this.next = 0;
      this.advance();
    }
  }

  advance(): void {
    const { expected, perRound, step } = this;
    this.passed += this.gap();
    const rounds = Math.floor((this.passed - this.before) / perRound);
    if (rounds > 1) {
      this.steps += (rounds - 1) * expected.length;
      this.before += (rounds - 1) * perRound;
    }
    let inStep = expected[this.steps % expected.length] as number;
    while (this.passed - this.before > inStep) {
      this.before += inStep;
      this.steps += 1;
      inStep = expected[this.steps % expected.length] as number;
    }
    const share = inStep > 0 ? (this.passed - this.before) / inStep : 0;
    this.next = Math.max(this.next, (this.steps + share) * step);
  }
}
