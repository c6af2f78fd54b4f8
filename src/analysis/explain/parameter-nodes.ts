import { hasStatedCount, type ParameterBlock, parameterBlocks, parameterCount } from '../../model/parameters.ts';
import { adapterParameters } from '../../model/weights.ts';
import type { ModelCard } from '../../schema/model.ts';
import { type Formula, formula, joined } from './explanation.ts';
import { attentionLayers, denseLayers, fullLayers, moeLayers, pairsNode } from './layer-nodes.ts';
import { settingSource } from './provenance.ts';
import type { Explaining } from './run-facts.ts';
import {
  compressed,
  headDimNode,
  headsNode,
  hiddenNode,
  kvHeadsNode,
  latent,
  moe,
  recurrent,
  shape,
  sliding,
  sparse,
  tensorParallelNode,
} from './shape-nodes.ts';

/** A block of parameters with a name of its own: a model may have several of attention. */
export interface NamedBlock extends ParameterBlock {
  name: string;
}

function attentionNames(model: ModelCard): readonly string[] {
  if (model.compressed !== undefined) return [];
  const own = model.mla === undefined ? ['attention', 'attention_kv'] : ['attention', 'attention_down'];
  const windowed = model.sliding === undefined ? [] : ['attention_sliding', 'attention_sliding_kv'];
  return [...own, ...windowed, 'attention_indexer'];
}

function named(model: ModelCard): NamedBlock[] {
  const names = attentionNames(model);
  let seen = 0;
  return parameterBlocks(model).map((block) => {
    if (block.component !== 'attention') return { ...block, name: block.component };
    const name = names[seen] ?? `attention_${seen}`;
    seen += 1;
    return { ...block, name };
  });
}

/** The model's blocks as the run has them. */
export const blocksOf = (e: Explaining): NamedBlock[] => named(e.facts.plan.model);

/** The blocks as the shape alone makes them. */
function bareBlocks(e: Explaining): NamedBlock[] {
  const { parameters: _, active_parameters: __, ...bare } = e.facts.plan.model;
  return named(bare);
}

function latentAttention(e: Explaining, name: string): Formula {
  const { mla, output_gate: gate } = e.facts.plan.model;
  const [hidden, heads, layers] = [hiddenNode(e), headsNode(e), attentionLayers(e)];
  const { queryRank, cacheRank, nope, rope, value } = latent;
  if (name === 'attention_down') {
    return formula`${layers} * ${hidden} * (${queryRank(e)} + ${cacheRank(e)} + ${rope(e)})`;
  }
  const queryIn = mla?.q_lora_rank === 0 ? hidden : queryRank(e);
  const out = gate === true ? formula`2 * ${value(e)}` : formula`${value(e)}`;
  return formula`${layers} * ${heads} * (${queryIn} * (${nope(e)} + ${rope(e)}) + ${cacheRank(e)} * (${nope(e)} + ${value(e)}) + ${out} * ${hidden})`;
}

/** Queries and outputs, with a gate as wide; or keys and values, which may be one tensor. */
function headAttention(e: Explaining, name: string): Formula {
  const { model } = e.facts.plan;
  const isWindowed = name.startsWith('attention_sliding');
  const layers = isWindowed ? formula`${sliding.layers(e)}` : fullLayers(e);
  const dim = isWindowed ? sliding.headDim(e) : headDimNode(e);
  if (!name.endsWith('_kv')) {
    return formula`${model.output_gate === true ? 3 : 2} * ${hiddenNode(e)} * ${headsNode(e)} * ${dim} * ${layers}`;
  }
  const tensors = model.shared_key_value === true && !isWindowed ? 1 : 2;
  return formula`${tensors} * ${hiddenNode(e)} * ${blockKvHeads(e, name)} * ${dim} * ${layers}`;
}

const blockKvHeads = (e: Explaining, name: string) =>
  name === 'attention_sliding_kv' ? sliding.kvHeads(e) : kvHeadsNode(e);

function indexer(e: Explaining): Formula {
  const { sparse: selected, mla } = e.facts.plan.model;
  const layers = selected?.layers === undefined ? attentionLayers(e) : sparse(e, 'layers', 'layers that select');
  const heads = sparse(e, 'indexer_heads', 'heads of the indexer');
  const dim = sparse(e, 'indexer_dim', 'size of its head');
  const queryIn = (mla?.q_lora_rank ?? 0) === 0 ? hiddenNode(e) : latent.queryRank(e);
  return formula`${layers} * (${queryIn} * ${heads} * ${dim} + ${hiddenNode(e)} * (${dim} + ${heads}))`;
}

function recurrentBlock(e: Explaining): Formula {
  const { layers, keyHeads, keyDim, valueHeads, valueDim, kernel } = recurrent;
  const hidden = hiddenNode(e);
  const width = formula`${valueHeads(e)} * ${valueDim(e)}`;
  const channels = formula`(2 * ${keyHeads(e)} * ${keyDim(e)} + ${width})`;
  const gates = {
    mamba2: formula`${hidden} * (${width} + ${valueHeads(e)})`,
    gated_delta: formula`${hidden} * (${width} + 2 * ${valueHeads(e)})`,
    kda: formula`2 * (${hidden} + ${width}) * ${valueDim(e)} + ${hidden} * ${valueHeads(e)}`,
  }[e.facts.plan.model.linear?.kind ?? 'mamba2'];
  return formula`${layers(e)} * (${hidden} * (${channels} + ${width}) + ${gates} + ${channels} * ${kernel(e)})`;
}

