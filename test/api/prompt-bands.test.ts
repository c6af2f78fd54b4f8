import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { promptBands, sharesAbove } from '../../src/api/prompt-bands.ts';
import type { RequestMix } from '../../src/scenario/plan.ts';
import { mixLengths } from '../../src/traffic/draw-lengths.ts';
import { emptyDraft } from '../../src/traffic/request-source.ts';

const DRAWS = 200_000;

/** The same shares, counted over drawn requests. */
function counted(mix: RequestMix, above: number) {
  const write = mixLengths(mix, 7, { evenOver: DRAWS });
  const draft = emptyDraft();
  const all = { input: 0, output: 0, requests: 0 };
  const long = { input: 0, output: 0, requests: 0 };
  for (let i = 0; i < DRAWS; i++) {
    write(draft);
    const { input, output } = draft;
    for (const sum of input > above ? [all, long] : [all]) {
      sum.input += input;
      sum.output += output;
      sum.requests += 1;
    }
  }
  return {
    input: long.input / all.input,
    output: long.output / all.output,
    requests: long.requests / all.requests,
  };
}

const OUTPUT = { mean: 400, cv: 0.8 };
const MIXES: [string, RequestMix][] = [
  ['log-normal', { input: { mean: 20_000, cv: 1.2 }, output: OUTPUT, cachedInput: 0 }],
  [
    'log-normal, longer answers to longer prompts',
    { input: { mean: 20_000, cv: 1.2 }, output: OUTPUT, cachedInput: 0, correlation: 0.6 },
  ],
  [
    'even',
    {
      input: { mean: 20_000, cv: 0.4, draw: { kind: 'uniform', low: 5000, high: 35_000 } },
      output: OUTPUT,
      cachedInput: 0,
    },
  ],
];

describe('prompts by length', () => {
  describe.each(MIXES)('%s', (_, mix) => {
    test.each([3000, 15_000, 30_000, 90_000])('above %d tokens, as counted over draws', (above) => {
      const drawn = counted(mix, above);
      const found = sharesAbove(mix, above);
      for (const key of ['input', 'output', 'requests'] as const) expect(found[key]).toBeCloseTo(drawn[key], 2);
    });
  });

  test('pairs are summed as they are', () => {
    const pairs = { input: [100, 300, 600], output: [50, 10, 40] };
    const mix = { input: { mean: 333, cv: 0.6 }, output: { mean: 33, cv: 0.5 }, cachedInput: 0, pairs };
    expect(sharesAbove(mix, 300)).toEqual({ input: 0.6, output: 0.4, requests: 1 / 3 });
  });

  test('a length at the edge still belongs below it', () => {
    const mix = { input: { mean: 272_000, cv: 0 }, output: OUTPUT, cachedInput: 0 };
    expect(promptBands(mix, [272_000])).toEqual([
      { input: 1, output: 1, requests: 1 },
      { input: 0, output: 0, requests: 0 },
    ]);
  });

  test('bands hold everything once', () => {
    const edges = fc.uniqueArray(fc.integer({ min: 1, max: 100_000 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...MIXES), edges, ([, mix], list) => {
        const bands = promptBands(
          mix,
          [...list].sort((a, b) => a - b),
        );
        for (const key of ['input', 'output', 'requests'] as const) {
          expect(bands.reduce((sum, band) => sum + band[key], 0)).toBeCloseTo(1, 9);
        }
      }),
    );
  });
});
