import type { KvFormat, ModelCard } from '../schema/model.ts';
import type { Bytes, Tokens } from '../units/quantity.ts';
import { attentionCap, attentionParts } from './attention-parts.ts';

/** What one sequence keeps on one GPU, over all layers. */
export interface CacheUse {
  /** For every token of it, and for every token within the window besides. */
  perToken: Bytes;
  perWindowToken: Bytes;
  /** Whatever its length: the state of linear layers. */
  perSequence: Bytes;
}

/**
 * Bytes of cache and state that a sequence keeps on one GPU of a tensor-parallel group.
 * @source sum over `attentionParts`
 * @checkedBy test/model/kv-cache.test.ts
 */
export function cacheUse(model: ModelCard, format: KvFormat, tensorParallel: number): CacheUse {
  const use = { perToken: 0, perWindowToken: 0, perSequence: 0 };
  for (const { layers, per, keeps, keptBytes } of attentionParts(model, format, tensorParallel)) {
    const kind = per === 'sequence' ? 'perSequence' : keeps === 'window' ? 'perWindowToken' : 'perToken';
    use[kind] += layers * keptBytes;
  }
  return use;
}

/**
 * Bytes of cache that a sequence of `context` tokens holds on one GPU, its constant state included; a sliding layer
 * holds at most its window.
 *
 * @source `cacheUse`
 * @checkedBy test/model/kv-cache.test.ts
 */
export function kvBytesPerSequence(model: ModelCard, format: KvFormat, tensorParallel: number, context: Tokens): Bytes {
  const { perToken, perWindowToken, perSequence } = cacheUse(model, format, tensorParallel);
  const windowed = perWindowToken === 0 ? 0 : perWindowToken * Math.min(context, attentionCap(model));
  return perToken * context + windowed + perSequence;
}

/**
 * Logical bytes of cache per token of a sequence of `context` tokens, before any copy over tensor parallelism.
 *
 * Constant for full attention; with sliding layers or a constant state it falls with the context, so the context is an
 * argument.
 *
 * @source `kvBytesPerSequence` at one GPU
 * @checkedBy test/model/kv-cache.test.ts
 */
export function kvBytesPerToken(model: ModelCard, format: KvFormat, context: Tokens): Bytes {
  return kvBytesPerSequence(model, format, 1, context) / context;
}
