import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kvBytesPerSequence } from '../../src/model/kv-cache.ts';
import { fitMemory } from '../../src/model/memory-fit.ts';
import { layerShare, stageBounds } from '../../src/model/sharding.ts';
import { weightBytesByStage, weightBytesPerGpu, weightGroups } from '../../src/model/weights.ts';
import type { Parallelism } from '../../src/scenario/plan.ts';
import { modelCard } from '../perf/cards.ts';

const on = (layout: Partial<Parallelism>): Parallelism => ({
  tensorParallel: 1,
  pipelineParallel: 1,
  expertParallel: 1,
  attentionDataParallel: 1,
  ...layout,
});

const model = fc
  .constantFrom('llama-3.3-70b', 'llama-3.1-8b', 'gpt-oss-120b', 'deepseek-v3', 'mixtral-8x7b')
  .map(modelCard);
const format = fc.constantFrom('bf16', 'fp8', 'mxfp4');

describe('stages', () => {
  test.each([
    // As vLLM's get_pp_indices deals them: what is left over goes to the stages before the last.
    [80, 4, [0, 20, 40, 60, 80]],
    [61, 2, [0, 31, 61]],
    [61, 4, [0, 15, 30, 46, 61]],
    [62, 4, [0, 15, 31, 47, 62]],
    [7, 4, [0, 2, 4, 6, 7]],
  ])('%d layers in %d', (layers, stages, bounds) => expect(stageBounds(layers, stages)).toEqual(bounds));

  test('hold every layer once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 64 }), (layers, most) => {
        const stages = Math.min(layers, most);
        const shares = Array.from({ length: stages }, (_, stage) => layerShare(layers, stages, stage));
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
        expect(Math.min(...shares)).toBeGreaterThan(0);
      }),
    );
  });

  test('Llama 3.3 70B in four by hand: 20 layers each, table first, head last', () => {
    const byStage = weightBytesByStage(modelCard('llama-3.3-70b'), 'bf16', on({ pipelineParallel: 4 }));
    const layer = 2 * 8192 * 64 * 128 + 2 * 8192 * 8 * 128 + 3 * 8192 * 28_672 + 2 * 8192;
    const table = 128_256 * 8192;
    const finalNorm = 8192 / 4;
    const inner = 2 * (20 * layer + finalNorm);
    expect(byStage.map((bytes) => Math.round(bytes))).toEqual([inner + 2 * table, inner, inner, inner + 2 * table]);
  });

  test('a tied table lies on the first stage and the last', () => {
    const tied = { ...modelCard('llama-3.1-8b'), tied_embeddings: true };
    const [first = 0, last = 0] = weightBytesByStage(tied, 'bf16', on({ pipelineParallel: 2 }));
    expect(first).toBeCloseTo(last, 0);
    expect(first + last - weightBytesPerGpu(tied, 'bf16', 1)).toBeCloseTo(2 * 128_256 * 4096, 0);
  });
});

describe('weights over a layout', () => {
  test('stages sum to the whole', () => {
    fc.assert(
      fc.property(model, format, fc.constantFrom(1, 2, 3, 4, 8), fc.constantFrom(1, 2, 4, 8), (m, f, stages, group) => {
        const whole = weightBytesPerGpu(m, f, group);
        const parts = weightBytesByStage(m, f, on({ tensorParallel: group, pipelineParallel: stages }));
        expect(parts.reduce((sum, bytes) => sum + bytes, 0) / whole).toBeCloseTo(1, 12);
        const active = (groups: ReturnType<typeof weightGroups>) =>
          groups.reduce((sum, { activePerTokenPerGpu }) => sum + activePerTokenPerGpu, 0);
        const layout = on({ tensorParallel: group, pipelineParallel: stages });
        const inStages = parts.map((_, stage) => active(weightGroups(m, f, layout, stage)));
        expect(inStages.reduce((sum, count) => sum + count, 0) / active(weightGroups(m, f, group))).toBeCloseTo(1, 12);
      }),
    );
  });

  test('ranks share the experts and copy all else', () => {
    fc.assert(
      fc.property(model, format, fc.constantFrom(1, 2, 4, 8), fc.constantFrom(1, 2, 4), (m, f, ranks, group) => {
        const layout = on({ tensorParallel: group, attentionDataParallel: ranks, expertParallel: ranks });
        for (const { use, format: stored, bytesPerGpu } of weightGroups(m, f, layout)) {
          const alone = weightGroups(m, f, group).find((other) => other.use === use && other.format === stored);
          const expected = (alone?.bytesPerGpu ?? Number.NaN) / (use === 'routed' ? ranks : 1);
          expect(Math.abs(bytesPerGpu - expected)).toBeLessThanOrEqual(1e-12 * expected);
        }
      }),
    );
  });

  test('dealing the experts out instead of splitting them moves no byte', () => {
    const deepseek = modelCard('deepseek-v3');
    const split = weightBytesPerGpu(deepseek, 'fp8', on({ tensorParallel: 8 }));
    expect(weightBytesPerGpu(deepseek, 'fp8', on({ tensorParallel: 8, expertParallel: 8 }))).toBe(split);
    expect(weightBytesPerGpu(deepseek, 'fp8', 8)).toBe(split);
  });
});

describe('cache over a layout', () => {
  const memory = { rule: 'of_card' as const, fraction: 0.9, workspace: 2e9, usable: 141e9 };
  const hold = (id: string, layout: Partial<Parallelism>) =>
    fitMemory(modelCard(id), { ...on(layout), weights: 'fp8', kvCache: 'bf16', memory }, 16, 2000, 4000);

  test('latent attention: eight ranks hold eight caches where a group of eight holds one, eight times', () => {
    const group = hold('deepseek-v3', { tensorParallel: 8 });
    const ranks = hold('deepseek-v3', { attentionDataParallel: 8, expertParallel: 8 });
    const perToken = 61 * (512 + 64) * 2;
    expect(group.kvCapacityTokens).toBe(Math.floor(group.kvRoomPerGpu / perToken / 16) * 16);
    expect(ranks.kvCapacityTokens).toBe(8 * Math.floor(ranks.kvRoomPerGpu / perToken / 16) * 16);
    expect(ranks.kvRoomPerGpu).toBeLessThan(group.kvRoomPerGpu);
    expect(ranks.kvCapacityTokens).toBeGreaterThan(4 * group.kvCapacityTokens);
  });

  test('stages: the one with the table has least room, and its layers set the tokens', () => {
    const llama = modelCard('llama-3.3-70b');
    const {
      kvRoomPerGpu,
      weightBytesPerGpu: fullest,
      kvCapacityTokens,
    } = hold('llama-3.3-70b', { pipelineParallel: 4 });
    expect(kvRoomPerGpu).toBeCloseTo(0.9 * 141e9 - 2e9 - fullest, 0);
    const perToken = kvBytesPerSequence(llama, 'bf16', 1, 2000) / 2000 / 4;
    expect(kvCapacityTokens).toBe(Math.floor(kvRoomPerGpu / perToken / 16) * 16);
  });

  test('a request must fit into one rank', () => {
    const tight = { ...memory, usable: 116e9 };
    const serving = { ...on({ attentionDataParallel: 8 }), weights: 'fp8' as const, kvCache: 'bf16' as const };
    const inRank =
      fitMemory(modelCard('deepseek-v3'), { ...serving, memory: tight }, 1, 1000, 1000).kvCapacityTokens / 8;
    const longer = () => fitMemory(modelCard('deepseek-v3'), { ...serving, memory: tight }, 1, 1000, 2 * inRank);
    expect(longer).toThrow(/less than one request/);
  });
});
