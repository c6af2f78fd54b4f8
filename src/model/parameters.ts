import type { Component, ModelCard } from '../schema/model.ts';
import { layerCounts } from './layers.ts';

/** How tensor parallelism lays out a block of parameters: split evenly, split by KV head, or copied to every GPU. */
export type Layout = 'split' | 'by_kv_head' | 'copied';

/** A block of a model's parameters that shares a component and a layout. */
export interface ParameterBlock {
  component: Component | 'norms';
  layout: Layout;
  parameters: number;
  /** Of these, how many one token multiplies with. Zero for the embedding table, which is a look-up. */
  activePerToken: number;
  /** KV heads of a block laid out by them, where not the model's. */
  kvHeads?: number;
}

/** Query and output projections split by head, key and value projections by KV head. */
function headBlocks(model: ModelCard): ParameterBlock[] {
  const { hidden_size: hidden, heads, sliding } = model;
  const layers = layerCounts(model).attention - (sliding?.layers ?? 0);
  const queries = model.output_gate === true ? 3 : 2;
  const ofHeads = (count: number, tensors: number, kvHeads: number, headDim: number): ParameterBlock[] => [
    attentionBlock('split', queries * hidden * heads * headDim, count),
    { ...attentionBlock('by_kv_head', tensors * hidden * kvHeads * headDim, count), kvHeads },
  ];
  const full = ofHeads(layers, model.shared_key_value === true ? 1 : 2, model.kv_heads, model.head_dim);
  if (sliding === undefined) return full;
  const own = ofHeads(sliding.layers, 2, sliding.kv_heads ?? model.kv_heads, sliding.head_dim ?? model.head_dim);
  return [...full, ...own];
}

function attentionBlock(layout: Layout, perLayer: number, layers: number): ParameterBlock {
  return { component: 'attention', layout, parameters: perLayer * layers, activePerToken: perLayer * layers };
}

function latentBlocks(model: ModelCard, mla: NonNullable<ModelCard['mla']>): ParameterBlock[] {
  const { hidden_size: hidden, heads } = model;
  const { attention: layers } = layerCounts(model);
  const queryHead = mla.qk_nope_head_dim + mla.qk_rope_head_dim;
  const queryUp = (mla.q_lora_rank === 0 ? hidden : mla.q_lora_rank) * heads * queryHead;
  const keyValueUp = mla.kv_lora_rank * heads * (mla.qk_nope_head_dim + mla.v_head_dim);
  const output = heads * mla.v_head_dim * hidden * (model.output_gate === true ? 2 : 1);
  const down = hidden * (mla.q_lora_rank + mla.kv_lora_rank + mla.qk_rope_head_dim);
  return [attentionBlock('split', queryUp + keyValueUp + output, layers), attentionBlock('copied', down, layers)];
}

/** Queries through a narrow space, one shared key-value head, and an output projected group by group. */
function compressedBlocks(model: ModelCard, shape: NonNullable<ModelCard['compressed']>): ParameterBlock[] {
  const { hidden_size: hidden, heads, head_dim: headDim } = model;
  const { q_lora_rank: rank, o_lora_rank, o_groups, lanes, indexer_heads, indexer_dim } = shape;
  const { attention } = layerCounts(model);
  const split = heads * headDim * (rank + o_lora_rank) + o_groups * o_lora_rank * hidden;
  const indexer = rank * indexer_heads * indexer_dim + hidden * (indexer_heads + 2 * indexer_dim);
  return [
    attentionBlock('split', split, attention),
    attentionBlock('copied', hidden * (rank + headDim), attention),
    ...lanes.map(({ layers, top_k }) =>
      // Values and weights of the compression, and where entries are selected the indexer.
      attentionBlock('copied', 2 * hidden * headDim + (top_k === undefined ? 0 : indexer), layers),
    ),
  ];
}

/** Queries of the indexer from MLA's narrow space, one index key, and a weight for each index head. */
function indexerBlocks(model: ModelCard): ParameterBlock[] {
  const { sparse, mla, hidden_size: hidden } = model;
  if (sparse?.indexer_heads === undefined || sparse.indexer_dim === undefined) return [];
  const queries = (mla?.q_lora_rank || hidden) * sparse.indexer_heads * sparse.indexer_dim;
  const perLayer = queries + hidden * (sparse.indexer_dim + sparse.indexer_heads);
  return [attentionBlock('copied', perLayer, sparse.layers ?? layerCounts(model).attention)];
}

function attentionBlocks(model: ModelCard): ParameterBlock[] {
  const { mla, compressed } = model;
  if (compressed !== undefined) return compressedBlocks(model, compressed);
  const plain = mla === undefined ? headBlocks(model) : latentBlocks(model, mla);
  return [...plain, ...indexerBlocks(model)];
}

/** What the gates of a linear layer take, by kind: a step size a head; two gates a head; or low-rank gates a channel. */
function gateParameters(linear: NonNullable<ModelCard['linear']>, hidden: number): number {
  const { kind, value_heads: heads, value_head_dim: headDim } = linear;
  const width = heads * headDim;
  switch (kind) {
    case 'mamba2':
      return hidden * (width + heads);
    case 'gated_delta':
      return hidden * (width + 2 * heads);
    case 'kda':
      return 2 * (hidden + width) * headDim + hidden * heads;
  }
}

