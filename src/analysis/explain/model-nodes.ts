import { hasStatedCount, type ParameterBlock, parameterBlocks, parameterCount } from '../../model/parameters.ts';
import { type Formula, formula, joined } from './explanation.ts';
import { modelSource, settingSource } from './provenance.ts';
import type { Explaining } from './run-facts.ts';

/** A number of the model's card, by its path there. */
export function shape(e: Explaining, field: string, label: string, value: number, unit = ''): string {
  const id = `model_${field.replaceAll('.', '_')}`;
  return e.table.stated({ id, label, unit, value }, modelSource(e.origins, e.facts.plan, field));
}

export const layersNode = (e: Explaining) => shape(e, 'layers', 'layers', e.facts.plan.model.layers);
export const hiddenNode = (e: Explaining) => shape(e, 'hidden_size', 'hidden size', e.facts.plan.model.hidden_size);
export const headsNode = (e: Explaining) => shape(e, 'heads', 'query heads', e.facts.plan.model.heads);
export const headDimNode = (e: Explaining) => shape(e, 'head_dim', 'head size', e.facts.plan.model.head_dim);
export const kvHeadsNode = (e: Explaining) => shape(e, 'kv_heads', 'key and value heads', e.facts.plan.model.kv_heads);

export function tensorParallelNode(e: Explaining): string {
  const { plan } = e.facts;
  return e.table.stated(
    { id: 'tensor_parallel', label: 'GPUs that share each layer', unit: 'GPU', value: plan.serving.tensorParallel },
    settingSource(e.origins, plan, ['serving', 'tensor_parallel']),
  );
}

/** A number of the mixture of experts, or of latent attention, which the caller knows to be there. */
function part(e: Explaining, block: 'moe' | 'mla', field: string, label: string): string {
  const values = e.facts.plan.model[block] as unknown as Record<string, number>;
  return shape(e, `${block}.${field}`, label, values[field] as number);
}
export const moe = (e: Explaining, field: string, label: string) => part(e, 'moe', field, label);
export const mla = (e: Explaining, field: string, label: string) => part(e, 'mla', field, label);

/** Sizes of latent attention. */
export const latent = {
  queryRank: (e: Explaining) => mla(e, 'q_lora_rank', 'rank of the compressed query'),
  cacheRank: (e: Explaining) => mla(e, 'kv_lora_rank', 'rank of the compressed cache'),
  nope: (e: Explaining) => mla(e, 'qk_nope_head_dim', 'head size without position'),
  rope: (e: Explaining) => mla(e, 'qk_rope_head_dim', 'head size with position'),
  value: (e: Explaining) => mla(e, 'v_head_dim', 'size of a value head'),
};
function latentAttention(e: Explaining, layout: ParameterBlock['layout']): Formula {
  const rank = e.facts.plan.model.mla?.q_lora_rank ?? 0;
  const [hidden, heads, layers] = [hiddenNode(e), headsNode(e), layersNode(e)];
  const { queryRank, cacheRank, nope, rope, value } = latent;
  if (layout === 'copied') {
    return formula`${layers} * ${hidden} * (${queryRank(e)} + ${cacheRank(e)} + ${rope(e)})`;
  }
  const queryIn = rank === 0 ? hidden : queryRank(e);
  return formula`${layers} * ${heads} * (${queryIn} * (${nope(e)} + ${rope(e)}) + ${cacheRank(e)} * (${nope(e)} + ${value(e)}) + ${value(e)} * ${hidden})`;
}

/** Layers that have a dense network, and those that have experts. */
function layersOf(e: Explaining, kind: 'dense' | 'experts'): Formula {
  const dense = () => moe(e, 'first_dense_layers', 'dense layers before the first with experts');
  if (e.facts.plan.model.moe === undefined) return formula`${layersNode(e)}`;
  return kind === 'dense' ? formula`${dense()}` : formula`(${layersNode(e)} - ${dense()})`;
}

