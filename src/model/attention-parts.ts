import type { ServedModel } from '../scenario/plan.ts';
import type { KvFormat, ModelCard } from '../schema/model.ts';
import type { Bytes, Share } from '../units/quantity.ts';
import { layerCounts } from './layers.ts';
import { bytesPerKvElement } from './precision.ts';

/**
 * Layers of one kind: what a decoding token reads of a sequence, what it computes, and what the cache keeps, each for
 * one layer on one GPU. `per` says of what:
 *
 *   context    every token of the context
 *   capped     every token of it up to the model's cap: a sliding window, or the tokens that a sparse layer selects
 *   sequence   the sequence as a whole, however long: a recurrent state
 */
export interface AttentionPart {
  layers: number;
  per: 'context' | 'capped' | 'sequence';
  readBytes: Bytes;
  decodeFlop: number;
  prefillFlop: number;
  /** Whether what lies beyond the cap is dropped, as in a window, or kept, as where another token may select it. */
  keeps: 'all' | 'window';
  keptBytes: Bytes;
}

/** Heads that score and sum over positions: 2 FLOP a MAC each for scores and values. */
const attend = (heads: number, headDim: number) => 4 * heads * headDim;

function groupedPart(
  layers: number,
  per: AttentionPart['per'],
  shape: { heads: number; kvHeads: number; headDim: number; tensors: number },
  element: Bytes,
  t: number,
): AttentionPart {
  const bytes = shape.tensors * Math.max(1, shape.kvHeads / t) * shape.headDim * element;
  const flop = attend(shape.heads / t, shape.headDim);
  return { layers, per, readBytes: bytes, decodeFlop: flop, prefillFlop: flop, keeps: 'all', keptBytes: bytes };
}

function latentPart(model: ModelCard, element: Bytes, t: number, tile: number): AttentionPart {
  const mla = model.mla as NonNullable<ModelCard['mla']>;
  const heads = model.heads / t;
  const bytes = (mla.kv_lora_rank + mla.qk_rope_head_dim) * element;
  return {
    layers: layerCounts(model).attention,
    per: 'context',
    readBytes: bytes,
    decodeFlop: 2 * Math.ceil(heads / tile) * tile * (2 * mla.kv_lora_rank + mla.qk_rope_head_dim),
    prefillFlop: 2 * heads * (mla.qk_nope_head_dim + mla.qk_rope_head_dim + mla.v_head_dim),
    keeps: 'all',
    keptBytes: bytes,
  };
}

/** Index keys are kept in 8 bits whatever the cache is in, and on every GPU. */
function indexerPart(layers: number, heads: number, dim: number, tokensPerEntry = 1): AttentionPart {
  const bytes = dim / tokensPerEntry;
  const flop = (2 * heads * dim) / tokensPerEntry;
  return {
    layers,
    per: 'context',
    readBytes: bytes,
    decodeFlop: flop,
    prefillFlop: flop,
    keeps: 'all',
    keptBytes: bytes,
  };
}

/** Selection: `layers` of the attention read no more than the selected tokens, and an indexer looks at all of them. */
function sparseParts(parts: readonly AttentionPart[], sparse: NonNullable<ModelCard['sparse']>): AttentionPart[] {
  const [core] = parts as [AttentionPart];
  const layers = sparse.layers ?? core.layers;
  const indexer =
    sparse.indexer_heads === undefined ? [] : [indexerPart(layers, sparse.indexer_heads, sparse.indexer_dim ?? 0)];
  return [{ ...core, layers: core.layers - layers }, { ...core, layers, per: 'capped' }, ...indexer];
}

/**
 * Cache entries that each stand for several tokens, all read or a selection of them, beside a short window of single
 * tokens. The window counts as a constant: right beyond its length, high for shorter contexts.
 */
function compressedParts(model: ModelCard, element: Bytes, t: number): AttentionPart[] {
  const { window, lanes, indexer_heads, indexer_dim } = model.compressed as NonNullable<ModelCard['compressed']>;
  const shape = { heads: model.heads, kvHeads: 1, headDim: model.head_dim, tensors: 1 };
  const single = groupedPart(layerCounts(model).attention, 'sequence', shape, element, t);
  const times = (part: AttentionPart, factor: number): AttentionPart => ({
    ...part,
    readBytes: factor * part.readBytes,
    decodeFlop: factor * part.decodeFlop,
    prefillFlop: factor * part.prefillFlop,
    keptBytes: factor * part.keptBytes,
  });
  const ofLanes = lanes.flatMap(({ ratio, layers, top_k }) => [
    times({ ...single, layers, per: top_k === undefined ? 'context' : 'capped' }, 1 / ratio),
    ...(top_k === undefined ? [] : [indexerPart(layers, indexer_heads, indexer_dim, ratio)]),
  ]);
  return [times(single, window), ...ofLanes];
}

