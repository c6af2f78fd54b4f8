import { randomGamma } from 'd3-random';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ExpertUse,
  expertActivationBytes,
  fullestPartOverMean,
  meanOfLargest,
  touchedExpertShare,
  touchedInFullestPart,
} from '../../src/perf/experts.ts';
import { modelCard } from './cards.ts';

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

/** Draws k of E for each token and says what the fullest of the parts got: tokens, and distinct experts. */
function drawFullest({ count, perToken, parts }: ExpertUse, tokens: number, random: () => number) {
  const load = new Array<number>(parts).fill(0);
  const touched = Array.from({ length: parts }, () => new Set<number>());
  for (let token = 0; token < tokens; token++) {
    const chosen = new Set<number>();
    while (chosen.size < perToken) chosen.add(Math.floor(random() * count));
    for (const expert of chosen) {
      const part = Math.floor((expert * parts) / count);
      load[part] = (load[part] ?? 0) + 1;
      touched[part]?.add(expert);
    }
  }
  return { load: Math.max(...load), touched: Math.max(...touched.map(({ size }) => size)) };
}

describe('the fullest part of the experts', () => {
  test.each([
    // Exact means of the largest of n normal draws (Harter 1961).
    [2, 0.5642],
    [4, 1.0294],
    [8, 1.4236],
    [64, 2.3439],
  ])('the largest of %d', (count, mean) => expect(meanOfLargest(count) / mean).toBeCloseTo(1, 1));

  test.each([
    ['DeepSeek V3 on 8, 4 tokens', 256, 8, 8, 4],
    ['DeepSeek V3 on 8, 64 tokens', 256, 8, 8, 64],
    ['DeepSeek V3 on 32, 256 tokens', 256, 8, 32, 256],
    ['gpt-oss 120B on 4, 32 tokens', 128, 4, 4, 32],
    ['Mixtral on 4, 16 tokens', 8, 2, 4, 16],
  ])('%s: tokens and distinct experts as drawn, within a tenth', (_, count, perToken, parts, tokens) => {
    const use = { count, perToken, parts, skew: 1 };
    const random = xorshift(11);
    let load = 0;
    let touched = 0;
    const trials = 400;
    for (let trial = 0; trial < trials; trial++) {
      const drawn = drawFullest(use, tokens, random);
      load += drawn.load / trials;
      touched += drawn.touched / trials;
    }
    const mean = (tokens * perToken) / parts;
    expect(Math.abs((fullestPartOverMean(use, tokens) * mean) / load - 1)).toBeLessThan(0.1);
    expect(Math.abs((touchedInFullestPart(use, tokens) * count) / parts / touched - 1)).toBeLessThan(0.1);
  });

  test('one part is the whole, and skew has nothing to skew', () => {
    const whole = { count: 256, perToken: 8, parts: 1, skew: 3 };
    expect(fullestPartOverMean(whole, 5)).toBe(1);
    expect(touchedInFullestPart(whole, 5)).toBe(touchedExpertShare(256, 8, 5));
  });

  test('more tokens bring it no fewer, it has no less than the mean, and no more than all', () => {
    const uses = fc.record({
      count: fc.constantFrom(8, 64, 128, 256),
      perToken: fc.constantFrom(1, 2, 4, 8),
      parts: fc.constantFrom(2, 4, 8),
      skew: fc.double({ min: 1, max: 3, noNaN: true }),
      dispersion: fc.constantFrom(0, 0.8),
    });
    fc.assert(
      fc.property(uses, fc.integer({ min: 1, max: 4096 }), (use, tokens) => {
        const few = fullestPartOverMean(use, tokens);
        expect(few).toBeGreaterThanOrEqual(1);
        expect(few * use.perToken).toBeLessThanOrEqual(use.perToken * use.parts);
        expect(fullestPartOverMean(use, tokens + 1) * (tokens + 1)).toBeGreaterThanOrEqual(few * tokens * (1 - 1e-12));
        const touched = touchedInFullestPart(use, tokens);
        expect(touched).toBeLessThanOrEqual(1);
        expect(touched).toBeGreaterThanOrEqual(touchedExpertShare(use.count, use.perToken, tokens, use.dispersion));
        expect(touchedInFullestPart(use, tokens + 1)).toBeGreaterThanOrEqual(touched - 1e-12);
      }),
    );
  });
});

describe('activations moved for experts', () => {
  const mixtral = modelCard('mixtral-8x7b');
  const layout = (tensorParallel: number, expertParallel: number) => ({
    tensorParallel,
    expertParallel,
    pipelineParallel: 1,
    attentionDataParallel: 1,
  });

  test('Mixtral 8x7B on one GPU, by hand: 32 layers, 2 copies of 4096 and 14336 wide', () => {
    expect(expertActivationBytes(mixtral, layout(1, 1))).toBe(2 * 32 * 2 * (4 * 4096 + 6 * 14_336));
  });

  test('a tensor-parallel group splits the inner width and copies the outer, a dealt one splits the copies', () => {
    expect(expertActivationBytes(mixtral, layout(4, 1))).toBe(2 * 32 * 2 * (4 * 4096 + (6 * 14_336) / 4));
    expect(expertActivationBytes(mixtral, layout(4, 4))).toBe(expertActivationBytes(mixtral, layout(1, 1)) / 4);
  });

  test('none in a dense model', () => {
    expect(expertActivationBytes(modelCard('llama-3.3-70b'), layout(4, 1))).toBe(0);
  });
});
