import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attentionCap, attentionParts } from '../../src/model/attention-parts.ts';
import { cacheUse, kvBytesPerSequence } from '../../src/model/kv-cache.ts';
import { layerCounts } from '../../src/model/layers.ts';
import { fitMemory, type MemoryUse } from '../../src/model/memory-fit.ts';
import { parameterCount } from '../../src/model/parameters.ts';
import { weightBytesPerGpu } from '../../src/model/weights.ts';
import { inlineModel } from '../../src/schema/model.ts';
import { M8 } from '../acceptance/fixtures.ts';
import { modelCard } from '../perf/cards.ts';

const { parameters: _, ...llama8b } = M8;

describe('a state in place of a cache', () => {
  test('of Qwen3 Next: 36 layers of 32 matrices of 128 x 128 in fp32, and three inputs of 8192 channels', () => {
    const use = cacheUse(modelCard('qwen3-next-80b-a3b'), 'bf16', 1);
    expect(use.perSequence).toBe(36 * (32 * 128 * 128 * 4 + 3 * (2 * 16 * 128 + 32 * 128) * 2));
    expect(use.perToken).toBe(12 * 2 * 2 * 256 * 2);
  });

  test('of Nemotron 3 Nano: 23 layers of 64 x 64 x 128 in fp32, and three inputs of 4096 + 2 x 8 x 128 channels', () => {
    const nano = modelCard('nemotron-3-nano-30b-a3b');
    expect(cacheUse(nano, 'bf16', 1).perSequence).toBe(23 * (64 * 64 * 128 * 4 + 3 * 6144 * 2));
    expect(layerCounts(nano)).toMatchObject({
      attention: 6,
      linear: 23,
      feedForward: 23,
      moe: 23,
      dense: 0,
      pairs: 26,
    });
  });

  test('does not grow with the context, splits over a group, and is read and written by a step', () => {
    const model = modelCard('qwen3-next-80b-a3b');
    const at = (context: number) => kvBytesPerSequence(model, 'bf16', 1, context);
    const { perToken, perSequence } = cacheUse(model, 'bf16', 1);
    expect(at(1000) - at(0)).toBe(1000 * perToken);
    expect(cacheUse(model, 'bf16', 4).perSequence).toBe(perSequence / 4);
    const state = attentionParts(model, 'bf16', 1).find((part) => part.per === 'sequence');
    expect(state?.readBytes).toBe(2 * (state?.keptBytes ?? 0));
  });

  test('takes room for each sequence: short ones fill the memory with states', () => {
    const serving: MemoryUse = {
      tensorParallel: 1,
      pipelineParallel: 1,
      expertParallel: 1,
      attentionDataParallel: 1,
      weights: 'fp8',
      kvCache: 'bf16',
      memory: { rule: 'of_card', fraction: 1, workspace: 0, usable: 200e9 },
    };
    const model = modelCard('qwen3-next-80b-a3b');
    const room = 200e9 - weightBytesPerGpu(model, 'fp8', 1);
    const { perToken, perSequence } = cacheUse(model, 'bf16', 1);
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 200_000 }), (context) => {
        const fit = fitMemory(model, serving, 1, context, context);
        const sequences = Math.floor(fit.cacheTokens / (context + fit.stateTokens));
        expect(Math.abs(sequences - Math.floor(room / (perSequence + perToken * context)))).toBeLessThanOrEqual(1);
        expect(Math.abs(fit.kvCapacityTokens / context - sequences)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('selected tokens', () => {
  test('DeepSeek V3.2 keeps 576 numbers and an index key of 128 B a token and layer, and reads 2048 tokens', () => {
    const model = modelCard('deepseek-v3.2');
    expect(cacheUse(model, 'bf16', 8)).toEqual({ perToken: 61 * (1152 + 128), perWindowToken: 0, perSequence: 0 });
    expect(attentionCap(model)).toBe(2048);
    const parts = attentionParts(model, 'bf16', 8).map(({ per, layers, readBytes }) => [per, layers, readBytes]);
    expect(parts).toEqual([
      ['capped', 61, 1152],
      ['context', 61, 128],
    ]);
  });

  test('MiniMax M3 reads three layers in full and 57 in blocks, and keeps all', () => {
    const model = modelCard('minimax-m3');
    const parts = attentionParts(model, 'bf16', 1).map(({ per, layers }) => [per, layers]);
    expect(parts).toEqual([
      ['context', 3],
      ['capped', 57],
    ]);
    expect(cacheUse(model, 'bf16', 1).perToken).toBe(60 * 2 * 4 * 128 * 2);
  });

  test('DeepSeek V4 keeps an entry of 512 for 4 or for 128 tokens, index keys, and a window of 128', () => {
    const use = cacheUse(modelCard('deepseek-v4-flash'), 'bf16', 1);
    expect(use.perToken).toBe(21 * (1024 / 4 + 128 / 4) + 20 * (1024 / 128));
    expect(use.perSequence).toBe(43 * 128 * 1024);
    expect(attentionCap(modelCard('deepseek-v4-flash'))).toBe(4 * 512);
  });
});

describe('heads of their own', () => {
  test('Gemma 4: five full layers keep one tensor of 2 x 512, 25 sliding ones two of 8 x 256', () => {
    const use = cacheUse(modelCard('gemma-4-26b-a4b'), 'bf16', 1);
    expect(use).toEqual({ perToken: 5 * 2 * 512 * 2, perWindowToken: 25 * 2 * 8 * 256 * 2, perSequence: 0 });
  });

  test('sliding KV projections split by their own heads', () => {
    const shape = { ...llama8b, sliding: { window: 128, layers: 16, kv_heads: 2, head_dim: 64 } };
    const model = inlineModel.parse(shape);
    const gained = weightBytesPerGpu(model, 'bf16', 2) - weightBytesPerGpu(model, 'bf16', 8);
    const split = parameterCount(model).total - 65 * 4096;
    const sliding = 16 * 2 * 4096 * 2 * 64;
    expect(gained).toBeCloseTo(2 * ((split - sliding) * (1 / 2 - 1 / 8)), 0);
  });
});

describe('layers', () => {
  test('a plain model has as many of everything', () => {
    expect(layerCounts(inlineModel.parse(llama8b))).toEqual({
      attention: 32,
      linear: 0,
      feedForward: 32,
      moe: 0,
      dense: 32,
      pairs: 32,
    });
  });

  test('Maverick has experts on every second layer', () => {
    expect(layerCounts(modelCard('llama-4-maverick'))).toMatchObject({ moe: 24, dense: 24 });
  });

  test('experts in a narrow space are smaller, and a token is projected there and back', () => {
    const moe = { experts: 8, experts_per_token: 2, expert_intermediate_size: 1000, latent_size: 1024 };
    const { byComponent } = parameterCount(inlineModel.parse({ ...llama8b, moe }));
    expect(byComponent.experts).toBe(32 * 8 * 3 * 1024 * 1000);
    expect(byComponent.shared_experts).toBe(32 * 2 * 4096 * 1024);
  });

  test.each([
    [
      'linear layers leave one that attends',
      {
        linear: {
          kind: 'kda',
          layers: 32,
          key_heads: 1,
          key_head_dim: 1,
          value_heads: 1,
          value_head_dim: 1,
          conv_kernel: 4,
          state: 'bf16',
        },
      },
    ],
    [
      'a window on latent attention',
      {
        sliding: { window: 8, layers: 1 },
        mla: { q_lora_rank: 0, kv_lora_rank: 8, qk_nope_head_dim: 8, qk_rope_head_dim: 8, v_head_dim: 8 },
      },
    ],
    ['selection and a window', { sliding: { window: 8, layers: 1 }, sparse: { top_k: 8 } }],
  ])('refused: %s', (_name, more) => {
    expect(inlineModel.safeParse({ ...llama8b, ...more }).success).toBe(false);
  });
});