/** Parameters of a block as the shape gives them. */
function shapeFormula(e: Explaining, block: ParameterBlock): Formula {
  const { model } = e.facts.plan;
  const [hidden, layers] = [hiddenNode(e), layersNode(e)];
  const matrices = () => shape(e, 'ffn_matrices', 'matrices of a feed-forward network', model.ffn_matrices);
  const expertSize = () => moe(e, 'expert_intermediate_size', 'inner size of an expert');
  switch (block.component) {
    case 'embedding':
    case 'head':
      return formula`${shape(e, 'vocab_size', 'vocabulary', model.vocab_size)} * ${hidden}`;
    case 'attention': {
      if (model.mla !== undefined) return latentAttention(e, block.layout);
      const heads = block.layout === 'split' ? headsNode(e) : kvHeadsNode(e);
      return formula`2 * ${hidden} * ${heads} * ${headDimNode(e)} * ${layers}`;
    }
    case 'dense_ffn': {
      const inner = shape(e, 'intermediate_size', 'inner size of a dense network', model.intermediate_size);
      return formula`${layersOf(e, 'dense')} * ${matrices()} * ${hidden} * ${inner}`;
    }
    case 'experts':
      return formula`${layersOf(e, 'experts')} * ${moe(e, 'experts', 'experts a layer')} * ${matrices()} * ${hidden} * ${expertSize()}`;
    case 'shared_experts': {
      const own = model.moe?.shared_expert_intermediate_size;
      const size = own === undefined ? expertSize() : moe(e, 'shared_expert_intermediate_size', 'of a shared expert');
      return formula`${layersOf(e, 'experts')} * ${moe(e, 'shared_experts', 'experts that all tokens meet')} * ${matrices()} * ${hidden} * ${size}`;
    }
    case 'router':
      return formula`${layersOf(e, 'experts')} * ${hidden} * ${moe(e, 'experts', 'experts a layer')}`;
    case 'norms':
      return formula`2 * ${hidden} * ${layers} + ${hidden}`;
  }
}

const blockId = (block: ParameterBlock) =>
  `parameters_${block.component}${block.layout === 'by_kv_head' ? '_kv' : ''}${block.component === 'attention' && block.layout === 'copied' ? '_down' : ''}`;

/** Parameters that the shape alone makes, where the card states another count that all blocks are scaled to. */
function shapeCount(e: Explaining): string {
  const { parameters: _, active_parameters: __, ...bare } = e.facts.plan.model;
  const blocks = parameterBlocks(bare).filter((block) => block.parameters > 0);
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
export function blockNode(e: Explaining, block: ParameterBlock): string {
  const label = `parameters: ${block.component.replaceAll('_', ' ')}`;
  return e.table.computed({ id: blockId(block), label, unit: '', value: block.parameters }, () => {
    const own = shapeFormula(e, block);
    return hasStatedCount(e.facts.plan.model) ? formula`(${own}) * ${statedCount(e)} / ${shapeCount(e)}` : own;
  });
}

/** How much of a block lies on one GPU. */
function shareFormula(e: Explaining, block: ParameterBlock): Formula {
  switch (block.layout) {
    case 'split':
      return formula` / ${tensorParallelNode(e)}`;
    case 'by_kv_head':
      return formula` / min(${tensorParallelNode(e)}, ${kvHeadsNode(e)})`;
    case 'copied':
      return formula``;
  }
}

/** Parameters of a block that one token multiplies, before a stated count of active ones. */
function multiplied(e: Explaining, block: ParameterBlock): Formula {
  const { model } = e.facts.plan;
  if (block.component === 'embedding' && !hasStatedCount(model)) return formula`0`;
  if (block.component === 'experts') {
    const perToken = moe(e, 'experts_per_token', 'experts that a token meets');
    return formula`${blockNode(e, block)} * ${perToken} / ${moe(e, 'experts', 'experts a layer')}`;
  }
  if (block.parameters > 0) return formula`${blockNode(e, block)}`;
  // A tied head has no parameters of its own and multiplies with the embedding table.
  const own = shapeFormula(e, block);
  return hasStatedCount(model) ? formula`${own} * ${statedCount(e)} / ${shapeCount(e)}` : own;
}

/** Parameters that one token multiplies, of those blocks, on one GPU. */
export function activeNode(e: Explaining, id: string, blocks: readonly ParameterBlock[], value: number): string {
  const { model } = e.facts.plan;
  const quantity = { id, label: 'parameters that one token multiplies on a GPU', unit: '', value };
  return e.table.computed(quantity, () => {
    const parts = blocks
      .filter((block) => block.activePerToken > 0)
      .map((block) => formula`${multiplied(e, block)}${shareFormula(e, block)}`);
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
    const blocks = parameterBlocks(bare).filter((block) => block.activePerToken > 0);
    return joined(
      blocks.map((block) => multiplied(e, block)),
      ' + ',
    );
  });
}

/** Parameters of those blocks on one GPU. */
export function parametersOnGpu(e: Explaining, blocks: readonly ParameterBlock[]): Formula {
  const stored = blocks.filter((block) => block.parameters > 0);
  return joined(
    stored.map((block) => formula`${blockNode(e, block)}${shareFormula(e, block)}`),
    ' + ',
  );
}
