import { expect, test } from 'vitest';
import { sampleQuantile } from '../../src/math/quantile.ts';

test('between two values in proportion, as numpy has it', () => {
  expect(sampleQuantile([3, 1, 2], 0.5)).toBe(2);
  expect(sampleQuantile([4, 1, 2, 3], 0.5)).toBe(2.5);
  expect(sampleQuantile([1, 2, 3, 4, 5], 0.9)).toBeCloseTo(4.6, 12);
  expect(sampleQuantile([7], 0.99)).toBe(7);
  expect(sampleQuantile([], 0.5)).toBeNaN();
});
