import { describe, expect, test } from 'vitest';
import { H100, M70, metric, runWith } from './fixtures.ts';

const ROOMY = { ...H100, memory: { marketed: '400 GB' } };
const TINY = { requests_per_day: 1000, input_tokens: 10, output_tokens: 10 };
const serve = (serving: object, traffic: object = TINY, model: unknown = M70) =>
  runWith({ model, serving: { gpu: ROOMY, ...serving }, traffic });

describe('mixtures of experts', () => {
  test('E10 671B with 37B active: 74 GFLOP a token, 671 GB resident in FP8', () => {
    const big = { ...H100, memory: { marketed: '2000 GB' } };
    const model = {
      ...M70,
      parameters: 671e9,
      active_parameters: 37e9,
      moe: { experts: 256, experts_per_token: 8, expert_intermediate_size: 2048 },
    };
    const result = serve({ gpu: big, weights: 'fp8', max_batch: 1 }, TINY, model);
    expect(metric(result, 'weight_bytes_per_gpu') / 671e9).toBeCloseTo(1, 9);
    expect(result.physics.decode_single.linear_flop_per_gpu).toBeCloseTo(74e9, 0);
  });

  test('E10 the card of DeepSeek V3 is of that size', () => {
    const big = { ...H100, memory: { marketed: '2000 GB' } };
    const result = serve({ gpu: big, weights: 'fp8', max_batch: 1 }, TINY, 'deepseek-v3');
    expect(metric(result, 'weight_bytes_per_gpu') / 671e9).toBeCloseTo(1, 1);
    expect(result.physics.decode_single.linear_flop_per_gpu / 74e9).toBeCloseTo(1, 1);
  });

  test('E10 of 8 experts, two a token, a batch of 8 reads 7.2', () => {
    const moe = { experts: 8, experts_per_token: 2, expert_intermediate_size: 14336 };
    const { parameters: _, ...shape } = M70;
    const read = (max_batch: number) =>
      serve({ weights: 'bf16', gpu: { ...H100, memory: { marketed: '2000 GB' } }, max_batch }, TINY, { ...shape, moe })
        .physics.decode_full.linear_bytes_per_gpu;
    const expert = 80 * 3 * 8192 * 14336 * 2;
    // Beside the experts all is read alike; one sequence reads two.
    expect((read(8) - read(1)) / expert + 2).toBeCloseTo(8 * (1 - 0.75 ** 8), 6);
    expect((read(8) - read(1)) / expert + 2).toBeCloseTo(7.2, 1);
  });
});

describe('layer-wise precision', () => {
  const mixed = [
    { layers: 40, format: 'int8' },
    { layers: 40, format: 'bf16' },
  ];

  test('E14 40 layers in INT8 and 40 in BF16 take 105 GB', () => {
    const result = serve({ weights: mixed });
    expect(metric(result, 'weight_bytes_per_gpu')).toBeCloseTo(105e9, 0);
    expect(result.physics.decode_single.linear_bytes_per_gpu).toBeCloseTo(105e9, 0);
  });

  test('E14 its steps take as long as half of each', () => {
    const seconds = (weights: unknown) => serve({ weights }).physics.decode_single.seconds;
    expect(seconds(mixed) / ((seconds('int8') + seconds('bf16')) / 2)).toBeCloseTo(1, 9);
  });

  test('E14 layers that do not add up are refused', () => {
    expect(() => serve({ weights: mixed.slice(1) })).toThrow(/these are 40 layers, the model has 80/);
  });
});

describe('adapters', () => {
  const bytes = (serving: object) => metric(serve({ weights: 'bf16', ...serving }), 'weight_bytes_per_gpu');

  test('E18 one of rank 16 takes 0.414 GB, and twenty share one base', () => {
    const each = bytes({ adapters: { count: 1, rank: 16 } }) - bytes({});
    expect(each / 1e9).toBeCloseTo(0.414, 3);
    expect(bytes({ adapters: { count: 20, rank: 16 } }) - bytes({})).toBeCloseTo(20 * each, 0);
    expect(bytes({})).toBeCloseTo(140e9, 0);
  });

  test('E18 a step reads the adapters of its sequences: all twenty of them only in a large batch', () => {
    const read = (max_batch: number, adapters?: object) =>
      serve({ weights: 'bf16', max_batch, ...(adapters === undefined ? {} : { adapters }) }).physics.decode_full
        .linear_bytes_per_gpu;
    const twenty = { count: 20, rank: 16 };
    const each = 161_792 * 16 * 80 * 2;
    expect((read(1, twenty) - read(1)) / each).toBeCloseTo(1, 6);
    expect((read(4, twenty) - read(4)) / each).toBeCloseTo(20 * (1 - 0.95 ** 4), 6);
    expect((read(1000, twenty) - read(1000)) / each).toBeCloseTo(20, 6);
  });

  test('E18 are refused where their shape is not known', () => {
    const big = { ...H100, memory: { marketed: '2000 GB' } };
    expect(() => serve({ gpu: big, adapters: { count: 1, rank: 8 } }, TINY, 'deepseek-v3')).toThrow(/plain attention/);
  });
});

