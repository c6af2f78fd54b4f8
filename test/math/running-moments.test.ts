import { expect, test } from 'vitest';
import { CountTable, quantileOfCounts } from '../../src/math/count-table.ts';
import { IdSet } from '../../src/math/id-set.ts';
import { sampleQuantile } from '../../src/math/quantile.ts';
import { RunningCorrelation, RunningMoments } from '../../src/math/running-moments.ts';

test('mean and spread, far from zero too', () => {
  for (const offset of [0, 1e9]) {
    const moments = new RunningMoments();
    for (const value of [4, 7, 13, 16]) moments.add(offset + value);
    expect(moments.mean).toBe(offset + 10);
    expect(moments.variance()).toBeCloseTo(22.5, 9);
  }
  expect(new RunningMoments().cv()).toBeUndefined();
});

test('correlation: along a line, against it, and of what does not vary', () => {
  const of = (pairs: readonly (readonly [number, number])[]) => {
    const correlation = new RunningCorrelation();
    for (const [x, y] of pairs) correlation.add(x, y);
    return correlation.value();
  };
  expect(
    of([
      [1, 10],
      [2, 20],
      [3, 30],
    ]),
  ).toBeCloseTo(1, 12);
  expect(
    of([
      [1, 3],
      [2, 2],
      [3, 1],
    ]),
  ).toBeCloseTo(-1, 12);
  // Anscombe's first set, published r = 0.816.
  const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
  const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
  expect(of(x.map((value, i) => [value, y[i] as number]))).toBeCloseTo(0.81642, 5);
  expect(
    of([
      [1, 1],
      [1, 2],
    ]),
  ).toBeUndefined();
});

test('quantiles of counts are those of the sample, for small and large values', () => {
  const sample = [3, 3, 8, 70_000, 1e8, 0, 8, 8, 65_535, 65_536];
  const table = new CountTable();
  for (const value of sample) table.add(value);
  for (const share of [0, 0.1, 0.5, 0.77, 0.99, 1]) {
    expect(quantileOfCounts(table.rows(), share)).toBeCloseTo(sampleQuantile(sample, share), 6);
  }
  expect([table.countOf(8), table.countOf(70_000), table.countOf(9)]).toEqual([3, 1, 0]);
});

test('a set of numbers, beyond 32 bits too', () => {
  const set = new IdSet();
  const ids = [0, 31, 32, 63, 2 ** 31, 2 ** 40 + 5];
  expect(ids.map((id) => set.add(id))).toEqual(ids.map(() => true));
  expect(ids.map((id) => set.add(id))).toEqual(ids.map(() => false));
  expect([set.size, set.has(31), set.has(30), set.has(2 ** 40 + 5), set.has(2 ** 40 + 4)]).toEqual([
    6,
    true,
    false,
    true,
    false,
  ]);
});
