import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parameterCount } from '../../src/model/parameters.ts';
import { weightBytesPerGpu, weightGroups } from '../../src/model/weights.ts';
import { inlineModel, type WeightFormat, weightFormat } from '../../src/schema/model.ts';
import { M8, M70 } from '../acceptance/fixtures.ts';

const card = (shape: object) => inlineModel.parse(shape);
const { parameters: _, ...llama8b } = M8;

describe('weight bytes', () => {
  test('of Llama 3.1 8B in bf16 are 16.06 GB, as its published files are', () => {
    // model.safetensors.index.json of the checkpoint: total_size 16060522496.
    expect(weightBytesPerGpu(card(llama8b), 'bf16', 1)).toBe(16_060_522_496);
  });

  test('split over a group; KV projections no finer than the KV heads, norms not at all', () => {
    const model = card(llama8b);
    const norms = (2 * 32 + 1) * 4096 * 2;
    const kv = 2 * 4096 * 8 * 128 * 32 * 2;
    const rest = 16_060_522_496 - norms - kv;
    expect(weightBytesPerGpu(model, 'bf16', 8)).toBeCloseTo(rest / 8 + kv / 8 + norms, 3);
    expect(weightBytesPerGpu(model, 'bf16', 16)).toBeCloseTo(rest / 16 + kv / 8 + norms, 3);
  });

  test('keep in 16 bits what the checkpoint leaves there', () => {
    const table = 128_256 * 4096;
    const all8 = weightBytesPerGpu(card(llama8b), 'fp8', 1);
    const kept = weightBytesPerGpu(card({ ...llama8b, sixteen_bit: ['embedding', 'head'] }), 'fp8', 1);
    expect(kept - all8).toBe(2 * table);
  });

  test('nvfp4 takes 4.5 bits, mxfp4 4.25: a scale of 8 bits for 16 and for 32 values', () => {
    expect(weightBytesPerGpu(card(M70), 'nvfp4', 1)).toBeCloseTo((70e9 * (4 + 8 / 16)) / 8, 0);
    expect(weightBytesPerGpu(card(M70), 'mxfp4', 1)).toBeCloseTo((70e9 * (4 + 8 / 32)) / 8, 0);
  });

  test('a tied table is stored once', () => {
    const tied = parameterCount(card({ ...llama8b, tied_embeddings: true })).total;
    expect(parameterCount(card(llama8b)).total - tied).toBe(128_256 * 4096);
  });

  test('are linear in the bits of the format, for any stated count and group', () => {
    const formats = fc.constantFrom<WeightFormat>(...weightFormat.options);
    const bits = { fp32: 32, bf16: 16, fp16: 16, fp8: 8, int8: 8, int4: 4, nvfp4: 4.5, mxfp4: 4.25 };
    fc.assert(
      fc.property(
        formats,
        fc.double({ min: 1e8, max: 1e13, noNaN: true }),
        fc.constantFrom(1, 2, 4, 8),
        (format, count, group) => {
          const model = card({ ...M8, parameters: count });
          const perBit = weightBytesPerGpu(model, 'bf16', group) / 16;
          expect(weightBytesPerGpu(model, format, group) / (perBit * bits[format])).toBeCloseTo(1, 12);
        },
      ),
    );
  });

  test('a group of GPUs holds no less than one, and no GPU more', () => {
    fc.assert(
      fc.property(fc.constantFrom(2, 4, 8, 16), fc.integer({ min: 1, max: 32 }), (group, heads) => {
        const model = card({ ...llama8b, kv_heads: heads });
        const one = weightBytesPerGpu(model, 'bf16', 1);
        const each = weightBytesPerGpu(model, 'bf16', group);
        expect(each).toBeLessThan(one);
        expect(each * group).toBeGreaterThanOrEqual(one);
      }),
    );
  });

  test('what one token multiplies: 2 x 8.03e9 less the look-up table, 2 P of a stated count', () => {
    const active = (shape: object) =>
      weightGroups(card(shape), 'bf16', 1).reduce((sum, group) => sum + group.activePerTokenPerGpu, 0);
    expect(active(llama8b)).toBe(8_030_261_248 - 128_256 * 4096);
    expect(active(M70)).toBeCloseTo(70e9, 0);
  });
});
