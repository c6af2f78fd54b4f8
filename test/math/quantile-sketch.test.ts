import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampleQuantile } from '../../src/math/quantile.ts';
import { QuantileSketch } from '../../src/math/quantile-sketch.ts';
import { plainRandom } from '../oracles/plain-replica.ts';

const SHARES = [0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];

/** Values kept one by one, and how far off a quantile may be beyond. */
const EXACT = 65_536;
const RELATIVE = 0.0005;

function sketchOf(values: ArrayLike<number>): QuantileSketch {
  const sketch = new QuantileSketch();
  for (let i = 0; i < values.length; i++) sketch.add(values[i] as number);
  return sketch;
}

/** Positive values over many orders of magnitude, or close together. */
function draw(count: number, seed: number, spread: number): Float64Array {
  const random = plainRandom(seed);
  return Float64Array.from({ length: count }, () => Math.exp(spread * (random() + random() + random() - 1.5)));
}

/** The value of a rank, counted from 0, taken by sorting. */
const ofRank = (values: Float64Array, share: number) =>
  Float64Array.from(values).sort()[Math.floor(share * (values.length - 1))] as number;

describe('quantiles of a stream', () => {
  test('are those of the sorted sample while there are few', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 600, size: 'max' }),
        (values) => {
          const sketch = sketchOf(values);
          for (const share of SHARES) expect(sketch.quantile(share)).toBe(sampleQuantile(values, share));
          expect(sketch.mean()).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 6);
          expect(sketch.count).toBe(values.length);
        },
      ),
    );
  });

  test('stay exact when asked for while values still come', () => {
    const values = draw(3000, 5, 4);
    const sketch = new QuantileSketch();
    values.forEach((value, i) => {
      sketch.add(value);
      if (i % 271 === 0) {
        expect(sketch.quantile(0.9)).toBe(sampleQuantile(values.subarray(0, i + 1), 0.9));
      }
    });
  });

  test('there are none of nothing', () => {
    expect(new QuantileSketch().quantile(0.5)).toBeUndefined();
    expect(new QuantileSketch().mean()).toBeUndefined();
  });

  test('are exact to the 65,536th value', () => {
    const values = draw(EXACT, 1, 3);
    const sketch = sketchOf(values);
    for (const share of SHARES) expect(sketch.quantile(share)).toBe(sampleQuantile(values, share));
  });

  test.each([
    ['close together', 0.01],
    ['as latencies are', 1],
    ['from a billionth to a billion', 13.5],
  ])('are within 0.05 percent beyond, of values %s', (_, spread) => {
    const values = draw(EXACT + 20_000, 3, spread);
    const sketch = sketchOf(values);
    for (const share of SHARES) {
      const truth = ofRank(values, share);
      expect(Math.abs((sketch.quantile(share) as number) / truth - 1)).toBeLessThanOrEqual(RELATIVE);
    }
    expect(sketch.count).toBe(values.length);
  });

  test('zero and what is beyond all bounds keep their places', () => {
    const sketch = new QuantileSketch();
    for (let i = 0; i < EXACT; i++) sketch.add(i % 2 === 0 ? 0 : 1e300);
    for (let i = 0; i < 2 * EXACT; i++) sketch.add(1);
    expect(sketch.quantile(0)).toBeLessThan(1e-9);
    expect(sketch.quantile(0.5)).toBeCloseTo(1, 3);
    expect(sketch.quantile(1)).toBeGreaterThan(1e10);
  });

  // Exact and beyond, in all four combinations of the one that takes in and the one that is taken in.
  test.each([
    [100, 200],
    [40_000, 40_000],
    [70_000, 100],
    [100, 70_000],
    [70_000, 80_000],
  ])('of %d values and of %d values add up to those of all', (first, second) => {
    const values = draw(first + second, 11, 5);
    const whole = sketchOf(values);
    const sum = sketchOf(values.subarray(0, first));
    sum.merge(sketchOf(values.subarray(first)));
    for (const share of SHARES) expect(sum.quantile(share)).toBe(whole.quantile(share));
    expect(sum.count).toBe(whole.count);
    expect(sum.mean()).toBeCloseTo(whole.mean() as number, 9);
  });

  test('take memory that no longer grows', () => {
    const sketch = sketchOf(draw(EXACT + 1, 7, 3));
    const held = () =>
      Object.values(sketch).reduce((sum, part) => sum + (ArrayBuffer.isView(part) ? part.byteLength : 0), 0);
    const before = held();
    for (let i = 0; i < 1_000_000; i++) sketch.add(i / 1000);
    expect(held()).toBe(before);
    expect(before).toBeLessThan(1 << 20);
  });
});
