import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exchangeSeconds, exchangeWays, handOverCost } from '../../src/perf/exchange.ts';
import type { Parallelism } from '../../src/scenario/plan.ts';
import { FITTED, H100, IDEAL } from './cards.ts';

const calibration = {
  ...FITTED,
  generations: {},
  all_reduce: { ...FITTED.all_reduce, latency: 10e-6, growth: 0, link_efficiency: 1 },
  expert_parallel: { skew: 1, exchange_efficiency: 1 },
};
const on = (layout: Partial<Parallelism>): Parallelism => ({
  tensorParallel: 1,
  pipelineParallel: 1,
  expertParallel: 1,
  attentionDataParallel: 1,
  ...layout,
});
const exchange = (layout: Partial<Parallelism>, more: object = {}) => ({
  gpu: H100,
  calibration,
  layout: on(layout),
  network: undefined,
  hiddenSize: 7168,
  dispatchBytes: 1,
  ...more,
});
const NDR = { bandwidth: 50e9, latency: 5e-6 };

describe('bringing tokens to experts, by hand: 16 tokens on each of 8 GPUs, H 7168, 8 bits there and 16 back', () => {
  test('all-gather takes the 112 tokens of others, reduce-scatter passes on 7/8 of all 128', () => {
    const bytes = 112 * 7168 + (7 / 8) * 128 * 7168 * 2;
    const split = exchangeWays(exchange({ attentionDataParallel: 8 }), 8);
    expect(split).toHaveLength(1);
    expect(exchangeSeconds(split, 16, 128)).toBeCloseTo(20e-6 + bytes / 450e9, 12);
  });

  test('all-to-all sends each token to its 2 experts, 7 of 8 of which are elsewhere', () => {
    const bytes = 16 * 2 * (7 / 8) * 7168 * 3;
    const ways = exchangeWays(exchange({ attentionDataParallel: 8, expertParallel: 8 }), 2);
    expect(ways).toHaveLength(2);
    expect(exchangeSeconds(ways, 16, 128)).toBeCloseTo(20e-6 + bytes / 450e9, 12);
  });

  test('two GPUs a rank share its tokens and gather them again, half an all-reduce', () => {
    const ways = exchangeWays(exchange({ tensorParallel: 2, attentionDataParallel: 4, expertParallel: 8 }), 2);
    const bytes = 16 * (2 / 2) * (7 / 8) * 7168 * 3 + (1 / 2) * 16 * 7168 * 2;
    expect(exchangeSeconds(ways, 16, 64)).toBeCloseTo(30e-6 + bytes / 450e9, 12);
  });

  test('over two machines, 8 of 15 others are behind the network, which is slower', () => {
    const ways = exchangeWays(exchange({ attentionDataParallel: 16, expertParallel: 16 }, { network: NDR }), 8);
    const bytes = 16 * 8 * (15 / 16) * 7168 * 3;
    expect(exchangeSeconds(ways, 16, 256)).toBeCloseTo(30e-6 + (bytes * (8 / 15)) / 50e9, 12);
    expect(() => exchangeWays(exchange({ attentionDataParallel: 16 }), 8)).toThrow('needs serving.network');
  });

  test('one rank has nothing to exchange, and the ideal engine does it for free', () => {
    expect(exchangeWays(exchange({ tensorParallel: 8, expertParallel: 8 }), 8)).toEqual([]);
    expect(exchangeWays(exchange({ attentionDataParallel: 8 }, { calibration: IDEAL }), 8)).toEqual([]);
    expect(exchangeSeconds([], 16, 128)).toBe(0);
  });
});

describe('hand-over between stages', () => {
  test('each of two GPUs sends its half to its peer', () => {
    const { latency, perToken } = handOverCost(exchange({ tensorParallel: 2, pipelineParallel: 4 }));
    expect(latency).toBeCloseTo(10e-6, 12);
    expect(perToken).toBeCloseTo(7168 / 450e9, 18);
  });

  test('crosses the network where the replica does not fit one machine', () => {
    const { latency, perToken } = handOverCost(exchange({ tensorParallel: 8, pipelineParallel: 2 }, { network: NDR }));
    expect(latency).toBeCloseTo(15e-6, 12);
    expect(perToken).toBeCloseTo((7168 * 2) / 8 / 50e9, 18);
    expect(() => handOverCost(exchange({ tensorParallel: 8, pipelineParallel: 2 }))).toThrow('needs serving.network');
  });
});

test('a faster link or network, and fewer tokens, are never slower', () => {
  const layouts = fc
    .record({ tensorParallel: fc.constantFrom(1, 2, 4), attentionDataParallel: fc.constantFrom(2, 4, 8, 16) })
    .map((layout) => ({ ...layout, expertParallel: layout.tensorParallel * layout.attentionDataParallel }));
  fc.assert(
    fc.property(
      layouts,
      fc.integer({ min: 0, max: 4096 }),
      fc.double({ min: 1, max: 8, noNaN: true }),
      (layout, n, f) => {
        const seconds = (link: number, network: number, own: number) => {
          const gpu = { ...H100, link: { name: 'link', gpus: 8, bandwidth: link } };
          const ways = exchangeWays(exchange(layout, { gpu, network: { ...NDR, bandwidth: network } }), 8);
          return exchangeSeconds(ways, own, layout.attentionDataParallel * own);
        };
        const now = seconds(450e9, 50e9, n);
        expect(seconds(450e9 * f, 50e9, n)).toBeLessThanOrEqual(now);
        expect(seconds(450e9, 50e9 * f, n)).toBeLessThanOrEqual(now);
        expect(seconds(450e9, 50e9, n + 1)).toBeGreaterThanOrEqual(now);
      },
    ),
  );
});
