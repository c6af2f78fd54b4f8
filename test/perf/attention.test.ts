import { describe, expect, test } from 'vitest';
import { attentionCost } from '../../src/perf/attention.ts';
import { H100, IDEAL, modelCard } from './cards.ts';

const B = 3.35e12;
const F = 989.4e12;

describe('attention, nothing lost', () => {
  test('decode of Llama 3.3 70B is bound by its cache: 2 · 8 · 128 · 2 B a token and layer', () => {
    const cost = attentionCost(modelCard('llama-3.3-70b'), H100, IDEAL, 'bf16', 1);
    expect(cost.decodeFull / ((80 * 4096) / B)).toBeCloseTo(1, 12);
    expect(cost.decodeSliding).toBe(0);
    expect(cost.prefillFull / ((80 * 4 * 64 * 128) / F)).toBeCloseTo(1, 12);
    expect(cost.prefillKv / ((80 * 4096) / B)).toBeCloseTo(1, 12);
  });

  test('a tensor-parallel group splits it down to one KV head a GPU', () => {
    const of = (group: number) => attentionCost(modelCard('llama-3.3-70b'), H100, IDEAL, 'fp8', group).decodeFull;
    expect(of(1) / of(8)).toBeCloseTo(8, 12);
    expect(of(16)).toBe(of(8));
  });

  test('sliding layers count apart', () => {
    const cost = attentionCost(modelCard('gpt-oss-120b'), H100, IDEAL, 'bf16', 1);
    expect(cost.decodeSliding).toBe(cost.decodeFull);
  });

  test('absorbed MLA pads the heads of a GPU to a tile of 64', () => {
    const tiled = { ...IDEAL, mla_head_tile: 64 };
    const flops = (group: number) => attentionCost(modelCard('deepseek-v3'), H100, tiled, 'bf16', group).decodeFull * F;
    // One GPU holds 128 heads: 2 · 128 · (2 · 512 + 64) FLOP beat 576 · 2 B. From two on, 64 rows remain.
    expect(flops(1) / (61 * 2 * 128 * 1088)).toBeCloseTo(Math.max(1, (1152 / B / (2 * 128 * 1088)) * F), 9);
    expect(flops(8)).toBe(flops(2));
  });
});

describe('attention that does not see all, nothing lost', () => {
  test('a state is read and written once a step and sequence, whatever the context', () => {
    const cost = attentionCost(modelCard('qwen3-next-80b-a3b'), H100, IDEAL, 'bf16', 1);
    expect(cost.decodeSequence / ((2 * 77_266_944) / B)).toBeCloseTo(1, 12);
    expect(cost.decodeFull / ((12 * 2 * 2 * 256 * 2) / B)).toBeCloseTo(1, 12);
    // 36 layers, six FLOP for each of 32 x 128 x 128 numbers.
    expect(cost.prefillToken / ((36 * 6 * 32 * 128 * 128) / F)).toBeCloseTo(1, 12);
  });

  test('past its cap DeepSeek V3.2 reads index keys only', () => {
    const cost = attentionCost(modelCard('deepseek-v3.2'), H100, IDEAL, 'bf16', 8);
    expect(cost.decodeFull / (61 * Math.max(128 / B, (2 * 64 * 128) / F))).toBeCloseTo(1, 12);
    expect(cost.decodeSliding).toBe(attentionCost(modelCard('deepseek-v3'), H100, IDEAL, 'bf16', 8).decodeFull);
  });
});
