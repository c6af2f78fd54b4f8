import { describe, expect, test } from 'vitest';
import { combine, linearRates, sixteenBitRate } from '../../src/perf/roofline.ts';
import { A100, B200, FITTED, H100, IDEAL } from './cards.ts';

describe('rates of linear layers', () => {
  test.each([
    ['bf16 on H100', H100, 'bf16', 989.4e12, false],
    ['fp8 on H100', H100, 'fp8', 1978.9e12, false],
    ['fp8 on A100 is unpacked', A100, 'fp8', 312e12, true],
    ['int4 is unpacked everywhere', B200, 'int4', 2250e12, true],
    ['nvfp4 on B200', B200, 'nvfp4', 9000e12, false],
    ['mxfp4 on H100 is unpacked', H100, 'mxfp4', 989.4e12, true],
  ] as const)('%s, nothing lost', (_, gpu, format, flops, unpacked) => {
    const rates = linearRates(gpu, IDEAL, format);
    expect(rates).toEqual({ flopPerSecond: flops, bytesPerSecond: gpu.memory_bandwidth, unpacked });
  });

  test('efficiencies apply by the width of the weights', () => {
    const { memory_efficiency: memory, compute_efficiency: compute, unpacked_compute_efficiency: unpacked } = FITTED;
    expect(linearRates(H100, FITTED, 'bf16').bytesPerSecond).toBe(3.35e12 * memory.bits_16);
    expect(linearRates(H100, FITTED, 'int8').bytesPerSecond).toBe(3.35e12 * memory.bits_8);
    expect(linearRates(H100, FITTED, 'int4').bytesPerSecond).toBe(3.35e12 * memory.bits_4);
    expect(linearRates(H100, FITTED, 'fp8').flopPerSecond).toBe(1978.9e12 * compute);
    expect(linearRates(H100, FITTED, 'int4').flopPerSecond).toBe(989.4e12 * unpacked);
  });

  test('a card without a 16-bit rate is refused', () => {
    expect(() => sixteenBitRate({ ...H100, dense_flops: {} })).toThrow('no dense rate');
  });
});

test('an operator takes the longer of its times, or their sum', () => {
  expect(combine('max', 2, 3)).toBe(3);
  expect(combine('sum', 2, 3)).toBe(5);
});
