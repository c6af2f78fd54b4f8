import { describe, expect, test } from 'vitest';
import { A100_80, H100, H100_160, M8, M70, MIX_A, metric, type Raw, runWith } from './fixtures.ts';

/** H100s of which the engine takes 90 %, with nothing set aside, as the rows count memory. */
const NINETY = { fraction: 0.9, workspace: '0 B' };

/** A request of 10 + 10 tokens, whose cache is nothing beside the weights. */
const TINY = { requests_per_day: 1000, input_tokens: 10, output_tokens: 10 };

describe('memory', () => {
  test.each([
    ['fp32', 280e9],
    ['bf16', 140e9],
    ['int8', 70e9],
    ['int4', 35e9],
  ])('E01 weights of M70 in %s take %d bytes', (weights, bytes) => {
    const roomy = { ...H100, memory: { marketed: '400 GB' } };
    const result = runWith({ model: M70, serving: { gpu: roomy, weights }, traffic: TINY });
    expect(metric(result, 'weight_bytes_per_gpu')).toBeCloseTo(bytes, 0);
  });

  test('E01 tensor parallelism splits them; only the norms are copied', () => {
    const result = runWith({ model: M70, serving: { tensor_parallel: 4, weights: 'bf16' }, traffic: TINY });
    const each = metric(result, 'weight_bytes_per_gpu');
    expect(each).toBeGreaterThanOrEqual(35e9);
    expect(each).toBeLessThan(35.01e9);
  });

  test.each([
    ['2,500 tokens of M70', M70, 2500, 0.8192e9],
    ['131,072 tokens of M70', M70, 131_072, 42.949_672_96e9],
    ['2,500 tokens of M70 with a KV head for each query head', { ...M70, kv_heads: 64 }, 2500, 6.5536e9],
    ['one token of M8', M8, 1, 131_072],
  ])('E02 KV cache of %s', (_, model, tokens, bytes) => {
    const result = runWith({ model, serving: { gpu: H100_160, weights: 'int8' }, traffic: TINY });
    expect(metric(result, 'kv_bytes_per_token') * tokens).toBeCloseTo(bytes, 3);
  });

  test('E02 the cache does not depend on the weights and halves in fp8', () => {
    const bytes = (serving: object) =>
      metric(runWith({ model: M70, serving: { gpu: H100_160, ...serving }, traffic: TINY }), 'kv_bytes_per_token');
    expect(bytes({ weights: 'int4' })).toBe(327_680);
    expect(bytes({ weights: 'int8' })).toBe(327_680);
    expect(bytes({ weights: 'int8', kv_cache: 'fp8' })).toBe(163_840);
  });

  test('E02 MLA of DeepSeek-V3 keeps 576 numbers a layer, 61 layers, 2 B each', () => {
    const big = { ...H100, memory: { marketed: '2000 GB' } };
    const result = runWith({ model: 'deepseek-v3', serving: { gpu: big }, traffic: TINY });
    expect(metric(result, 'kv_bytes_per_token')).toBe(576 * 61 * 2);
  });

  test('E03 INT8 on one H100 leaves 2 GB: 6,103 tokens', () => {
    const result = runWith({ model: M70, serving: { weights: 'int8', memory: NINETY }, traffic: MIX_A });
    expect(metric(result, 'kv_capacity_tokens_per_replica')).toBe(6103);
  });

  const fits = (model: unknown, gpus: number, weights: string) => () =>
    runWith({ model, serving: { tensor_parallel: gpus, weights, memory: NINETY }, traffic: MIX_A });

  test('E03 M70 BF16 needs two of 80 GB', () => {
    expect(fits(M70, 1, 'bf16')).toThrow(expect.objectContaining({ status: 'no_fit' }));
    expect(fits(M70, 1, 'bf16')).toThrow(/140\.0 GB of bf16 weights .* fit from tensor_parallel 2 on/);
    expect(fits(M70, 2, 'bf16')).not.toThrow();
  });

  test('E03 405B is refused on 8 x 80 GB in BF16 and accepted in FP8', () => {
    expect(fits('llama-3.1-405b', 8, 'bf16')).toThrow(expect.objectContaining({ status: 'no_fit' }));
    expect(fits('llama-3.1-405b', 8, 'fp8')).not.toThrow();
  });

  test('E03 weights that fit but leave less than one request are refused too', () => {
    const long = { input_tokens: 6000, output_tokens: 300 };
    const one = (traffic: object) => () =>
      runWith({
        model: M70,
        serving: { weights: 'int8', memory: NINETY },
        traffic: { requests_per_day: 1, ...traffic },
      });
    expect(one(long)).toThrow(/less than one request of 6300 tokens/);
    expect(one({ ...long, input_tokens: 5800 })).not.toThrow();
  });
});

