import { describe, expect, test } from 'vitest';
import { normalProbability, normalQuantile } from '../../src/math/normal.ts';
import { largestWhere } from '../../src/math/root.ts';

describe('normal quantiles', () => {
  // Table values of the standard normal distribution.
  test.each([
    [0.5, 0],
    [0.9, 1.281_551_566],
    [0.95, 1.644_853_627],
    [0.975, 1.959_963_985],
    [0.99, 2.326_347_874],
    [0.999, 3.090_232_306],
  ])('at %d: %d, and the same below the middle', (probability, quantile) => {
    expect(normalQuantile(probability)).toBeCloseTo(quantile, 7);
    expect(normalQuantile(1 - probability)).toBeCloseTo(-quantile, 7);
  });

  test.each([0, 1, -1, Number.NaN])('none at %d', (probability) => {
    expect(() => normalQuantile(probability)).toThrow(RangeError);
  });
});

describe('bisection', () => {
  test('finds where a condition ends', () => {
    expect(largestWhere((x) => x * x <= 2, 0, 4)).toBeCloseTo(Math.SQRT2, 12);
  });

  test('says so when it holds everywhere, or nowhere', () => {
    expect(largestWhere(() => true, 0, 4)).toBe(4);
    expect(largestWhere(() => false, 0, 4)).toBeUndefined();
  });
});

test('the probability below a quantile is the one asked for', () => {
  for (const probability of [1e-6, 0.01, 0.3, 0.5, 0.9, 0.999]) {
    expect(normalProbability(normalQuantile(probability)) / probability).toBeCloseTo(1, 6);
  }
  // Abramowitz and Stegun, table 26.1.
  expect(normalProbability(1)).toBeCloseTo(0.841_344_746_068_543, 14);
  expect(normalProbability(-40)).toBe(0);
  expect(normalProbability(40)).toBe(1);
});
