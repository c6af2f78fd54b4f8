import type { ComputeFormat } from '../schema/gpu.ts';
import type { KvFormat, WeightFormat } from '../schema/model.ts';
import type { Bytes } from '../units/quantity.ts';

/**
 * Bits that one stored weight takes, block scales included. These are definitions of the formats, not measurements:
 * OCP Microscaling Formats 1.0 (2023) shares one 8-bit scale among 32 values; NVFP4 one 8-bit scale among 16
 * (NVIDIA, 2025). int8 and int4 carry their per-channel or per-group scales outside the nominal width.
 */
const WEIGHT_BITS: Record<WeightFormat, number> = {
  fp32: 32,
  bf16: 16,
  fp16: 16,
  fp8: 8,
  int8: 8,
  int4: 4,
  nvfp4: 4.5,
  mxfp4: 4.25,
};

/**
 * The tensor-core type a GEMM on each weight format would use, best first. A GPU without it unpacks the weights to
 * 16 bits; int4 is always unpacked, because no serving engine multiplies int4 activations.
 */
const GEMM_TYPES: Record<WeightFormat, readonly ComputeFormat[]> = {
  fp32: ['fp32'],
  bf16: ['bf16', 'fp16'],
  fp16: ['fp16', 'bf16'],
  fp8: ['fp8'],
  int8: ['int8'],
  int4: [],
  nvfp4: ['fp4'],
  mxfp4: ['fp4'],
};

/**
 * Bytes of one stored weight.
 * @source OCP Microscaling Formats (MX) v1.0; NVIDIA NVFP4 format description
 */
export function bytesPerWeight(format: WeightFormat): Bytes {
  return WEIGHT_BITS[format] / 8;
}

/**
 * Bytes of one cached key or value element.
 * @source definition of the format; per-tensor scales are negligible
 */
export function bytesPerKvElement(format: KvFormat): Bytes {
  return format === 'fp8' || format === 'int8' ? 1 : 2;
}

/**
 * Tensor-core types that multiply this weight format without unpacking it.
 * @source vendor datasheets list the rates per type
 */
export function gemmTypes(format: WeightFormat): readonly ComputeFormat[] {
  return GEMM_TYPES[format];
}
