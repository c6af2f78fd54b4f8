import type { Component, ModelCard } from '../schema/model.ts';

/** How tensor parallelism lays out a block of parameters: split evenly, split by KV head, or copied to every GPU. */
export type Layout = 'split' | 'by_kv_head' | 'copied';

/** A block of a model's parameters that shares a component and a layout. */
export interface ParameterBlock {
  component: Component | 'norms';
  layout: Layout;
  parameters: number;
  /** Of these, how many one token multiplies with. Zero for the embedding table, which is a look-up. */
  activePerToken: number;
}

function attentionBlocks(model: ModelCard): ParameterBlock[] {
  const { hidden_size: hidden, heads, kv_heads: kvHeads, head_dim: headDim, layers, mla } = model;
  const block = (layout: Layout, perLayer: number): ParameterBlock => ({
    component: 'attention',
    layout,
    parameters: perLayer * layers,
    activePerToken: perLayer * layers,
  });
  if (mla === undefined) {
    return [block('split', 2 * hidden * heads * headDim), block('by_kv_head', 2 * hidden * kvHeads * headDim)];
  }
  const queryHead = mla.qk_nope_head_dim + mla.qk_rope_head_dim;
  const queryUp = (mla.q_lora_rank === 0 ? hidden : mla.q_lora_rank) * heads * queryHead;
  const keyValueUp = mla.kv_lora_rank * heads * (mla.qk_nope_head_dim + mla.v_head_dim);
  const output = heads * mla.v_head_dim * hidden;
  const down = hidden * (mla.q_lora_rank + mla.kv_lora_rank + mla.qk_rope_head_dim);
  return [block('split', queryUp + keyValueUp + output), block('copied', down)];
}

function feedForwardBlocks(model: ModelCard): ParameterBlock[] {
  const { hidden_size: hidden, layers, ffn_matrices: matrices, moe } = model;
  const denseLayers = moe === undefined ? layers : moe.first_dense_layers;
  const dense = denseLayers * matrices * hidden * model.intermediate_size;
  const blocks: ParameterBlock[] = [
    { component: 'dense_ffn', layout: 'split', parameters: dense, activePerToken: dense },
  ];
  if (moe === undefined) return blocks;
  const moeLayers = layers - moe.first_dense_layers;
  const experts = moeLayers * moe.experts * matrices * hidden * moe.expert_intermediate_size;
  const sharedSize = moe.shared_expert_intermediate_size ?? moe.expert_intermediate_size;
  const shared = moeLayers * moe.shared_experts * matrices * hidden * sharedSize;
  const router = moeLayers * hidden * moe.experts;
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
  const norms = 2 * model.hidden_size * model.layers + model.hidden_size;
  return [
    { component: 'embedding', layout: 'split', parameters: table, activePerToken: 0 },
    { component: 'head', layout: 'split', parameters: model.tied_embeddings ? 0 : table, activePerToken: table },
    ...attentionBlocks(model),
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
