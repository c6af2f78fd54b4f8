import * as z from 'zod';
import { cardId, count, name, quantity, sources } from './fields.ts';

const flops = quantity('FLOP/s', '989.4 TFLOP/s', { min: 1e9, max: 1e18 });
const bytes = quantity('B', '80 GB', { min: 1e6, max: 1e14 });

/** Rates without structured sparsity; there is no field for the sparse ones, which nothing in serving reaches. */
const denseFlops = z.strictObject({
  fp32: flops.optional(),
  tf32: flops.optional(),
  bf16: flops.optional(),
  fp16: flops.optional(),
  fp8: flops.optional(),
  int8: flops.optional(),
  fp4: flops.optional(),
});
export const computeFormat = denseFlops.keyof();
export type ComputeFormat = z.infer<typeof computeFormat>;

const link = z.strictObject({
  name: name(),
  /** One direction, per GPU: 450 GB/s for NVLink 4, whose datasheet says 900. */
  bandwidth: quantity('B/s', '450 GB/s', { min: 1e8, max: 1e14 }),
  gpus: count({ min: 1, max: 10_000 }),
});

const gpuNumbers = {
  name: name().optional(),
  /** Names the generation whose fitted factors apply; the vendor's word: Hopper, Blackwell, CDNA3. */
  architecture: name().optional(),
  dense_flops: denseFlops,
  memory: z.strictObject({
    marketed: bytes,
    /** What the driver leaves to programs, measured; never derived from the name of the card. */
    usable: bytes.optional(),
  }),
  memory_bandwidth: quantity('B/s', '3.35 TB/s', { min: 1e9, max: 1e15 }),
  link: link.optional(),
  tdp: quantity('W', '700 W', { min: 5, max: 1e5 }).optional(),
  unsupported: z.array(computeFormat).default([]),
};

const gpuObject = z.strictObject(gpuNumbers);
export type GpuCard = z.infer<typeof gpuObject>;

/** Marketed sizes count in GB what may be GiB; no card has more than that. */
const GIB_PER_GB = 2 ** 30 / 1e9;

function contradictions({ memory, unsupported, dense_flops: rates }: GpuCard): { path: string[]; message: string }[] {
  const found: { path: string[]; message: string }[] = [];
  if (memory.usable !== undefined && memory.usable > memory.marketed * GIB_PER_GB) {
    found.push({ path: ['memory', 'usable'], message: 'more is usable than is marketed' });
  }
  for (const format of unsupported) {
    if (rates[format] === undefined) continue;
    found.push({ path: ['unsupported'], message: `${format} is unsupported and has a rate` });
  }
  return found;
}

/** A card in a scenario. */
export const inlineGpu = gpuObject.superRefine((gpu, context) => {
  for (const { path, message } of contradictions(gpu)) context.addIssue({ code: 'custom', path, message });
});
/** The fields of a card that physics reads. */
export const GPU_FIELDS = Object.keys(gpuNumbers);

export const gpuCard = z.strictObject({
  id: cardId(),
  ...gpuNumbers,
  name: name(),
  aliases: z.array(name()).default([]),
  vendor: name(),
  architecture: name(),
  year: count({ min: 2010, max: 2100 }),
  tdp: quantity('W', '700 W', { min: 5, max: 1e5 }),
  sources,
});
