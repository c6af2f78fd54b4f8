import { describe, expect, test } from 'vitest';
import { eagerFloor, layerOverheads } from '../../src/perf/overheads.ts';
import { A100, B200, FITTED, H100, IDEAL, modelCard } from './cards.ts';

const calibration = {
  ...FITTED,
  layer_overhead: 1,
  moe_layer_overhead: 100,
  fp4_layer_overhead: 10_000,
  fp8_moe_layer_overhead: 1_000_000,
  generations: {},
};
const host = { per_iteration: 0, per_sequence: 0, launch_scale: 1, unpacked_moe_layer: 0 };
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
    expect(layerOverheads(model, gpu, calibration, host, weights)).toBe(seconds);
  });

  test('nothing on the ideal engine', () => expect(layerOverheads(moe, H100, IDEAL, host, 'fp8')).toBe(0));

  test('older software takes longer for all of them, a generation of GPUs by its factor', () => {
    const slow = { ...host, launch_scale: 2 };
    const hopper = { ...calibration, generations: { Hopper: { memory: 1, compute: 1, fixed: 3 } } };
    expect(layerOverheads(dense, H100, hopper, slow, 'bf16')).toBe(2 * 3 * 80);
    expect(layerOverheads(dense, A100, hopper, slow, 'bf16')).toBe(2 * 80);
  });

  test('an engine without a fused kernel for weights it unpacks pays per MoE layer', () => {
    const unfused = { ...host, unpacked_moe_layer: 7 };
    const moe4 = layerOverheads(moe, H100, calibration, unfused, 'mxfp4');
    expect(moe4).toBe(61 + 58 * 100 + 58 * 7);
    expect(layerOverheads(moe, B200, calibration, unfused, 'mxfp4')).toBe(61 + 58 * 100 + 3 * 10_000);
    expect(layerOverheads(moe, H100, calibration, unfused, 'bf16')).toBe(61 + 58 * 100);
  });
});

describe('floor of an iteration without graphs', () => {
  const floors = { ...calibration, eager_layer_floor: 1, eager_fp8_moe_layer_floor: 100 };

  test.each([
    ['dense', dense, H100, 'fp8', 80],
    ['experts in 8 bits, scaled by block', moe, H100, 'fp8', 61 + 58 * 100],
    ['experts that are unpacked', moe, A100, 'fp8', 61],
    ['experts in 16 bits', moe, H100, 'bf16', 61],
  ] as const)('%s', (_, model, gpu, weights, seconds) => {
    expect(eagerFloor(model, gpu, floors, weights)).toBe(seconds);
  });
});
