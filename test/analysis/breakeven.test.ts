import { describe, expect, test } from 'vitest';
import {
  breakevenIntervals,
  breakevenMonth,
  isWonThroughout,
  mergedIntervals,
  type VolumeInterval,
  winningPart,
} from '../../src/analysis/breakeven.ts';
import { tableOf } from '../../src/analysis/tread-table.ts';
import type { CostTread } from '../../src/analysis/volume-cost.ts';

/** Treads of 100 tokens, each more GPU another 60 USD; tokens themselves cost `usdPerToken`. */
const staircase = (count: number, usdPerToken = 0): CostTread[] =>
  Array.from({ length: count }, (_, index) => ({
    from: index * 100,
    to: (index + 1) * 100,
    fixedUsd: (index + 1) * 60,
    usdPerToken,
  }));

describe('break-even volumes', () => {
  test('against 1 USD a token treads are won from 60, 120 and, merged, 200 on', () => {
    expect(breakevenIntervals(tableOf(staircase(3)), 1, 0)).toEqual([
      [60, 100],
      [120, 300],
    ]);
  });

  test('a token that costs as much as the API never pays', () => {
    expect(breakevenIntervals(tableOf(staircase(3, 1)), 1, 0)).toEqual([]);
    expect(breakevenIntervals(tableOf(staircase(3)), 0.5, 0)).toEqual([]);
  });

  test('a one-off cost moves every edge up, and may close a tread', () => {
    expect(breakevenIntervals(tableOf(staircase(3)), 1, 50)).toEqual([
      [170, 200],
      [230, 300],
    ]);
  });

  test('a tread without an end leaves the last interval open', () => {
    const endless = { from: 300, to: Number.POSITIVE_INFINITY, fixedUsd: 240, usdPerToken: 0 };
    expect(breakevenIntervals(tableOf([...staircase(3), endless]), 1, 0).at(-1)).toEqual([120, null]);
  });

  test('a tread whose tokens cost more than the API’s is won up to the crossing', () => {
    const overflow = { from: 100, to: 200, fixedUsd: -150, usdPerToken: 2 };
    expect(winningPart(overflow, 1, 0)).toEqual([100, 150]);
    expect(winningPart(overflow, 1, 60)).toBeUndefined();
    expect(isWonThroughout(overflow, 1, -50)).toBe(true);
  });
});

describe('two stretches of a staircase', () => {
  const near: VolumeInterval[] = [
    [1, 2],
    [4, 5],
  ];

  test('are one where they touch, and apart where they do not', () => {
    expect(mergedIntervals(near, [[5, null]])).toEqual([
      [1, 2],
      [4, null],
    ]);
    expect(mergedIntervals(near, [[6, null]])).toEqual([...near, [6, null]]);
    expect(mergedIntervals([], [[6, 7]])).toEqual([[6, 7]]);
  });
});

describe('break-even month', () => {
  test('is the first whose sums meet', () => {
    expect(breakevenMonth(100, [10, 10, 10, 10], [50, 50, 60, 60])).toBe(3);
    expect(breakevenMonth(0, [10], [10])).toBe(1);
    expect(breakevenMonth(1, [10, 10], [10, 10])).toBeNull();
  });
});
