import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logGamma } from '../../src/math/log-gamma.ts';
import { randomStream } from '../../src/math/rng.ts';
import { arrivalClock, type OpenArrivals, unitGaps, waitTimes, weibullShape } from '../../src/traffic/arrivals.ts';
import { draws, offBy, sampleMoments } from './sample-moments.ts';

const COUNT = 500_000;
const POISSON: OpenArrivals = { kind: 'poisson' };

function gaps(process: OpenArrivals, count = COUNT): number[] {
  return draws(count, unitGaps(process, randomStream(20, 'gaps')));
}

/** Skewness and excess kurtosis of a Weibull from its raw moments, E[Xⁿ] = Γ(1 + n/k). */
function weibullMoments(shape: number): { skewness: number; kurtosis: number } {
  const [m1, m2, m3, m4] = [1, 2, 3, 4].map((n) => Math.exp(logGamma(1 + n / shape))) as [
    number,
    number,
    number,
    number,
  ];
  const variance = m2 - m1 ** 2;
  return {
    skewness: (m3 - 3 * m1 * m2 + 2 * m1 ** 3) / variance ** 1.5,
    kurtosis: (m4 - 4 * m1 * m3 + 6 * m1 ** 2 * m2 - 3 * m1 ** 4) / variance ** 2 - 3,
  };
}

describe('times between arrivals', () => {
  // Gamma of shape k = 1/cv²: skewness 2/√k, excess kurtosis 6/k; the exponential is k = 1.
  test.each<[string, OpenArrivals, number, number, number]>([
    ['Poisson', POISSON, 1, 2, 6],
    ['gamma, cv 0.5', { kind: 'gamma', cv: 0.5 }, 0.5, 1, 1.5],
    ['gamma, cv 1', { kind: 'gamma', cv: 1 }, 1, 2, 6],
    ['gamma, cv 2', { kind: 'gamma', cv: 2 }, 2, 4, 24],
  ])('%s to the fourth moment', (_, process, cv, skewness, kurtosis) => {
    const found = sampleMoments(gaps(process));
    expect(Math.abs(found.mean - 1)).toBeLessThan((4 * cv) / Math.sqrt(COUNT));
    expect(offBy(found.cv, cv)).toBeLessThan(0.015);
    expect(offBy(found.skewness, skewness)).toBeLessThan(0.05);
    expect(offBy(found.kurtosis, kurtosis)).toBeLessThan(0.15);
  });

  test.each([0.3, 0.9, 1.5])('Weibull, cv %d, to the fourth moment', (cv) => {
    const found = sampleMoments(gaps({ kind: 'weibull', cv }));
    const { skewness, kurtosis } = weibullMoments(weibullShape(cv));
    expect(Math.abs(found.mean - 1)).toBeLessThan((4 * cv) / Math.sqrt(COUNT));
    expect(offBy(found.cv, cv)).toBeLessThan(0.015);
    expect(Math.abs(found.skewness - skewness)).toBeLessThan(0.05 * Math.max(1, Math.abs(skewness)));
    expect(Math.abs(found.kurtosis - kurtosis)).toBeLessThan(0.2 * Math.max(0.5, Math.abs(kurtosis)));
  });

  // Shape 1 is the exponential; shape 2 the Rayleigh distribution, cv² = 4/π − 1; shape 1/2 has cv² = 4!/2!² − 1.
  test.each([
    [1, 1],
    [Math.sqrt(4 / Math.PI - 1), 2],
    [Math.sqrt(5), 0.5],
  ])('a Weibull of cv %d has shape %d', (cv, shape) => expect(weibullShape(cv)).toBeCloseTo(shape, 10));

  test('every Weibull has the cv it was solved for', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 50, noNaN: true }), (cv) => {
        const shape = weibullShape(cv);
        const found = Math.sqrt(Math.expm1(logGamma(1 + 2 / shape) - 2 * logGamma(1 + 1 / shape)));
        expect(found / cv).toBeCloseTo(1, 8);
      }),
    );
  });

  test('a cv of 0 is a clock', () => {
    for (const kind of ['gamma', 'weibull'] as const) expect(gaps({ kind, cv: 0 }, 3)).toEqual([1, 1, 1]);
    expect(gaps({ kind: 'deterministic' }, 3)).toEqual([1, 1, 1]);
    for (const kind of ['gamma', 'weibull'] as const) {
      for (const cv of [1e-6, 1e-12, 1e-200]) for (const gap of gaps({ kind, cv }, 100)) expect(gap).toBeCloseTo(1, 4);
    }
  });

  test('waiting times keep their mean and cv', () => {
    for (const cv of [0, 1, 0.4]) {
      const found = sampleMoments(draws(200_000, waitTimes({ mean: 5, cv }, randomStream(3, 'pauses'))));
      expect(found.mean / 5).toBeCloseTo(1, 2);
      expect(found.cv).toBeCloseTo(cv, 2);
    }
    expect(waitTimes({ mean: 0, cv: 1 }, randomStream(3, 'pauses'))()).toBe(0);
  });
});