describe('early exit', () => {
  const exit = { early_exit: { share: 0.6, depth: 0.5 } };
  const full = (serving: object) => serve({ weights: 'bf16', max_batch: 64, ...serving });

  test('E12 60 % of the tokens leaving at half depth save 30 % of the FLOP of a step', () => {
    const flop = (serving: object) => full(serving).physics.decode_full.linear_flop_per_gpu;
    expect(flop(exit) / flop({}) - 1).toBeCloseTo(-0.3, 9);
  });

  test('E12 the cache of skipped layers is charged, and prompts pass all layers', () => {
    const [with_, without] = [full(exit), full({})];
    expect(metric(with_, 'kv_bytes_per_token')).toBe(metric(without, 'kv_bytes_per_token'));
    expect(with_.physics.decode_full.seconds * with_.physics.decode_full.shares.kv).toBeCloseTo(
      without.physics.decode_full.seconds * without.physics.decode_full.shares.kv,
      9,
    );
    expect(with_.physics.prefill.linear_flop_per_gpu).toBe(without.physics.prefill.linear_flop_per_gpu);
  });

  test('E12 a large batch reads all weights all the same; one sequence reads 30 % less', () => {
    const read = (max_batch: number) => full({ ...exit, max_batch }).physics.decode_full.linear_bytes_per_gpu;
    expect(read(64)).toBeCloseTo(140e9, 0);
    expect(read(1)).toBeCloseTo(0.7 * 140e9, 0);
  });

  test('E12 leaving nowhere changes nothing', () => {
    const seconds = (early_exit?: object) =>
      full(early_exit === undefined ? {} : { early_exit }).physics.decode_full.seconds;
    expect(seconds({ share: 0, depth: 0.5 })).toBe(seconds());
    expect(seconds({ share: 0.6, depth: 1 })).toBe(seconds());
  });
});

describe('a pruned cache', () => {
  const traffic = { requests_per_day: 1000, input_tokens: 2350, output_tokens: 300 };
  const kept = { kv_cache_kept: '80 %' };

  test('E13 keeping 80 % of the tokens makes the cache a fifth smaller, and all memory of 64 x 2,500 5.4 %', () => {
    const total = (serving: object) => {
      const result = serve({ weights: 'bf16', ...serving }, traffic);
      return metric(result, 'weight_bytes_per_gpu') + 64 * 2500 * metric(result, 'kv_bytes_per_token');
    };
    const perToken = (serving: object) => metric(serve(serving, traffic), 'kv_bytes_per_token');
    expect(perToken(kept) / perToken({})).toBeCloseTo(0.8, 12);
    expect(total(kept) / total({}) - 1).toBeCloseTo(-0.054, 3);
  });

  test('E13 where the cache limits them, 25 % more sequences run', () => {
    const slots = (serving: object) => {
      const { physics } = serve({ weights: 'bf16', max_batch: 100_000, ...serving }, traffic);
      expect(physics.slot_limit).toBe('kv_cache');
      return physics.sequence_slots;
    };
    expect(slots(kept) / slots({})).toBeCloseTo(1.25, 2);
  });

  test('E13 steps read less of the cache and prompts cost the same', () => {
    const { physics } = serve({ weights: 'bf16', max_batch: 64, ...kept }, traffic);
    const { physics: whole } = serve({ weights: 'bf16', max_batch: 64 }, traffic);
    const kv = (step: typeof physics.decode_full) => step.seconds * step.shares.kv;
    expect(kv(physics.decode_full) / kv(whole.decode_full)).toBeCloseTo(0.8, 9);
    expect(physics.prefill.linear_flop_per_gpu).toBe(whole.prefill.linear_flop_per_gpu);
  });
});
