import type { ComputeFormat, GpuCard } from '../schema/gpu.ts';
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

/** How a format is multiplied where a GPU has units for it, and what stands in where it has none. */
interface GemmRule {
  /** Tensor-core types that multiply the format as it is stored, best first. */
  native: readonly ComputeFormat[];
  /**
   * Units the GPU must have to read the format. MXFP4 is multiplied by activations in MXFP8, as engines serve gpt-oss,
   * and such a mixed product runs at the rate of the wider type.
   */
  beside?: ComputeFormat;
  /** What to say where the GPU does otherwise; absent where no GPU does. */
  otherwise?: string;
}

/**
 * The rule of the fallback, by weight format. Without native units, or where they are slower than the 16-bit ones,
 * weights of 8 bits and fewer are read at their own width, unpacked to 16 bits and multiplied there (Marlin kernels).
 * Per GPU that comes to: fp8 on Ampere and older, and on TPUs before v7, is weight-only; MI300X multiplies fp8 natively,
 * in the FNUZ encoding; fp4 of either scaling needs Blackwell, CDNA 4 or Trainium3; int8 is native from Turing on and
 * useless on Blackwell Ultra; int4 is weight-only
 * everywhere, because no serving engine multiplies int4 activations; V100 and T4 compute bf16 checkpoints in fp16.
 */
const GEMM_RULES: Record<WeightFormat, GemmRule> = {
  fp32: { native: ['fp32'], otherwise: 'there is no fp32 rate' },
  bf16: { native: ['bf16', 'fp16'], otherwise: 'the checkpoint is converted when it is loaded' },
  fp16: { native: ['fp16', 'bf16'], otherwise: 'the checkpoint is converted when it is loaded' },
  fp8: { native: ['fp8'], otherwise: 'it multiplies no fp8' },
  int8: { native: ['int8'], otherwise: 'it multiplies int8 slower than 16 bits, or not at all' },
  int4: { native: [] },
  nvfp4: { native: ['fp4'], otherwise: 'it multiplies no fp4' },
  mxfp4: { native: ['fp8'], beside: 'fp4', otherwise: 'it multiplies no fp4' },
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

/** What one weight format runs as on one GPU. */
export interface GemmPath {
  /** The type whose rate applies; undefined where the card lists none that would do. */
  type: ComputeFormat | undefined;
  /** True where weights are unpacked to 16 bits before the multiplication. */
  unpacked: boolean;
}

/** Types that 16-bit arithmetic runs on, best first; the last two where a card lists nothing narrower. */
const SIXTEEN_BIT: readonly ComputeFormat[] = ['bf16', 'fp16', 'tf32', 'fp32'];

/**
 * The type that attention and unpacked weights are multiplied in.
 * @source vendor datasheets list the rates per type
 */
export function sixteenBitType(rates: GpuCard['dense_flops']): ComputeFormat | undefined {
  return SIXTEEN_BIT.find((type) => rates[type] !== undefined);
}

/**
 * The type a GEMM on weights of `format` runs in. Native units slower than the 16-bit ones are passed over, as on
 * Blackwell Ultra, whose int8 units do a fifteenth of its bf16 ones.
 *
 * @source vendor datasheets list the rates per type; Frantar et al. 2024 (MARLIN) for weight-only GEMMs
 * @checkedBy test/model/precision.test.ts
 */
export function gemmPath({ dense_flops: rates }: Pick<GpuCard, 'dense_flops'>, format: WeightFormat): GemmPath {
  const sixteen = sixteenBitType(rates);
  const narrow = bytesPerWeight(format) < 2;
  const least = narrow && sixteen !== undefined ? (rates[sixteen] ?? 0) : 0;
  const { native: types, beside } = GEMM_RULES[format];
  const isReadable = beside === undefined || (rates[beside] ?? 0) > 0;
  const native = types.find((type) => isReadable && (rates[type] ?? 0) > 0 && (rates[type] ?? 0) >= least);
  return native === undefined ? { type: sixteen, unpacked: narrow } : { type: native, unpacked: false };
}

/**
 * One sentence where a GPU runs a format as something else, for the reader of the result.
 * @source the rule of `gemmPath`
 */
export function fallbackNote(
  gpu: Pick<GpuCard, 'dense_flops'>,
  gpuName: string,
  format: WeightFormat,
): string | undefined {
  const { native, otherwise } = GEMM_RULES[format];
  const { type, unpacked } = gemmPath(gpu, format);
  if (otherwise === undefined || type === undefined || type === native[0]) return undefined;
  const done = unpacked ? `unpacked to 16 bits (${type})` : `computed in ${type}`;
  return `${format} weights on ${gpuName} are ${done}: ${otherwise}`;
}
