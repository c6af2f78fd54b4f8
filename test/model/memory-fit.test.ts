import { describe, expect, test } from 'vitest';
import { fitMemory, type MemoryUse } from '../../src/model/memory-fit.ts';
import { inlineModel } from '../../src/schema/model.ts';
import { M70 } from '../acceptance/fixtures.ts';

const model = inlineModel.parse(M70);
const serving = (memory: Partial<MemoryUse['memory']>, more: Partial<MemoryUse> = {}): MemoryUse => ({
  tensorParallel: 1,
  pipelineParallel: 1,
  expertParallel: 1,
  attentionDataParallel: 1,
  weights: 'int8',
  kvCache: 'bf16',
  memory: { rule: 'of_card', fraction: 0.9, workspace: 0, usable: 80e9, ...memory },
  ...more,
});

describe('memory', () => {
  test('of_card: a fraction of the whole card, weights included (vLLM)', () => {
    // 0.9 x 80 - 70 = 2 GB; over 327,680 B.
    expect(fitMemory(model, serving({}), 1, 100, 100).kvCapacityTokens).toBe(6103);
  });

  test('of_free: a fraction of what the weights leave (TensorRT-LLM)', () => {
    // 0.9 x (80 - 70) = 9 GB.
    expect(fitMemory(model, serving({ rule: 'of_free' }), 1, 100, 100).kvCapacityTokens).toBe(27_465);
  });

  test('tokens come in whole blocks, and the workspace is gone first', () => {
    expect(fitMemory(model, serving({}), 16, 100, 100).kvCapacityTokens).toBe(6096);
    expect(fitMemory(model, serving({ workspace: 1e9 }), 1, 100, 100).kvCapacityTokens).toBe(3051);
  });

  test('two GPUs share the heads of a token, so tokens more than double', () => {
    const two = fitMemory(model, serving({}, { tensorParallel: 2 }), 1, 100, 100);
    // 2 x (72 - 35) GB over 327,680 B, less the norms copied to the second GPU.
    expect(two.kvCapacityTokens).toBeGreaterThan(225_820);
    expect(two.kvCapacityTokens).toBeLessThanOrEqual(225_830);
  });

  test('the longest request must fit, with the arithmetic in the message', () => {
    expect(() => fitMemory(model, serving({}), 1, 100, 6104)).toThrow(
      /2\.0 GB left for KV cache hold less than one request of 6104/,
    );
    expect(() => fitMemory(model, serving({}), 1, 100, 6103)).not.toThrow();
  });
});