/** Attention over compressed entries, whose lanes are too many shapes for one line. */
function compressedBlock(e: Explaining, block: NamedBlock): Formula {
  const quantity = { id: `shape_${block.name}`, label: `${block.layout} weights of compressed attention`, unit: '' };
  const node = e.table.found({ ...quantity, value: block.parameters }, () => ({
    method:
      'sum over its projections: queries through a narrow space, one key and value head, an output by groups, and in each lane the compression and its indexer',
    inputs: [
      hiddenNode(e),
      headsNode(e),
      headDimNode(e),
      compressed(e, 'q_lora_rank', 'rank of the compressed query'),
      compressed(e, 'o_lora_rank', 'rank of the output'),
      compressed(e, 'o_groups', 'groups of the output'),
      compressed(e, 'indexer_heads', 'heads of the indexer'),
      compressed(e, 'indexer_dim', 'size of its head'),
    ],
  }));
  return formula`${node}`;
}

function attentionFormula(e: Explaining, block: NamedBlock): Formula {
  const { model } = e.facts.plan;
  if (model.compressed !== undefined) return compressedBlock(e, block);
  if (block.name === 'attention_indexer') return indexer(e);
  return model.mla === undefined ? headAttention(e, block.name) : latentAttention(e, block.name);
}

function expertFormula(e: Explaining, component: 'experts' | 'shared_experts' | 'router'): Formula {
  const { moe: own } = e.facts.plan.model;
  const [hidden, layers] = [hiddenNode(e), moeLayers(e)];
  const all = () => moe(e, 'experts', 'experts a layer');
  const inner = () => moe(e, 'expert_intermediate_size', 'inner size of an expert');
  const narrow = () => moe(e, 'latent_size', 'width that experts work in');
  if (component === 'router') return formula`${layers} * ${hidden} * ${all()}`;
  if (component === 'experts') {
    const width = own?.latent_size === undefined ? hidden : narrow();
    return formula`${layers} * ${all()} * ${matricesNode(e)} * ${width} * ${inner()}`;
  }
  const size =
    own?.shared_expert_intermediate_size === undefined
      ? inner()
      : moe(e, 'shared_expert_intermediate_size', 'inner size of a shared expert');
  const count = moe(e, 'shared_experts', 'experts that all tokens meet');
  const shared = formula`${count} * ${matricesNode(e)} * ${hidden} * ${size}`;
  return own?.latent_size === undefined
    ? formula`${layers} * ${shared}`
    : formula`${layers} * (${shared} + 2 * ${hidden} * ${narrow()})`;
}

const matricesNode = (e: Explaining) =>
  shape(e, 'ffn_matrices', 'matrices of a feed-forward network', e.facts.plan.model.ffn_matrices);
const innerNode = (e: Explaining) =>
  shape(e, 'intermediate_size', 'inner size of a dense network', e.facts.plan.model.intermediate_size);

/** Parameters of a block as the shape gives them. */
function shapeFormula(e: Explaining, block: NamedBlock): Formula {
  const { model } = e.facts.plan;
  const hidden = hiddenNode(e);
  switch (block.component) {
    case 'embedding':
    case 'head':
      return formula`${shape(e, 'vocab_size', 'vocabulary', model.vocab_size)} * ${hidden}`;
    case 'attention':
      return attentionFormula(e, block);
    case 'linear_attention':
      return recurrentBlock(e);
    case 'dense_ffn':
      return formula`${denseLayers(e)} * ${matricesNode(e)} * ${hidden} * ${innerNode(e)}`;
    case 'experts':
    case 'shared_experts':
    case 'router':
      return expertFormula(e, block.component);
    case 'norms':
      return formula`2 * ${hidden} * ${pairsNode(e)} + ${hidden}`;
  }
}

/** The same of a block whose own count may have been scaled. */
function bareFormula(e: Explaining, block: NamedBlock): Formula {
  return shapeFormula(e, bareBlocks(e).find((one) => one.name === block.name) ?? block);
}

/** Parameters that the shape alone makes, where the card states another count that all blocks are scaled to. */
function shapeCount(e: Explaining): string {
  const { parameters: _, active_parameters: __, ...bare } = e.facts.plan.model;
  const blocks = bareBlocks(e).filter((block) => block.parameters > 0);
  return e.table.computed(
    { id: 'parameters_of_shape', label: 'parameters by the shape', unit: '', value: parameterCount(bare).total },
    () =>
      joined(
        blocks.map((block) => shapeFormula(e, block)),
        ' + ',
      ),
  );
}

function statedCount(e: Explaining): string {
  return shape(e, 'parameters', 'parameters, as stated', e.facts.plan.model.parameters ?? 0);
}

