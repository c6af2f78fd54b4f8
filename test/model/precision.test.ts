import { describe, expect, test } from 'vitest';
import { bytesPerKvElement, bytesPerWeight, fallbackNote, gemmPath } from '../../src/model/precision.ts';
import { weightFormat } from '../../src/schema/model.ts';
import { gpuCard } from '../perf/cards.ts';

describe('bits of one weight', () => {
  // Values times their width, plus one 8-bit scale a block: 32 values in MXFP4, 16 in NVFP4.
  test.each([
    ['bf16', 2],
    ['fp8', 1],
    ['int4', 0.5],
    ['mxfp4', (32 * 4 + 8) / 32 / 8],
    ['nvfp4', (16 * 4 + 8) / 16 / 8],
  ] as const)('%s takes %d bytes, scales included', (format, bytes) => {
    expect(bytesPerWeight(format)).toBe(bytes);
  });

  test('a cached element takes two bytes, or one in 8 bits', () => {
    expect([bytesPerKvElement('bf16'), bytesPerKvElement('fp8'), bytesPerKvElement('int8')]).toEqual([2, 1, 1]);
  });
});

describe('what a format runs as', () => {
  test.each([
    ['fp8', 'a100-sxm4-80gb', 'bf16', true],
    ['fp8', 'h100-sxm5-80gb', 'fp8', false],
    ['fp8', 'l40s', 'fp8', false],
    ['fp8', 'mi300x', 'fp8', false],
    ['fp8', 'tpu-v5e', 'bf16', true],
    ['fp8', 'tpu-v7', 'fp8', false],
    ['fp8', 'v100-sxm2-32gb', 'fp16', true],
    ['fp8', 'm3-ultra-512gb', 'bf16', true],
    ['int8', 'tpu-v5e', 'int8', false],
    ['int8', 't4', 'int8', false],
    ['int8', 'b200-sxm-180gb', 'int8', false],
    ['int8', 'b300-sxm-288gb', 'bf16', true],
    ['int8', 'mi210', 'int8', false],
    ['int4', 'b200-sxm-180gb', 'bf16', true],
    ['nvfp4', 'h100-sxm5-80gb', 'bf16', true],
    ['mxfp4', 'h200-sxm-141gb', 'bf16', true],
    ['mxfp4', 'mi355x', 'fp8', false],
    ['mxfp4', 'b200-sxm-180gb', 'fp8', false],
    ['nvfp4', 'b200-sxm-180gb', 'fp4', false],
    ['nvfp4', 'b300-sxm-288gb', 'fp4', false],
    ['bf16', 'v100-sxm2-32gb', 'fp16', false],
    ['bf16', 't4', 'fp16', false],
    ['fp16', 'tpu-v6e', 'bf16', false],
  ] as const)('%s on %s runs in %s, unpacked: %s', (format, gpu, type, unpacked) => {
    expect(gemmPath(gpuCard(gpu), format)).toEqual({ type, unpacked });
  });

  test('no format runs slower than unpacked to 16 bits, whatever the card', () => {
    const ids = ['t4', 'a30', 'rtx-3090', 'rtx-5090', 'gb300-279gb', 'mi250x', 'gaudi-3', 'trainium-1', 'trainium-3'];
    for (const id of ids) {
      const gpu = gpuCard(id);
      const sixteen = gpu.dense_flops.bf16 ?? gpu.dense_flops.fp16 ?? 0;
      for (const format of weightFormat.options) {
        if (bytesPerWeight(format) > 2) continue;
        const { type } = gemmPath(gpu, format);
        expect(type && gpu.dense_flops[type], `${format} on ${id}`).toBeGreaterThanOrEqual(sixteen);
      }
    }
  });
});

test.each([
  ['fp8', 'a100-sxm4-80gb', /^fp8 weights on X are unpacked to 16 bits \(bf16\)/],
  ['int8', 'b300-sxm-288gb', /^int8 weights on X are unpacked/],
  ['bf16', 't4', /^bf16 weights on X are computed in fp16/],
] as const)('%s on %s is said to be something else', (format, gpu, said) => {
  expect(fallbackNote(gpuCard(gpu), 'X', format)).toMatch(said);
});

test.each([
  ['fp8', 'h100-sxm5-80gb'],
  ['bf16', 'a100-sxm4-80gb'],
  ['int4', 'h100-sxm5-80gb'],
  ['nvfp4', 'b200-sxm-180gb'],
] as const)('nothing is said of %s on %s', (format, gpu) => {
  expect(fallbackNote(gpuCard(gpu), 'X', format)).toBeUndefined();
});
