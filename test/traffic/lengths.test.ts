import { describe, expect, test } from 'vitest';
import { lengthDistribution } from '../../src/scenario/resolve-lengths.ts';
import { lengthQuantile, secondMoment } from '../../src/traffic/lengths.ts';

describe('token counts', () => {
  test('a fixed length has no spread', () => {
    expect(lengthQuantile({ mean: 300, cv: 0 }, 0.99)).toBe(300);
    expect(secondMoment({ mean: 300, cv: 0 })).toBe(90_000);
  });

  test('a log-normal of mean 1,000 and cv 1 has its median at 1000/sqrt 2', () => {
    expect(lengthQuantile({ mean: 1000, cv: 1 }, 0.5)).toBeCloseTo(1000 / Math.SQRT2, 6);
    // exp(1.6449 sqrt(ln 2)) = 3.933 times the median.
    expect(lengthQuantile({ mean: 1000, cv: 1 }, 0.95)).toBeCloseTo(2780.7, 0);
    expect(secondMoment({ mean: 1000, cv: 1 })).toBe(2e6);
  });

  test('median and 95th percentile come back from mean and cv', () => {
    const length = lengthDistribution({ p50: 200, p95: 1500 });
    expect(lengthQuantile(length, 0.5)).toBeCloseTo(200, 6);
    expect(lengthQuantile(length, 0.95)).toBeCloseTo(1500, 6);
  });
});
