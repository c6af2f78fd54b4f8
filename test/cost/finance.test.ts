import { describe, expect, test } from 'vitest';
import { annualCapitalCharge, monthlyRate, netPresentValue } from '../../src/cost/finance.ts';

describe('present value', () => {
  test('10 % a year is 0.7974 % a month', () => {
    // Annuity tables: 1.10^(1/12) = 1.0079741.
    expect(monthlyRate(0.1)).toBeCloseTo(0.007_974_1, 7);
    expect(monthlyRate(0)).toBe(0);
  });

  test('of 100 a month for a year at 12.6825 %, 1 % a month, is 1,125.51', () => {
    // Present value of an annuity of 1 for 12 periods at 1 %: 11.2551.
    expect(netPresentValue(0, new Array(12).fill(100), 1.01 ** 12 - 1)).toBeCloseTo(1125.51, 2);
  });

  test('a sum now counts in full, a sum in a year at one over 1 + r', () => {
    expect(netPresentValue(5000, [], 0.1)).toBe(5000);
    const inAYear = [...new Array(11).fill(0), 110];
    expect(netPresentValue(0, inAYear, 0.1)).toBeCloseTo(100, 9);
  });
});

test('a cost of capital too small to be told from none is the straight line', () => {
  for (const annual of [0, 5e-324, 1e-300, 1e-17]) expect(annualCapitalCharge(1200, 200, 1 / 12, annual)).toBe(12_000);
  expect(annualCapitalCharge(1200, 200, 1 / 12, 1e-9)).toBeCloseTo(12_000, 3);
});
