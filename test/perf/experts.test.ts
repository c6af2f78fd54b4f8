import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { touchedExpertShare } from '../../src/perf/experts.ts';

describe('experts touched', () => {
  test.each([
    ['8 experts, top 2, batch 8 touch 7.2', 8, 2, 8, 7.1991],
    ['one token touches its own', 128, 4, 1, 4],
    ['no token touches none', 8, 2, 0, 0],
    ['top 8 of 256 at batch 32: 256 · (1 − (31/32)^32)', 256, 8, 32, 163.3],
  ])('%s', (_, experts, perToken, tokens, touched) => {
    expect(experts * touchedExpertShare(experts, perToken, tokens)).toBeCloseTo(touched, 1);
  });

  test('more tokens never touch fewer, and never more than all', () => {
    const counts = fc.integer({ min: 1, max: 4096 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 512 }), counts, counts, (experts, tokens, more) => {
        const few = touchedExpertShare(experts, 1, tokens);
        const many = touchedExpertShare(experts, 1, tokens + more);
        expect(many).toBeGreaterThanOrEqual(few);
        expect(many).toBeLessThanOrEqual(1);
      }),
    );
  });
});
