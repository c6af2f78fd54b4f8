import { describe, expect, test } from 'vitest';
import { alwaysWinsBeyond, breakevenIntervals, breakevenMonth } from '../../src/analysis/breakeven.ts';
import type { CostTread } from '../../src/analysis/volume-cost.ts';

/** Treads of 100 tokens, each more GPU another 60 USD; tokens themselves cost `usdPerToken`. */
const staircase = (count: number, usdPerToken = 0): CostTread[] =>
  Array.from({ length: count }, (_, index) => ({
    from: index * 100,
    to: (index + 1) * 100,
    gpus: index + 1,
    fixedUsd: (index + 1) * 60,
    usdPerToken,
  }));

describe('break-even volumes', () => {
  test('against 1 USD a token treads are won from 60, 120 and, merged, 200 on', () => {
    expect(breakevenIntervals(staircase(3), 1, 0, false)).toEqual([
      [60, 100],
      [120, 300],
    ]);
  });

  test('a token that costs as much as the API never pays', () => {
    expect(breakevenIntervals(staircase(3, 1), 1, 0, true)).toEqual([]);
    expect(breakevenIntervals(staircase(3), 0.5, 0, false)).toEqual([]);
  });

  test('a one-off cost moves every edge up, and may close a tread', () => {
    expect(breakevenIntervals(staircase(3), 1, 50, false)).toEqual([
      [170, 200],
      [230, 300],
    ]);
  });

  test('the last interval is open where the far treads are won from their first token', () => {
    const far = [{ from: 9900, to: 10_000, gpus: 100, fixedUsd: 6000, usdPerToken: 0 }];
    expect(alwaysWinsBeyond(far, 1, 0)).toBe(true);
    expect(alwaysWinsBeyond(far, 0.602, 0)).toBe(false);
    expect(breakevenIntervals(staircase(3), 1, 0, true).at(-1)?.[1]).toBeNull();
  });
});

describe('break-even month', () => {
  test('is the first whose sums meet', () => {
    expect(breakevenMonth(100, [10, 10, 10, 10], [50, 50, 60, 60])).toBe(3);
    expect(breakevenMonth(0, [10], [10])).toBe(1);
    expect(breakevenMonth(1, [10, 10], [10, 10])).toBeNull();
  });
});