function linearBlocks(model: ModelCard): ParameterBlock[] {
  const { linear, hidden_size: hidden } = model;
  if (linear === undefined) return [];
  const { key_heads, key_head_dim, value_heads, value_head_dim, conv_kernel, layers } = linear;
  const values = value_heads * value_head_dim;
  const channels = 2 * key_heads * key_head_dim + values;
  const perLayer = hidden * (channels + values) + gateParameters(linear, hidden) + channels * conv_kernel;
  const parameters = perLayer * layers;
  return [{ component: 'linear_attention', layout: 'split', parameters, activePerToken: parameters }];
}

function feedForwardBlocks(model: ModelCard): ParameterBlock[] {
  const { hidden_size: hidden, ffn_matrices: matrices, moe } = model;
  const counts = layerCounts(model);
  const dense = counts.dense * matrices * hidden * model.intermediate_size;
  const blocks: ParameterBlock[] = [
    { component: 'dense_ffn', layout: 'split', parameters: dense, activePerToken: dense },
  ];
  if (moe === undefined) return blocks;
  const width = moe.latent_size ?? hidden;
  const experts = counts.moe * moe.experts * matrices * width * moe.expert_intermediate_size;
  const sharedSize = moe.shared_expert_intermediate_size ?? moe.expert_intermediate_size;
  const intoAndOut = moe.latent_size === undefined ? 0 : 2 * hidden * moe.latent_size;
  const shared = counts.moe * (moe.shared_experts * matrices * hidden * sharedSize + intoAndOut);
  const router = counts.moe * hidden * moe.experts;
  blocks.push(
    {
      component: 'experts',
      layout: 'split',
      parameters: experts,
      activePerToken: (experts * moe.experts_per_token) / moe.experts,
    },
    { component: 'shared_experts', layout: 'split', parameters: shared, activePerToken: shared },
    { component: 'router', layout: 'copied', parameters: router, activePerToken: router },
  );
  return blocks;
}

/** Blocks as the shape gives them, before any stated count. */
function shapeBlocks(model: ModelCard): ParameterBlock[] {
  const table = model.vocab_size * model.hidden_size;
  const norms = 2 * model.hidden_size * layerCounts(model).pairs + model.hidden_size;
  return [
    { component: 'embedding', layout: 'split', parameters: table, activePerToken: 0 },
    { component: 'head', layout: 'split', parameters: model.tied_embeddings ? 0 : table, activePerToken: table },
    ...attentionBlocks(model),
    ...linearBlocks(model),
    ...feedForwardBlocks(model),
    { component: 'norms', layout: 'copied', parameters: norms, activePerToken: norms },
  ];
}

/**
 * A model's parameters by component and tensor-parallel layout.
 *
 * A stated `parameters` rescales every block so that they sum to it, and then the whole count is multiplied for each
 * token, embedding table included: a bare count cannot say how much of it is a look-up table, and 2·P FLOP per token
 * is what the field means by it. A stated `active_parameters` likewise sets the sum of what one token multiplies.
 *
 * @source Vaswani et al. 2017; GQA: Ainslie et al. 2023; MLA: DeepSeek-V2 2024, sec. 2.1; 2·P: Kaplan et al. 2020
 * @checkedBy test/model/parameters.test.ts
 */
export function parameterBlocks(model: ModelCard): ParameterBlock[] {
  const blocks = shapeBlocks(model);
  if (model.parameters === undefined && model.active_parameters === undefined) return blocks;
  const sum = blocks.reduce((total, block) => total + block.parameters, 0);
  const factor = model.parameters === undefined ? 1 : model.parameters / sum;
  const scaled = blocks.map((block) => ({
    ...block,
    parameters: block.parameters * factor,
    activePerToken: block.component === 'embedding' ? block.parameters * factor : block.activePerToken * factor,
  }));
  if (model.active_parameters === undefined) return scaled;
  const active = scaled.reduce((total, block) => total + block.activePerToken, 0);
  const share = model.active_parameters / active;
  return scaled.map((block) => ({ ...block, activePerToken: block.activePerToken * share }));
}

/**
 * Whether the card states its count, so that head and embedding are part of every token's work.
 * @source see `parameterBlocks`
 */
export function hasStatedCount(model: ModelCard): boolean {
  return model.parameters !== undefined;
}

/**
 * Totals of `parameterBlocks`, for people and for the check against published counts.
 * @source sum of `parameterBlocks`
 * @checkedBy test/model/parameters.test.ts
 */
export function parameterCount(model: ModelCard): {
  total: number;
  active: number;
  byComponent: Partial<Record<ParameterBlock['component'], number>>;
} {
  const byComponent: Partial<Record<ParameterBlock['component'], number>> = {};
  let total = 0;
  let active = 0;
  for (const block of parameterBlocks(model)) {
    total += block.parameters;
    active += block.activePerToken;
    byComponent[block.component] = (byComponent[block.component] ?? 0) + block.parameters;
  }
  return { total, active, byComponent };
}
