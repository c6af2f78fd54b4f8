import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokensPerPass } from '../../src/serving/speculation.ts';

const draftCost = 0.1;

describe('tokens that a pass yields', () => {
  test('without proposals it is one', () => {
    expect(tokensPerPass(undefined)).toBe(1);
  });

  // Leviathan et al. 2023, eq. 1 at the acceptance and depth of their table 1.
  test.each([
    [0.6, 2, 1.96],
    [0.7, 3, 2.533],
    [0.8, 2, 2.44],
    [0.8, 5, 3.68928],
    [0.9, 2, 2.71],
    [0.9, 10, 6.861894],
    [0, 4, 1],
    [1, 4, 5],
  ])('at %d and a depth of %d: %d', (acceptance, depth, tokens) => {
    expect(tokensPerPass({ acceptance, depth, draftCost })).toBeCloseTo(tokens, 6);
  });

  test('is one, and one for each proposal times the chance that it and all before it were kept', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 64 }), (acceptance, depth) => {
        let mean = 0;
        for (let kept = depth; kept >= 0; kept--) mean += acceptance ** kept;
        const tokens = tokensPerPass({ acceptance, depth, draftCost });
        expect(tokens).toBeCloseTo(mean, 6);
        expect(tokens).toBeGreaterThanOrEqual(1);
        expect(tokens).toBeLessThanOrEqual(depth + 1);
      }),
      { numRuns: 2000 },
    );
  });
});
