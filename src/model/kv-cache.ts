import type { KvFormat, ModelCard } from '../schema/model.ts';
import type { Bytes, Tokens } from '../units/quantity.ts';
import { bytesPerKvElement } from './precision.ts';

/** Layers by how much of a sequence they attend to. */
export interface AttentionLayers {
  full: number;
  sliding: number;
  /** Tokens a sliding layer keeps; Infinity where there is none, so that min(context, window) is the context. */
  window: number;
}

/**
 * Full-attention and sliding-window layers of a model.
 * @source Beltagy et al. 2020 (Longformer); Jiang et al. 2023 (Mistral 7B), sec. 2
 */
export function attentionLayers(model: ModelCard): AttentionLayers {
  const sliding = model.sliding?.layers ?? 0;
  return { full: model.layers - sliding, sliding, window: model.sliding?.window ?? Number.POSITIVE_INFINITY };
}

/**
 * Bytes that one token leaves in one layer's cache, on one GPU of a tensor-parallel group.
 *
 *   GQA: 2 · max(1, n_kv/t) · d · b_kv       MLA: (kv_lora + rope) · b_kv, on every GPU
 *
 * Below one KV head a GPU the cache is copied, which is why it does not shrink beyond t = n_kv.
 *
 * @source GQA: Ainslie et al. 2023; MLA: DeepSeek-V2 2024, sec. 2.1.2
 * @checkedBy test/model/kv-cache.test.ts
 */
export function kvBytesPerTokenPerLayer(model: ModelCard, format: KvFormat, tensorParallel: number): Bytes {
  const element = bytesPerKvElement(format);
  if (model.mla !== undefined) return (model.mla.kv_lora_rank + model.mla.qk_rope_head_dim) * element;
  return 2 * Math.max(1, model.kv_heads / tensorParallel) * model.head_dim * element;
}

/**
 * Bytes of cache that a sequence of `context` tokens holds on one GPU; a sliding layer holds at most its window.
 * @source sum over `attentionLayers`
 * @checkedBy test/model/kv-cache.test.ts
 */
export function kvBytesPerSequence(model: ModelCard, format: KvFormat, tensorParallel: number, context: Tokens): Bytes {
  const layers = attentionLayers(model);
  const perLayer = kvBytesPerTokenPerLayer(model, format, tensorParallel);
  return (
    perLayer * (layers.full * context + (layers.sliding === 0 ? 0 : layers.sliding * Math.min(context, layers.window)))
  );
}

/**
 * Logical bytes of cache per token of a sequence of `context` tokens, before any copy over tensor parallelism.
 *
 * Constant for full attention; with sliding layers it falls with the context, so the context is an argument.
 *
 * @source `kvBytesPerSequence` at one GPU
 * @checkedBy test/model/kv-cache.test.ts
 */
export function kvBytesPerToken(model: ModelCard, format: KvFormat, context: Tokens): Bytes {
  return kvBytesPerSequence(model, format, 1, context) / context;
}