describe('roofline', () => {
  const wide = { ...H100, memory: { marketed: '400 GB' }, memory_bandwidth: '3.4 TB/s' };
  const fp32 = (maxBatch: number) =>
    runWith({ model: M70, serving: { gpu: wide, weights: 'fp32', max_batch: maxBatch }, traffic: TINY }).physics;

  test('E04 2 B/FLOP at 3.4 TB/s attains 1.7 TFLOP/s', () => {
    expect(fp32(1).decode_single.linear_flop_per_s_per_gpu).toBeCloseTo(1.7e12, 0);
  });

  test('E04 attainable rises with the batch and never passes the peak', () => {
    const attained = [1, 4, 16, 39, 40, 64, 512, 4096].map(
      (batch) => fp32(batch).decode_full.linear_flop_per_s_per_gpu,
    );
    for (const [index, rate] of attained.entries()) {
      expect(rate).toBeLessThanOrEqual(67e12 * (1 + 1e-12));
      expect(rate).toBeGreaterThanOrEqual((attained[index - 1] ?? 0) * (1 - 1e-12));
    }
    expect(attained.at(-1)).toBeCloseTo(67e12, -3);
  });

  test('E04 M70 BF16 decodes 23.9 steps/s alone on 3.35 TB/s', () => {
    const { physics } = runWith({ model: M70, serving: { gpu: H100_160, weights: 'bf16' }, traffic: TINY });
    expect(physics.single_sequence_steps_per_s).toBeCloseTo(23.9, 1);
    expect(physics.decode_single.shares.weights).toBeGreaterThan(0.999);
  });

  test('E05 a prompt of 1,000 is one pass of 1.4e14 FLOP; 300 tokens take 299 more', () => {
    const { physics } = runWith({ model: M70, serving: { gpu: H100_160, weights: 'bf16' }, traffic: MIX_A });
    expect(physics.prefill.linear_flop_per_gpu).toBeCloseTo(1.4e14, -4);
    expect(physics.prefill.prompt_tokens).toBe(1000);
    expect(physics.prefill_passes).toBe(1);
    expect(physics.decode_passes).toBe(299);
  });

  test('E05 a token budget splits the prompt into passes of the same work in all', () => {
    const budget = { gpu: H100_160, weights: 'bf16', token_budget: 250 };
    const { physics } = runWith({ model: M70, serving: budget, traffic: MIX_A });
    expect(physics.prefill_passes).toBe(4);
    expect(physics.prefill_passes * physics.prefill.linear_flop_per_gpu).toBeCloseTo(1.4e14, -4);
  });

  test.each(['bf16', 'fp8'])('E06 crossover batch of %s weights is 295', (weights) => {
    const { physics } = runWith({ model: M70, serving: { gpu: H100_160, weights }, traffic: MIX_A });
    expect(Math.round(physics.crossover_batch)).toBe(295);
  });

  test('E06 on an A100 it is 153: 312 TFLOP/s over 2.039 TB/s', () => {
    const { physics } = runWith({ serving: { gpu: A100_80, weights: 'bf16' } });
    expect(Math.round(physics.crossover_batch)).toBe(153);
  });

  test('E06 does not move with the context', () => {
    const crossover = (input: number) =>
      runWith({ serving: { weights: 'bf16' }, traffic: { input_tokens: input } }).physics.crossover_batch;
    expect(crossover(100_000)).toBeCloseTo(crossover(10), 9);
  });
});

describe('continuous batching', () => {
  /** Output rate of M70 in BF16 with a number of sequences decoding at a mean context of 2,500. */
  const rate = (sequences: number, serving: Raw) => {
    const traffic = { input_tokens: 2350, output_tokens: 300 };
    const asked = { weights: 'bf16', max_batch: sequences, ...serving };
    const { decode_full: step } = runWith({ model: M70, serving: asked, traffic }).physics;
    expect(step.sequences).toBe(sequences);
    return step.sequences / step.seconds;
  };

  test('E07 from 16 to 64 sequences the ideal engine makes 3.18 times as much', () => {
    const roomy = { gpu: { ...H100, memory: { marketed: '400 GB' } } };
    expect(rate(64, roomy) / rate(16, roomy)).toBeCloseTo(3.18, 2);
  });

  test('E07 vLLM on four H100 within 5 % of the measured 2.91 times: 863 to 2,511 tok/s (ML.ENERGY)', () => {
    const vllm = { gpu: 'h100-sxm5-80gb', engine: 'vllm', tensor_parallel: 4 };
    expect(Math.abs(rate(64, vllm) / rate(16, vllm) / (2511 / 863) - 1)).toBeLessThan(0.05);
  });
});

describe('prefix caching', () => {
  test('E15 a hit share of 56.3 % saves 56.3 % of the FLOP of prompts', () => {
    const prompt = (cached_input: string) => {
      const { physics } = runWith({ model: M70, serving: { gpu: H100_160 }, traffic: { ...MIX_A, cached_input } });
      return physics.prefill_passes * physics.prefill.linear_flop_per_gpu;
    };
    expect(prompt('56.3 %') / prompt('0 %') - 1).toBeCloseTo(-0.563, 4);
  });
});
