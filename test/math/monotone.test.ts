import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nonDecreasing } from '../../src/math/monotone.ts';

const series = fc.array(
  fc.integer({ min: -1000, max: 1000 }).map((value) => value / 8),
  { minLength: 1, maxLength: 60 },
);

/** Of neighbours with the same level: where they begin and end. */
function levels(values: readonly number[]): [from: number, to: number][] {
  const found: [number, number][] = [];
  values.forEach((value, i) => {
    const last = found.at(-1);
    if (last !== undefined && values[i - 1] === value) last[1] = i + 1;
    else found.push([i, i + 1]);
  });
  return found;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const distance = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0);

describe('the nearest series that does not fall', () => {
  test('by hand', () => {
    expect(nonDecreasing([])).toEqual([]);
    expect(nonDecreasing([1, 2, 2, 5])).toEqual([1, 2, 2, 5]);
    expect(nonDecreasing([3, 1, 2])).toEqual([2, 2, 2]);
    expect(nonDecreasing([1, 4, 2, 3, 9, 8])).toEqual([1, 3, 3, 3, 8.5, 8.5]);
  });

  test('does not fall, and leaves alone what does not', () => {
    fc.assert(
      fc.property(series, (values) => {
        const fitted = nonDecreasing(values);
        expect(fitted).toHaveLength(values.length);
        expect(fitted.every((value, i) => i === 0 || value >= (fitted[i - 1] as number))).toBe(true);
        const sorted = [...values].sort((a, b) => a - b);
        expect(nonDecreasing(sorted)).toEqual(sorted);
        expect(mean(fitted)).toBeCloseTo(mean(values), 9);
      }),
    );
  });

  // Kuhn and Tucker: within a level the partial means lie above its mean, so no cut into two levels would be nearer.
  test('each level is the mean of its values, whose beginning is never below it', () => {
    fc.assert(
      fc.property(series, (values) => {
        const fitted = nonDecreasing(values);
        for (const [from, to] of levels(fitted)) {
          const level = fitted[from] as number;
          expect(mean(values.slice(from, to))).toBeCloseTo(level, 9);
          for (let cut = from + 1; cut < to; cut++) {
            expect(mean(values.slice(from, cut))).toBeGreaterThanOrEqual(level - 1e-9);
          }
        }
      }),
    );
  });

  test('no other series that does not fall is nearer', () => {
    fc.assert(
      fc.property(series, fc.array(fc.nat({ max: 100 }), { minLength: 60, maxLength: 60 }), (values, rises) => {
        let height = -125;
        const other = values.map((_, i) => {
          height += (rises[i] as number) / 16;
          return height;
        });
        const fitted = nonDecreasing(values);
        expect(distance(fitted, values)).toBeLessThanOrEqual(distance(other, values) + 1e-9);
        const between = fitted.map((value, i) => 0.9 * value + 0.1 * (other[i] as number));
        expect(distance(fitted, values)).toBeLessThanOrEqual(distance(between, values) + 1e-9);
      }),
    );
  });
});
