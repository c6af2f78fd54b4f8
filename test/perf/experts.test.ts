import { randomGamma } from 'd3-random';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { touchedExpertShare } from '../../src/perf/experts.ts';

/** A small generator of numbers in [0, 1), for the draws below only. */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

describe('experts touched', () => {
  test.each([
    ['8 experts, top 2, batch 8 touch 7.2', 8, 2, 8, 7.1991],
    ['one token touches its own', 128, 4, 1, 4],
    ['no token touches none', 8, 2, 0, 0],
    ['top 8 of 256 at batch 32: 256 · (1 − (31/32)^32)', 256, 8, 32, 163.3],
  ])('%s', (_, experts, perToken, tokens, touched) => {
    expect(experts * touchedExpertShare(experts, perToken, tokens)).toBeCloseTo(touched, 1);
  });

  test.each([0.3, 0.8, 2])(
    'popularities of squared variation %d: a draw of experts by popularity touches as many',
    (dispersion) => {
      const [experts, tokens, perToken] = [64, 24, 1];
      const shape = 1 / dispersion;
      const random = randomGamma.source(xorshift(7))(shape, dispersion);
      let touched = 0;
      const trials = 4000;
      for (let trial = 0; trial < trials; trial++) {
        // A Poisson number of visits at popularity · T · k / E, of which the zero probability is the negative binomial's.
        for (let e = 0; e < experts; e++) touched += 1 - Math.exp((-random() * tokens * perToken) / experts);
      }
      const expected = touchedExpertShare(experts, perToken, tokens, dispersion);
      expect(touched / (trials * experts)).toBeCloseTo(expected, 1.9);
    },
  );

  test('one token touches its own experts however skewed, and skew touches fewer', () => {
    expect(touchedExpertShare(128, 4, 1, 1.5)).toBeCloseTo(4 / 128, 12);
    expect(touchedExpertShare(128, 4, 32, 1e-6)).toBeCloseTo(touchedExpertShare(128, 4, 32), 5);
    expect(touchedExpertShare(128, 4, 32, 1.5)).toBeLessThan(touchedExpertShare(128, 4, 32));
  });

  test('more tokens never touch fewer, and never more than all', () => {
    const counts = fc.integer({ min: 1, max: 4096 });
    const skew = fc.double({ min: 0.01, max: 10, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 512 }), counts, counts, skew, (experts, tokens, more, v) => {
        const few = touchedExpertShare(experts, 1, tokens, v);
        const many = touchedExpertShare(experts, 1, tokens + more, v);
        expect(many).toBeGreaterThanOrEqual(few);
        expect(many).toBeLessThanOrEqual(1);
      }),
    );
  });
});
