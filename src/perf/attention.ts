import { attentionParts } from '../model/attention-parts.ts';
import type { CalibrationCard } from '../schema/engine.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { KvFormat, ModelCard } from '../schema/model.ts';
import type { Seconds } from '../units/quantity.ts';
import { generationFactors } from './generation.ts';
import { combine, sixteenBitRate } from './roofline.ts';

/**
 * Attention's cost on one GPU. Decoding is linear in the total context of the running sequences and in their number;
 * prefill is linear in the attention work of the prompt tokens (Σ of the positions each attends to), in their number
 * and in the context a chunk re-reads.
 */
export interface AttentionCost {
  /** Seconds per token of context, over all layers that see all of it and over all that see a capped part. */
  decodeFull: Seconds;
  decodeSliding: Seconds;
  /** Seconds per decoding sequence, whatever its context: the state of linear layers, read and written. */
  decodeSequence: Seconds;
  /** Seconds per position attended to, by a prompt token; and per prompt token whatever its position. */
  prefillFull: Seconds;
  prefillSliding: Seconds;
  prefillToken: Seconds;
  /** Seconds per token of cache that a prompt chunk reads or writes, over all layers. */
  prefillKv: Seconds;
}

const KINDS = {
  context: { decode: 'decodeFull', prefill: 'prefillFull' },
  capped: { decode: 'decodeSliding', prefill: 'prefillSliding' },
  sequence: { decode: 'decodeSequence', prefill: 'prefillToken' },
} as const;

/**
 * Attention costs per unit of context, summed over the kinds of layers of a model (`attentionParts` has bytes and FLOP).
 *
 * A decoding sequence may ask about several tokens at once, its own and proposed ones: the cache is still read once.
 *
 * Absorbed MLA decode pads the heads of a GPU to a tile of query rows, so splitting heads further saves nothing.
 *
 * @param queries tokens of one sequence that attend in a decode pass
 * @source Dao et al. 2022 (FlashAttention) for the FLOP; DeepSeek-V2 2024, sec. 2.1 for MLA
 * @assumes a prompt chunk reads the whole past also on layers with a cap, and its linear layers run token by token;
 *   both err high on prefill
 * @checkedBy test/perf/attention.test.ts
 */
export function attentionCost(
  model: ModelCard,
  gpu: GpuCard,
  calibration: CalibrationCard,
  kvCache: KvFormat,
  tensorParallel: number,
  queries = 1,
): AttentionCost {
  const generation = generationFactors(gpu, calibration);
  const perSecond = sixteenBitRate(gpu) * calibration.attention_compute_efficiency * generation.compute;
  const cacheRate = gpu.memory_bandwidth * calibration.kv_memory_efficiency * generation.memory;
  const cost: AttentionCost = {
    decodeFull: 0,
    decodeSliding: 0,
    decodeSequence: 0,
    prefillFull: 0,
    prefillSliding: 0,
    prefillToken: 0,
    prefillKv: 0,
  };
  for (const part of attentionParts(model, kvCache, tensorParallel, calibration.mla_head_tile)) {
    const { decode, prefill } = KINDS[part.per];
    const read = part.readBytes / cacheRate;
    cost[decode] += part.layers * combine(calibration.combine, (queries * part.decodeFlop) / perSecond, read);
    cost[prefill] += (part.layers * part.prefillFlop) / perSecond;
    if (part.per !== 'sequence') cost.prefillKv += part.layers * read;
  }
  return cost;
}
