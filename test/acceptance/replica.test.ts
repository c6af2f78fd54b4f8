import { describe, expect, test } from 'vitest';
import { type ReplayRecord, replay } from '../../src/result/replay.ts';
import { settlePools } from '../../src/serving/pools.ts';
import { replicaOf } from '../../src/serving/service-curve.ts';
import { trafficSource } from '../../src/serving/traffic-source.ts';
import { H100, M70, planOf, type Raw, runWith, scenario } from './fixtures.ts';

/** One replica of a scenario, request by request, at a constant rate. */
function replayOf(change: Raw, requests: number, rate: number): ReplayRecord {
  const plan = settlePools(planOf(scenario(change)));
  const replica = replicaOf(plan);
  const { prefixCache: keepsPrefixes, maxContext: longest } = replica.engine;
  return replay(replica, trafficSource(plan.traffic, rate, 0, { limit: requests, keepsPrefixes, longest }), plan.slo);
}

const ROOMY = { ...H100, memory: { marketed: '400 GB' } };

describe('speculative decoding', () => {
  const speculation = (depth: number) => ({ acceptance: 0.9, depth, draft_cost: 3 / 70 });
  /** A prompt of one token: its cache is nothing beside the weights. */
  const traffic = { requests_per_day: 1, input_tokens: 1, output_tokens: 2 };
  const physics = (serving: Raw) =>
    runWith({ model: M70, serving: { gpu: ROOMY, weights: 'bf16', ...serving }, traffic }).physics;
  const speedup = (depth: number, sequences: number) => {
    const [plain, guessing] = [{}, { speculation: speculation(depth) }].map((more) =>
      physics({ max_batch: sequences, ...more }),
    );
    if (plain === undefined || guessing === undefined) throw new Error('two runs make a ratio');
    return (guessing.tokens_per_pass * plain.decode_full.seconds) / guessing.decode_full.seconds;
  };

  test('E11 four proposals at 0.9 yield 4.0951 tokens a pass, one 1.9', () => {
    expect(physics({ speculation: speculation(4) }).tokens_per_pass).toBeCloseTo(4.0951, 6);
    expect(physics({ speculation: speculation(1) }).tokens_per_pass).toBeCloseTo(1.9, 9);
  });

  test.each([
    [4, 3.496],
    [1, 1.822],
  ])('E11 %d proposals of a 3B before a 70B: one sequence runs %d times as fast', (depth, times) => {
    expect(speedup(depth, 1)).toBeCloseTo(times, 3);
  });

  test('E11 above the crossover batch of 295 it is slower than not to guess', () => {
    expect(speedup(4, 50)).toBeGreaterThan(3);
    expect(speedup(4, 400)).toBeLessThan(1);
    expect(speedup(1, 400)).toBeLessThan(1);
  });

  test('E11 request by request: an idle replica answers 3.496 times as fast after the first token', () => {
    const long = { requests_per_day: 1, input_tokens: 1, output_tokens: 4001 };
    const tpot = (more: Raw) =>
      replayOf({ model: M70, serving: { gpu: ROOMY, weights: 'bf16', ...more }, traffic: long }, 20, 1e-4).tpot_s?.mean;
    const ratio = Number(tpot({})) / Number(tpot({ speculation: speculation(4) }));
    // The cache of 2,000 tokens is read as well, once a pass, and by the proposals: a thousandth of the weights.
    expect(ratio).toBeGreaterThan(3.48);
    expect(ratio).toBeLessThan(3.5);
  });
});

describe('prefix cache', () => {
  /** Prompts of 2,048 tokens of which the first 1,152, 56.25 %, are the same for all, in whole blocks. */
  const traffic = {
    requests_per_day: 1,
    input_tokens: 2048,
    output_tokens: 500,
    arrivals: 'deterministic',
    shared_prompt: { tokens: 1152, prompts: 1 },
  };
  const serving = { gpu: ROOMY, weights: 'bf16' };

  test('E15 all but the first request find 56.3 % of their prompt', () => {
    const cached = replayOf({ model: M70, serving: { ...serving, prefix_cache: true }, traffic }, 2000, 2).cached_share;
    expect(cached).toBeCloseTo((0.5625 * 1999) / 2000, 6);
    expect(replayOf({ model: M70, serving, traffic }, 100, 2).cached_share).toBe(0);
  });

  test('E15 that saves as large a share of the time spent on prompts, but for attention to what was found', () => {
    const promptSeconds = (prefix_cache: boolean) => {
      const record = replayOf({ model: M70, serving: { ...serving, prefix_cache }, traffic }, 500, 0.02);
      return record.prompt_share * record.busy_share * record.simulated_s;
    };
    expect(Math.abs(promptSeconds(true) / promptSeconds(false) - 1 + 0.5625)).toBeLessThan(0.01);
  });

  test('E15 the cache holds the shared part once, however many run', () => {
    const blocks = (prefix_cache: boolean) => {
      const change = { model: M70, serving: { ...serving, prefix_cache }, traffic };
      const tokens = replicaOf(planOf(scenario(change))).kvCapacityTokens ?? 0;
      return Math.round((replayOf(change, 12, 4).kv_peak_share ?? 0) * tokens);
    };
    // Twelve at once. Those that found their prompt are some tokens behind.
    expect(blocks(false)).toBeGreaterThan(12 * 2048);
    expect(Math.abs((blocks(false) - blocks(true)) / (11 * 1152) - 1)).toBeLessThan(0.02);
  });
});

describe('prefill and decode', () => {
  test('E05 request by request: 1,000 tokens in one pass that emits the first, then 299 passes', () => {
    const mix = { requests_per_day: 1, input_tokens: 1000, output_tokens: 300 };
    const record = replayOf({ model: M70, serving: { gpu: ROOMY, weights: 'bf16' }, traffic: mix }, 10, 1e-3);
    expect(record.iterations).toBe(10 * 300);
    // 1.4e14 FLOP in the linear layers and 4 x 64 x 128 x 80 for each of 1,000^2/2 positions, at 989.4 TFLOP/s.
    expect(record.ttft_s?.p50).toBeCloseTo(1.4e14 / 989.4e12 + (4 * 64 * 128 * 80 * 500_000) / 989.4e12, 9);
  });
});