/**
 * Bytes of state that one sequence leaves in one linear layer: the matrix each value head keeps, and the last inputs of
 * the short convolution, which are in 16 bits.
 *
 * @source Dao and Gu 2024 (Mamba-2); Yang et al. 2024 (Gated DeltaNet); Kimi Linear 2025 (KDA)
 * @checkedBy test/model/kv-cache.test.ts
 */
export function linearStateBytes(linear: NonNullable<ModelCard['linear']>): Bytes {
  const { key_heads, value_heads, key_head_dim, value_head_dim, conv_kernel, state } = linear;
  const channels = 2 * key_heads * key_head_dim + value_heads * value_head_dim;
  const matrix = value_heads * key_head_dim * value_head_dim;
  return matrix * (state === 'fp32' ? 4 : 2) + (conv_kernel - 1) * channels * 2;
}

/** A step reads the state, decays and updates it (4 FLOP an element), asks it (2), and writes it back. */
function linearPart(linear: NonNullable<ModelCard['linear']>, t: number): AttentionPart {
  const ways = Math.min(t, linear.value_heads);
  const bytes = linearStateBytes(linear) / ways;
  const flop = (6 * linear.value_heads * linear.key_head_dim * linear.value_head_dim) / ways;
  return {
    layers: linear.layers,
    per: 'sequence',
    readBytes: 2 * bytes,
    decodeFlop: flop,
    prefillFlop: flop,
    keeps: 'all',
    keptBytes: bytes,
  };
}

/** Full layers and, beside them, those with a window, whose heads may have a shape of their own. */
function headParts(model: ModelCard, element: Bytes, t: number): AttentionPart[] {
  const { heads, kv_heads: kvHeads, head_dim: headDim, sliding } = model;
  const { attention } = layerCounts(model);
  const tensors = model.shared_key_value === true ? 1 : 2;
  const full = groupedPart(
    attention - (sliding?.layers ?? 0),
    'context',
    { heads, kvHeads, headDim, tensors },
    element,
    t,
  );
  if (sliding === undefined) return [full];
  const own = { heads, kvHeads: sliding.kv_heads ?? kvHeads, headDim: sliding.head_dim ?? headDim, tensors: 2 };
  return [full, { ...groupedPart(sliding.layers, 'capped', own, element, t), keeps: 'window' }];
}

/** What is left of a cache that is pruned after the prompt: less to keep, to read and to ask. */
function pruned(part: AttentionPart, kept: Share): AttentionPart {
  return {
    ...part,
    readBytes: kept * part.readBytes,
    decodeFlop: kept * part.decodeFlop,
    keptBytes: kept * part.keptBytes,
  };
}

/**
 * Everything in a model that looks back at its sequence, by kind of layer, on one GPU of a tensor-parallel group.
 *
 *   GQA    2 · max(1, n_kv/t) · d · b_kv a token,   FLOP 4 · (n_h/t) · d a position
 *   MLA    (kv_lora + rope) · b_kv on every GPU;  absorbed decode 2 · (n_h/t) · (2 · kv_lora + rope),  prefill
 *          un-absorbed 2 · (n_h/t) · (nope + rope + v)
 *
 * Below one KV head a GPU the cache is copied, which is why it does not shrink beyond t = n_kv.
 *
 * @param headTile rows that absorbed MLA pads the heads of a GPU to
 * @source GQA: Ainslie et al. 2023; MLA: DeepSeek-V2 2024, sec. 2.1; windows: Beltagy et al. 2020; selection:
 *   DeepSeek-V3.2 2025, sec. 2; compression: DeepSeek-V4 config.json `compress_ratios`, `index_topk`, `sliding_window`
 * @checkedBy test/model/kv-cache.test.ts
 */
export function attentionParts(
  model: ServedModel,
  format: KvFormat,
  tensorParallel: number,
  headTile = 1,
): AttentionPart[] {
  const element = bytesPerKvElement(format);
  const { compressed, mla, sparse, linear } = model;
  const plain =
    compressed !== undefined
      ? compressedParts(model, element, tensorParallel)
      : mla !== undefined
        ? [latentPart(model, element, tensorParallel, headTile)]
        : headParts(model, element, tensorParallel);
  const complete = sparse === undefined ? plain : sparseParts(plain, sparse);
  const looking = model.kvKept === undefined ? complete : complete.map((part) => pruned(part, model.kvKept as Share));
  const all = linear === undefined ? looking : [...looking, linearPart(linear, tensorParallel)];
  return all.filter((part) => part.layers > 0);
}

/**
 * Tokens of a sequence that its capped layers read at most; Infinity where there is none, so that min(context, cap) is
 * the context. Sparse layers select among entries, each of which may stand for several tokens.
 *
 * @source `attentionParts`
 * @checkedBy test/model/kv-cache.test.ts
 */
export function attentionCap(model: ModelCard): number {
  const selected = model.compressed?.lanes.find((lane) => lane.top_k !== undefined);
  if (selected !== undefined) return (selected.top_k as number) * selected.ratio;
  return model.sparse?.top_k ?? model.sliding?.window ?? Number.POSITIVE_INFINITY;
}