/** Parameters of a block in all layers. */
export function blockNode(e: Explaining, block: NamedBlock): string {
  const label = `parameters: ${block.name.replaceAll('_', ' ')}`;
  return e.table.computed({ id: `parameters_${block.name}`, label, unit: '', value: block.parameters }, () => {
    const own = bareFormula(e, block);
    return hasStatedCount(e.facts.plan.model) ? formula`(${own}) * ${statedCount(e)} / ${shapeCount(e)}` : own;
  });
}

/** How much of a block lies on one GPU. */
export function shareFormula(e: Explaining, block: NamedBlock): Formula {
  switch (block.layout) {
    case 'split':
      return formula` / ${tensorParallelNode(e)}`;
    case 'by_kv_head':
      return formula` / min(${tensorParallelNode(e)}, ${blockKvHeads(e, block.name)})`;
    case 'copied':
      return formula``;
  }
}

/** Parameters of a block that one token multiplies, before a stated count of active ones. */
function multiplied(e: Explaining, block: NamedBlock): Formula {
  const { model } = e.facts.plan;
  if (block.component === 'embedding' && !hasStatedCount(model)) return formula`0`;
  if (block.component === 'experts') {
    const perToken = moe(e, 'experts_per_token', 'experts that a token meets');
    return formula`${blockNode(e, block)} * ${perToken} / ${moe(e, 'experts', 'experts a layer')}`;
  }
  if (block.parameters > 0) return formula`${blockNode(e, block)}`;
  // A tied head has no parameters of its own and multiplies with the embedding table.
  const own = bareFormula(e, block);
  return hasStatedCount(model) ? formula`${own} * ${statedCount(e)} / ${shapeCount(e)}` : own;
}

/** A block, and how much of it is stored in some format: a factor, or nothing where it is all of it. */
export interface BlockShare {
  block: NamedBlock;
  factor: Formula;
}

/** Parameters that one token multiplies, of those blocks, on one GPU. */
export function activeNode(e: Explaining, id: string, blocks: readonly BlockShare[], value: number): string {
  const { model } = e.facts.plan;
  const quantity = { id, label: 'parameters that one token multiplies on a GPU', unit: '', value };
  return e.table.computed(quantity, () => {
    const parts = blocks
      .filter(({ block }) => block.activePerToken > 0)
      .map(({ block, factor }) => formula`${multiplied(e, block)}${shareFormula(e, block)}${factor}`);
    const sum = joined(parts, ' + ');
    if (model.active_parameters === undefined) return sum;
    const stated = shape(e, 'active_parameters', 'active parameters, as stated', model.active_parameters);
    return formula`(${sum}) * ${stated} / ${activeOfShape(e)}`;
  });
}

function activeOfShape(e: Explaining): string {
  const { active_parameters: _, ...bare } = e.facts.plan.model;
  const quantity = { id: 'active_of_shape', label: 'active parameters by the shape', unit: '' };
  return e.table.computed({ ...quantity, value: parameterCount(bare).active }, () => {
    const blocks = named(bare).filter((block) => block.activePerToken > 0);
    return joined(
      blocks.map((block) => multiplied(e, block)),
      ' + ',
    );
  });
}

/** Parameters of those blocks on one GPU. */
export function parametersOnGpu(e: Explaining, blocks: readonly BlockShare[]): Formula {
  const stored = blocks.filter(({ block }) => block.parameters > 0);
  return joined(
    stored.map(({ block, factor }) => formula`${blockNode(e, block)}${shareFormula(e, block)}${factor}`),
    ' + ',
  );
}

/** Adapters loaded beside the model. */
export function adapterCountNode(e: Explaining): string {
  const value = e.facts.plan.model.adapters?.count ?? 0;
  const source = settingSource(e.origins, e.facts.plan, ['serving', 'adapters', 'count']);
  return e.table.stated({ id: 'adapters', label: 'adapters loaded beside the model', unit: '', value }, source);
}

/** Parameters of one adapter, over all GPUs. */
export function adapterNode(e: Explaining): string {
  const { model } = e.facts.plan;
  const rank = model.adapters?.rank ?? 0;
  const quantity = { id: 'parameters_adapter', label: 'parameters of an adapter', unit: '' };
  return e.table.computed({ ...quantity, value: adapterParameters(model, rank) }, () => {
    const own = e.table.stated(
      { id: 'adapter_rank', label: 'rank of an adapter', unit: '', value: rank },
      settingSource(e.origins, e.facts.plan, ['serving', 'adapters', 'rank']),
    );
    const wide = (heads: string) => formula`2 * (${hiddenNode(e)} + ${heads} * ${headDimNode(e)})`;
    const attention = formula`${attentionLayers(e)} * (${wide(headsNode(e))} + ${wide(kvHeadsNode(e))})`;
    const dense = formula`${denseLayers(e)} * ${matricesNode(e)} * (${hiddenNode(e)} + ${innerNode(e)})`;
    return formula`${own} * (${attention} + ${dense})`;
  });
}
