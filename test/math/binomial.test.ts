import { describe, expect, test } from 'vitest';
import { atLeast, binomialWindow } from '../../src/math/binomial.ts';

describe('binomial', () => {
  test('four tosses of a coin: 1 4 6 4 1 of 16', () => {
    const expected = [1, 4, 6, 4, 1].map((ways) => ways / 16);
    const { from, mass } = binomialWindow(4, 0.5);
    expect(from).toBe(0);
    for (const [wins, chance] of mass.entries()) expect(chance).toBeCloseTo(expected[wins] as number, 15);
  });

  test('certain outcomes', () => {
    expect(binomialWindow(3, 1)).toEqual({ from: 3, mass: [1] });
    expect(binomialWindow(3, 0)).toEqual({ from: 0, mass: [1] });
    expect([atLeast(3, 4, 0.5), atLeast(3, 0, 0), atLeast(3, 3, 1), atLeast(3, 1, 0)]).toEqual([0, 1, 1, 0]);
  });

  test('two of two, one of two, at 99.5 %', () => {
    expect(atLeast(2, 2, 0.995)).toBeCloseTo(0.995 ** 2, 15);
    expect(atLeast(2, 1, 0.995)).toBeCloseTo(1 - 0.005 ** 2, 15);
  });

  test('large fleets keep their mean, spread and both ways of summing', () => {
    const { from, mass } = binomialWindow(100_000, 0.9);
    expect(mass.length).toBeLessThan(3000);
    let [sum, mean, square] = [0, 0, 0];
    for (const [index, chance] of mass.entries()) {
      const wins = from + index;
      sum += chance;
      mean += wins * chance;
      square += wins * wins * chance;
    }
    expect(sum).toBeCloseTo(1, 12);
    expect(mean).toBeCloseTo(90_000, 4);
    expect(square - mean * mean).toBeCloseTo(9000, 0);
    expect(atLeast(5000, 4500, 0.9)).toBeCloseTo(0.5, 1);
    expect(atLeast(100_000, 90_000, 0.9)).toBeCloseTo(0.5, 2);
  });
});
