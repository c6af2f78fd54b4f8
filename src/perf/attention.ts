import { attentionLayers, kvBytesPerTokenPerLayer } from '../model/kv-cache.ts';
import type { CalibrationCard } from '../schema/engine.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { KvFormat, ModelCard } from '../schema/model.ts';
import type { Seconds } from '../units/quantity.ts';
import { generationFactors } from './generation.ts';
import { combine, sixteenBitRate } from './roofline.ts';

/**
 * Attention's cost on one GPU. Decoding is linear in the total context of the running sequences; prefill is linear in
 * the attention work of the prompt tokens (Σ of the positions each attends to) and in the context a chunk re-reads.
 */
export interface AttentionCost {
  /** Seconds per token of context, over all full layers and over all sliding layers. */
  decodeFull: Seconds;
  decodeSliding: Seconds;
  /** Seconds per position attended to, by a prompt token. */
  prefillFull: Seconds;
  prefillSliding: Seconds;
  /** Seconds per token of cache that a prompt chunk reads or writes, over all layers. */
  prefillKv: Seconds;
}

/** FLOP of one query token attending to one position in one layer, on one GPU: scores and values, 2 each a MAC. */
function flopPerPosition(
  model: ModelCard,
  calibration: CalibrationCard,
  tensorParallel: number,
  phase: 'decode' | 'prefill',
): number {
  const heads = model.heads / tensorParallel;
  const { mla } = model;
  if (mla === undefined) return 4 * heads * model.head_dim;
  if (phase === 'prefill') return 2 * heads * (mla.qk_nope_head_dim + mla.qk_rope_head_dim + mla.v_head_dim);
  const tile = calibration.mla_head_tile;
  return 2 * Math.ceil(heads / tile) * tile * (2 * mla.kv_lora_rank + mla.qk_rope_head_dim);
}

/**
 * Attention costs per unit of context.
 *
 *   decode   bytes kv · S, FLOP 4·(n_h/t)·d·S per layer; MLA absorbed: 2·(n_h/t)·(2·kv_lora + rope)·S
 *   prefill  FLOP 4·(n_h/t)·d·Σ positions per layer; MLA un-absorbed: 2·(n_h/t)·(nope + rope + v)
 *
 * A decoding sequence may ask about several tokens at once, its own and proposed ones: the cache is still read once.
 *
 * Absorbed MLA decode pads the heads of a GPU to a tile of query rows, so splitting heads further saves nothing.
 *
 * @param queries tokens of one sequence that attend in a decode pass
 * @source Dao et al. 2022 (FlashAttention) for the FLOP; DeepSeek-V2 2024, sec. 2.1 for MLA
 * @checkedBy test/perf/step-time.test.ts
 */
export function attentionCost(
  model: ModelCard,
  gpu: GpuCard,
  calibration: CalibrationCard,
  kvCache: KvFormat,
  tensorParallel: number,
  queries = 1,
): AttentionCost {
  const layers = attentionLayers(model);
  const generation = generationFactors(gpu, calibration);
  const perSecond = sixteenBitRate(gpu) * calibration.attention_compute_efficiency * generation.compute;
  const cacheRate = gpu.memory_bandwidth * calibration.kv_memory_efficiency * generation.memory;
  const kvSeconds = kvBytesPerTokenPerLayer(model, kvCache, tensorParallel) / cacheRate;
  const decode = combine(
    calibration.combine,
    (queries * flopPerPosition(model, calibration, tensorParallel, 'decode')) / perSecond,
    kvSeconds,
  );
  const prefill = flopPerPosition(model, calibration, tensorParallel, 'prefill') / perSecond;
  return {
    decodeFull: layers.full * decode,
    decodeSliding: layers.sliding * decode,
    prefillFull: layers.full * prefill,
    prefillSliding: layers.sliding * prefill,
    prefillKv: model.layers * kvSeconds,
  };
}
