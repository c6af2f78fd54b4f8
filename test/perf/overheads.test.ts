import { describe, expect, test } from 'vitest';
import { layerOverheads } from '../../src/perf/overheads.ts';
import { A100, B200, FITTED, H100, IDEAL, modelCard } from './cards.ts';

const calibration = {
  ...FITTED,
  layer_overhead: 1,
  moe_layer_overhead: 100,
  fp4_layer_overhead: 10_000,
  fp8_moe_layer_overhead: 1_000_000,
};
const dense = modelCard('llama-3.3-70b');
// 61 layers, of which the first 3 are dense.
const moe = modelCard('deepseek-v3');

describe('fixed times of layers', () => {
  test.each([
    ['dense, 16 bits', dense, H100, 'bf16', 80],
    ['dense, 8 bits: scales are static', dense, H100, 'fp8', 80],
    ['dense, native 4 bits', dense, B200, 'nvfp4', 80 + 80 * 10_000],
    ['dense, unpacked 4 bits', dense, H100, 'int4', 80],
    ['experts, 16 bits', moe, H100, 'bf16', 61 + 58 * 100],
    ['experts, native 8 bits', moe, H100, 'fp8', 61 + 58 * 100 + 58 * 1_000_000],
    ['experts, unpacked 8 bits', moe, A100, 'fp8', 61 + 58 * 100],
    ['experts, native 4 bits', moe, B200, 'nvfp4', 61 + 58 * 100 + 3 * 10_000],
  ] as const)('%s', (_, model, gpu, weights, seconds) => {
    expect(layerOverheads(model, gpu, calibration, weights)).toBe(seconds);
  });

  test('nothing on the ideal engine', () => expect(layerOverheads(moe, H100, IDEAL, 'fp8')).toBe(0));
});
