import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../src/math/rng.ts';
import type { LengthDistribution, RequestMix } from '../../src/scenario/plan.ts';
import { type LengthLimits, lengthDraw, mixLengths, wholeTokens } from '../../src/traffic/draw-lengths.ts';
import { lengthQuantile } from '../../src/traffic/lengths.ts';
import { emptyDraft } from '../../src/traffic/request-source.ts';
import { correlationOf, draws, offBy, sampleMoments } from './sample-moments.ts';

const COUNT = 200_000;

function lengths(length: LengthDistribution, count = COUNT): number[] {
  const { at } = lengthDraw(length);
  const uniform = randomStream(5, 'lengths');
  return draws(count, () => at(uniform()));
}

interface Drawn {
  input: number[];
  output: number[];
  cached: number[];
}

function drawn(mix: RequestMix, count: number, limits: LengthLimits = {}, seed = 11): Drawn {
  const write = mixLengths(mix, seed, limits);
  const draft = emptyDraft();
  const all: Drawn = { input: [], output: [], cached: [] };
  for (let i = 0; i < count; i++) {
    write(draft);
    all.input.push(draft.input);
    all.output.push(draft.output);
    all.cached.push(draft.cached);
  }
  return all;
}

const CHAT: RequestMix = { input: { mean: 2000, cv: 0.8 }, output: { mean: 300, cv: 0.6 }, cachedInput: 0 };

describe('single lengths', () => {
  test('whole numbers, the nearest, at least 1', () => {
    expect([921.6, 921.4, 0.2, 0, 1e12].map(wholeTokens)).toEqual([922, 921, 1, 1, 2 ** 30 - 1]);
    expect(lengths({ mean: 921.6, cv: 0 }, 2)).toEqual([922, 922]);
  });

  // Of a log-normal with w = 1 + cv²: skewness (w + 2)·√(w − 1), excess kurtosis w⁴ + 2w³ + 3w² − 6.
  test.each([0.2, 0.5])('log-normal, cv %d, to the fourth moment', (cv) => {
    const w = 1 + cv * cv;
    const found = sampleMoments(lengths({ mean: 3000, cv }));
    expect(Math.abs(found.mean / 3000 - 1)).toBeLessThan((4 * cv) / Math.sqrt(COUNT));
    expect(offBy(found.cv, cv)).toBeLessThan(0.015);
    expect(offBy(found.skewness, (w + 2) * Math.sqrt(w - 1))).toBeLessThan(0.05);
    expect(offBy(found.kurtosis, w ** 4 + 2 * w ** 3 + 3 * w ** 2 - 6)).toBeLessThan(0.1);
  });

  test('the logarithm of a wide log-normal is normal to the fourth moment', () => {
    const found = sampleMoments(lengths({ mean: 1e7, cv: 2 }).map(Math.log));
    expect(found.mean).toBeCloseTo(Math.log(1e7) - Math.log(5) / 2, 2);
    expect(found.mean * found.cv).toBeCloseTo(Math.sqrt(Math.log(5)), 2);
    expect(found.skewness).toBeCloseTo(0, 1);
    expect(found.kurtosis).toBeCloseTo(0, 1);
  });

  test('log-normals are drawn by the quantiles that the closed form reads', () => {
    const length = { mean: 5000, cv: 1.2 };
    for (const p of [0.001, 0.3, 0.5, 0.95, 0.999]) {
      expect(lengthDraw(length).at(p)).toBe(wholeTokens(lengthQuantile(length, p)));
    }
    expect(lengthDraw(length).at(0)).toBe(1);
  });

  // Whole numbers from a to b, n of them: variance (n² − 1)/12, skewness 0, excess kurtosis −6(n² + 1)/(5(n² − 1)).
  test('uniform, both ends included, to the fourth moment', () => {
    const values = lengths({ mean: 5.5, cv: 1, draw: { kind: 'uniform', low: 4, high: 7 } });
    const found = sampleMoments(values);
    expect([Math.min(...new Set(values)), Math.max(...new Set(values))]).toEqual([4, 7]);
    expect(found.mean).toBeCloseTo(5.5, 2);
    expect(found.mean * found.cv).toBeCloseTo(Math.sqrt(15 / 12), 2);
    expect(found.skewness).toBeCloseTo(0, 1);
    expect(found.kurtosis).toBeCloseTo((-6 * 17) / (5 * 15), 2);
  });

  test('a list: each of its lengths as often as it is there', () => {
    const values = lengths({ mean: 0, cv: 1, draw: { kind: 'list', lengths: [500, 7, 7, 0.4] } });
    const share = (length: number) => values.filter((value) => value === length).length / COUNT;
    expect([share(1), share(7), share(500)].map((value) => Math.round(value * 100))).toEqual([25, 50, 25]);
  });

  test('are whole, at least 1, and no shorter for a larger random number', () => {
    const length: fc.Arbitrary<LengthDistribution> = fc.oneof(
      fc.record({
        mean: fc.double({ min: 0.1, max: 1e8, noNaN: true }),
        cv: fc.double({ min: 0, max: 20, noNaN: true }),
      }),
      fc.tuple(fc.nat(1e5), fc.nat(1e5)).map(([low, more]) => ({
        mean: low + more / 2,
        cv: 1,
        draw: { kind: 'uniform' as const, low, high: low + more },
      })),
      fc.array(fc.double({ min: 0, max: 1e8, noNaN: true }), { minLength: 1 }).map((values) => ({
        mean: 1,
        cv: 1,
        draw: { kind: 'list' as const, lengths: values },
      })),
    );
    const probability = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(length, probability, probability, (distribution, p, q) => {
        const { at } = lengthDraw(distribution);
        const [low, high] = [at(Math.min(p, q)), at(Math.max(p, q))];
        expect(Number.isSafeInteger(low) && low >= 1).toBe(true);
        expect(high).toBeGreaterThanOrEqual(low);
      }),
    );
  });
});

