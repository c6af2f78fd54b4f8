import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, nearestName } from '../../src/math/edit-distance.ts';

describe('distance', () => {
  // kitten and Saturday: the examples of the article on Levenshtein distance in Wikipedia; CA and ABC: of that on
  // Damerau's, where the restricted form gives 3.
  test.each([
    ['kitten', 'sitting', 3],
    ['saturday', 'sunday', 3],
    ['ca', 'abc', 3],
    ['gpu', 'gup', 1],
    ['', 'abc', 3],
    ['same', 'same', 0],
  ])('%s to %s is %i', (a, b, distance) => expect(editDistance(a, b)).toBe(distance));
  test('is symmetric, zero only between equals, and at most the longer length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });
});

describe('the nearest name', () => {
  const ids = ['h100-sxm5-80gb', 'h200-sxm-141gb', 'aws-p5-h100', 'l4', 'l40s'];
  test.each([
    ['h100-sxm-80gb', 'h100-sxm5-80gb'],
    ['H100-SXM5-80GB', 'h100-sxm5-80gb'],
    ['h100', 'h100-sxm5-80gb'],
    ['l40', 'l40s'],
    ['tpu-v5', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
  ])('to %s', (word, name) => expect(nearestName(word, ids)).toBe(name));
});