function times(process: OpenArrivals, perSecond: number, count: number, ...shape: [number, number[]] | []): number[] {
  const [step, multipliers] = shape;
  const gap = unitGaps(process, randomStream(9, 'gaps'));
  const clock = arrivalClock(gap, perSecond, multipliers && { step: step as number, multipliers });
  return draws(count, () => {
    const { next } = clock;
    clock.advance();
    return next;
  });
}

const multipliers = fc
  .array(fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 20, noNaN: true })), { minLength: 1, maxLength: 30 })
  .filter((values) => values.some((value) => value > 0));

describe('arrival times', () => {
  test('twice the rate: the same arrivals at half the time, to the last bit', () => {
    for (const process of [POISSON, { kind: 'gamma', cv: 2 }, { kind: 'weibull', cv: 2 }] as const) {
      expect(times(process, 6, 1000)).toEqual(times(process, 3, 1000).map((time) => time / 2));
    }
  });

  test('a clock ticks from its first step on', () => {
    expect(times({ kind: 'deterministic' }, 4, 3)).toEqual([0.25, 0.5, 0.75]);
  });

  test('a rate of 0: never', () => {
    expect(times(POISSON, 0, 1)).toEqual([Number.POSITIVE_INFINITY]);
    expect(times(POISSON, 5, 1, 60, [0, 0])).toEqual([Number.POSITIVE_INFINITY]);
  });

  test('a shape of ones is no shape', () => {
    const plain = times(POISSON, 3, 2000);
    times(POISSON, 3, 2000, 7, [1, 1, 1]).forEach((time, i) => {
      expect(time / (plain[i] as number)).toBeCloseTo(1, 12);
    });
  });

  test('a clock under a shape: 2 in the first step, none in the second, 4 in the third, and again', () => {
    const ticks = times({ kind: 'deterministic' }, 1, 9, 2, [1, 0, 2]);
    [1, 2, 4.5, 5, 5.5, 6, 7, 8, 10.5].forEach((time, i) => {
      expect(ticks[i]).toBeCloseTo(time, 12);
    });
  });

  test('as many arrivals were expected by each as there were gaps: the integral of the rate is the unit process', () => {
    const rate = fc.double({ min: 1e-3, max: 50, noNaN: true });
    fc.assert(
      fc.property(multipliers, rate, fc.double({ min: 0.1, max: 1e4, noNaN: true }), (shape, perSecond, step) => {
        const unit = times(POISSON, 1, 60);
        const shaped = times(POISSON, perSecond, 60, step, shape);
        const perRound = shape.reduce((sum, value) => sum + value, 0);
        shaped.forEach((time, i) => {
          if (i > 0) expect(time).toBeGreaterThanOrEqual(shaped[i - 1] as number);
          const steps = Math.floor(time / step);
          const inRound = shape.slice(0, steps % shape.length).reduce((sum, value) => sum + value, 0);
          const whole = Math.floor(steps / shape.length) * perRound + inRound;
          const expected = (whole + (time / step - steps) * (shape[steps % shape.length] as number)) * step * perSecond;
          expect(Math.abs(expected / (unit[i] as number) - 1)).toBeLessThan(1e-6);
        });
      }),
    );
  });

  test('Poisson counts follow the shape within sampling error', () => {
    const counts = [0, 0, 0];
    for (const time of times(POISSON, 100, 300_000, 10, [0.5, 2, 0.5])) {
      const step = Math.floor(time / 10) % 3;
      counts[step] = (counts[step] as number) + 1;
    }
    [50_000, 200_000, 50_000].forEach((expected, step) => {
      expect(Math.abs((counts[step] as number) - expected)).toBeLessThan(5 * Math.sqrt(expected) + 2000);
    });
  });
});
