import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evenStream, randomStream } from '../../src/math/rng.ts';
import { correlationOf, draws, sampleMoments } from '../traffic/sample-moments.ts';

const MASK = 0xffffffffn;

/** FNV-1a with the final mix of MurmurHash3, in unbounded integers. */
function plainHash(text: string, start: bigint): bigint {
  let hash = start;
  for (const letter of text) hash = ((hash ^ BigInt(letter.charCodeAt(0))) * 0x01000193n) & MASK;
  hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & MASK;
  hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & MASK;
  return hash ^ (hash >> 16n);
}

/** sfc32 as PractRand writes it down, one word at a time, in unbounded integers. */
function plainStream(seed: number, name: string): () => number {
  let a = plainHash(name, 0x811c9dc5n);
  let b = plainHash(name, 0x9e3779b9n);
  let c = BigInt(seed) & MASK;
  let counter = (BigInt(seed) >> 32n) ^ 1n;
  const word = (): bigint => {
    const out = (a + b + counter++) & MASK;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & MASK;
    c = ((((c << 21n) | (c >> 11n)) & MASK) + out) & MASK;
    return out;
  };
  for (let i = 0; i < 16; i++) word();
  return () => {
    const high = word() >> 5n;
    return Number((high << 26n) | (word() >> 6n)) / 2 ** 53;
  };
}

describe('random streams', () => {
  test('sfc32, number by number', () => {
    const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(seeds, fc.string({ unit: 'grapheme-ascii' }), (seed, name) => {
        const plain = plainStream(seed, name);
        expect(draws(200, randomStream(seed, name))).toEqual(draws(200, plain));
      }),
      { numRuns: 40 },
    );
  });

  test('a seed keeps its meaning', () => {
    expect(draws(3, randomStream(42, 'gaps'))).toEqual([0.7640845557908574, 0.11148014947045382, 0.9221325054575843]);
  });

  // Uniform on [0, 1): mean 1/2, variance 1/12, skewness 0, excess kurtosis -6/5.
  test('uniform to the fourth moment', () => {
    const { mean, cv, skewness, kurtosis } = sampleMoments(draws(400_000, randomStream(1, 'moments')));
    expect(mean).toBeCloseTo(0.5, 2);
    expect(cv).toBeCloseTo(1 / Math.sqrt(3), 2);
    expect(skewness).toBeCloseTo(0, 1);
    expect(kurtosis).toBeCloseTo(-1.2, 2);
  });

  test('fills a hundred bins evenly', () => {
    const bins = new Array<number>(100).fill(0);
    const uniform = randomStream(7, 'bins');
    for (let i = 0; i < 1_000_000; i++) {
      const bin = Math.floor(uniform() * 100);
      bins[bin] = (bins[bin] as number) + 1;
    }
    const chiSquared = bins.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    // 0.1 % and 99.9 % of chi-squared with 99 degrees of freedom.
    expect(chiSquared).toBeGreaterThan(60.4);
    expect(chiSquared).toBeLessThan(149);
  });

  test.each([
    ['another name', randomStream(1, 'output lengths')],
    ['a close name', randomStream(1, 'gapt')],
    ['the next seed', randomStream(2, 'gaps')],
    ['a seed that differs above 32 bits', randomStream(1 + 2 ** 32, 'gaps')],
  ])('%s is another stream', (_, other) => {
    const correlation = correlationOf(draws(100_000, randomStream(1, 'gaps')), draws(100_000, other));
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(100_000));
  });
});

describe('a stream that is spread evenly', () => {
  test('has one number in each part, whatever the seed, and another order for each', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 1, max: 500 }), (seed, count) => {
        const sorted = draws(count, evenStream(seed, 'gaps', count)).sort((a, b) => a - b);
        sorted.forEach((value, i) => {
          expect(value).toBeGreaterThanOrEqual(i / count);
          expect(value).toBeLessThan((i + 1) / count);
        });
      }),
    );
    expect([...draws(100, evenStream(1, 'gaps', 100))]).not.toEqual([...draws(100, evenStream(2, 'gaps', 100))]);
  });

  test('neighbours are as good as independent, and so are those beyond its count', () => {
    const count = 100_000;
    const uniform = evenStream(5, 'gaps', count);
    const numbers = Array.from(draws(2 * count, uniform));
    for (const from of [0, count]) {
      const part = numbers.slice(from, from + count);
      expect(Math.abs(correlationOf(part.slice(1), part.slice(0, -1)))).toBeLessThan(4 / Math.sqrt(count));
    }
    expect(sampleMoments(numbers.slice(0, count)).mean).toBeCloseTo(0.5, 6);
  });
});
