import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstReaching, largestWhere } from '../../src/math/root.ts';

/** A function that never falls, from steps and slopes at random places. */
const rising = fc
  .array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      by: fc.double({ min: 0, max: 1, noNaN: true }),
      width: fc.constantFrom(0, 1e-6, 0.01, 0.3),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((parts) => (x: number) => {
    const reached = (at: number, width: number) =>
      width === 0 ? Number(x >= at) : Math.min(1, Math.max(0, (x - at) / width));
    return parts.reduce((sum, { at, by, width }) => sum + by * reached(at, width), 0);
  });

describe('where a rising function first reaches a value', () => {
  it('agrees with halving alone, at jumps, on plains and on slopes', () => {
    fc.assert(
      fc.property(rising, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (f, share) => {
        const value = share * f(2);
        fc.pre(value > 0 && f(0.001) < value);
        const found = firstReaching(f, value, 0.001, 2, 1e-9);
        const below = largestWhere((x) => f(x) < value, 0.001, 2) as number;
        expect(f(found)).toBeGreaterThanOrEqual(value);
        expect(Math.abs(found - below)).toBeLessThanOrEqual(2e-9 * found);
      }),
    );
  });

  it('takes a few looks where the function is made of straight pieces', () => {
    let looks = 0;
    const f = (x: number) => {
      looks++;
      return x < 0.4 ? x : 0.4 + 5 * (x - 0.4);
    };
    expect(firstReaching(f, 0.9, 0.1, 1, 1e-9)).toBeCloseTo(0.5, 8);
    expect(looks).toBeLessThan(16);
  });

  it('is the lower end where the value is reached there already', () => {
    expect(firstReaching(() => 1, 1, 3, 4, 1e-9)).toBe(3);
  });

  it('comes to an end beside 0, where numbers run out before the tolerance is met', () => {
    expect(firstReaching((x) => Number(x > 0), 0.5, 0, 1, 1e-9)).toBeLessThan(1e-300);
  });
});
