import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logGamma } from '../../src/math/log-gamma.ts';

describe('logarithm of the gamma function', () => {
  test('factorials', () => {
    for (let n = 1, factorial = 1; n <= 20; factorial *= n++) expect(logGamma(n)).toBeCloseTo(Math.log(factorial), 12);
  });

  // Γ(1/2) = √π, Γ(1/4) = 3.6256099082 (Abramowitz and Stegun, table 6.1), ln Γ(100) = ln 99! = 359.1342053696.
  test.each([
    [0.5, Math.log(Math.PI) / 2],
    [0.25, Math.log(3.625_609_908_2)],
    [100, 359.134_205_369_575_4],
  ])('at %d', (x, expected) => expect(logGamma(x)).toBeCloseTo(expected, 9));

  // Legendre: Γ(x)·Γ(x + 1/2) = 2^(1 − 2x)·√π·Γ(2x).
  test('doubles its argument as Legendre says', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 500, noNaN: true }), (x) => {
        const doubled = (1 - 2 * x) * Math.LN2 + Math.log(Math.PI) / 2 + logGamma(2 * x);
        expect(Math.abs(logGamma(x) + logGamma(x + 0.5) - doubled)).toBeLessThan(1e-12 * (1 + Math.abs(doubled)));
      }),
    );
  });

  test.each([0, -1, Number.NaN])('none at %d', (x) => expect(() => logGamma(x)).toThrow(RangeError));
});