describe('lengths of requests', () => {
  test('input and output are drawn by themselves', () => {
    const { input, output } = drawn(CHAT, COUNT);
    expect(Math.abs(correlationOf(input.map(Math.log), output.map(Math.log)))).toBeLessThan(4 / Math.sqrt(COUNT));
    expect(drawn({ ...CHAT, output: { mean: 9, cv: 3 } }, 50).input).toEqual(drawn(CHAT, 50).input);
    expect(drawn({ ...CHAT, input: { mean: 9, cv: 0 } }, 50).output).toEqual(drawn(CHAT, 50).output);
  });

  test.each([-0.4, 0.7, 1])('logarithms correlate as asked: %d', (correlation) => {
    const { input, output } = drawn({ ...CHAT, correlation }, COUNT);
    expect(correlationOf(input.map(Math.log), output.map(Math.log))).toBeCloseTo(correlation, 2);
    expect(sampleMoments(output).mean / 300).toBeCloseTo(1, 2);
    expect(sampleMoments(output).cv).toBeCloseTo(0.6, 1);
    expect(input).toEqual(drawn(CHAT, COUNT).input);
  });

  test('other distributions keep their shape under a correlation', () => {
    const uniform: LengthDistribution = { mean: 150, cv: 1 / 3, draw: { kind: 'uniform', low: 100, high: 199 } };
    const { input, output } = drawn({ input: uniform, output: uniform, cachedInput: 0, correlation: 0.8 }, COUNT);
    expect(sampleMoments(output).mean).toBeCloseTo(149.5, 0);
    expect(sampleMoments(output).mean * sampleMoments(output).cv).toBeCloseTo(Math.sqrt(9999 / 12), 0);
    // Spearman's rank correlation of a Gaussian copula: 6/π·asin(ρ/2).
    expect(correlationOf(input, output)).toBeCloseTo((6 / Math.PI) * Math.asin(0.4), 2);
  });

  test('pairs stay together', () => {
    const pairs = { input: [10, 20, 30], output: [1, 2, 3] };
    const { input, output } = drawn({ ...CHAT, pairs }, 3000);
    expect(input).toEqual(output.map((length) => length * 10));
    expect(new Set(input)).toEqual(new Set([10, 20, 30]));
  });

  test('the cached share is rounded, and leaves the last token', () => {
    const fixed = (input: number, cachedInput: number): RequestMix => ({
      input: { mean: input, cv: 0 },
      output: { mean: 1, cv: 0 },
      cachedInput,
    });
    expect(drawn(fixed(10, 0.36), 1).cached).toEqual([4]);
    expect(drawn(fixed(10, 1), 1).cached).toEqual([9]);
    expect(drawn(fixed(1, 1), 1).cached).toEqual([0]);
    expect(drawn(fixed(10, 1), 1, { prefixes: 'kept' }).cached).toEqual([0]);
  });

  test('what is too long is cut in the prompt first', () => {
    const mix = (input: number, output: number): RequestMix => ({
      input: { mean: input, cv: 0 },
      output: { mean: output, cv: 0 },
      cachedInput: 0,
    });
    const cut = (input: number, output: number) => {
      const { input: prompts, output: answers } = drawn(mix(input, output), 1, { longest: 100 });
      return [prompts[0], answers[0]];
    };
    expect([cut(60, 40), cut(70, 40), cut(5, 200), cut(500, 100)]).toEqual([
      [60, 40],
      [60, 40],
      [1, 99],
      [1, 99],
    ]);
  });

  test('always fit, with less cached than there is', () => {
    const one = fc.record({ mean: fc.integer({ min: 1, max: 1e5 }), cv: fc.double({ min: 0, max: 5, noNaN: true }) });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(one, one, share, fc.integer({ min: 2, max: 1e5 }), (input, output, cachedInput, longest) => {
        const all = drawn({ input, output, cachedInput, correlation: 0.5 }, 50, { longest });
        for (const [i, prompt] of all.input.entries()) {
          expect(prompt).toBeGreaterThanOrEqual(1);
          expect(all.output[i]).toBeGreaterThanOrEqual(1);
          expect(prompt + (all.output[i] as number)).toBeLessThanOrEqual(longest);
          expect(all.cached[i]).toBeLessThan(prompt);
        }
      }),
    );
  });
});
