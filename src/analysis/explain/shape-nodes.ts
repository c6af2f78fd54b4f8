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

/** A number of a block of the card that the caller knows to be there. */
function part(e: Explaining, block: Block, field: string, label: string): string {
  const values: object = e.facts.plan.model[block] ?? {};
  const entry = Object.entries(values).find(([name]) => name === field);
  return shape(e, `${block}.${field}`, label, Number(entry?.[1]));
}
type Block = 'moe' | 'mla' | 'linear' | 'sparse' | 'compressed' | 'sliding';
export const moe = (e: Explaining, field: string, label: string) => part(e, 'moe', field, label);
const mla = (e: Explaining, field: string, label: string) => part(e, 'mla', field, label);
const linear = (e: Explaining, field: string, label: string) => part(e, 'linear', field, label);
export const sparse = (e: Explaining, field: string, label: string) => part(e, 'sparse', field, label);
export const compressed = (e: Explaining, field: string, label: string) => part(e, 'compressed', field, label);

/** Sizes of latent attention. */
export const latent = {
  queryRank: (e: Explaining) => mla(e, 'q_lora_rank', 'rank of the compressed query'),
  cacheRank: (e: Explaining) => mla(e, 'kv_lora_rank', 'rank of the compressed cache'),
  nope: (e: Explaining) => mla(e, 'qk_nope_head_dim', 'head size without position'),
  rope: (e: Explaining) => mla(e, 'qk_rope_head_dim', 'head size with position'),
  value: (e: Explaining) => mla(e, 'v_head_dim', 'size of a value head'),
};

/** Sizes of layers that keep a state. */
export const recurrent = {
  layers: (e: Explaining) => linear(e, 'layers', 'layers that keep a state'),
  keyHeads: (e: Explaining) => linear(e, 'key_heads', 'key heads of a state'),
  keyDim: (e: Explaining) => linear(e, 'key_head_dim', 'size of its key head'),
  valueHeads: (e: Explaining) => linear(e, 'value_heads', 'value heads of a state'),
  valueDim: (e: Explaining) => linear(e, 'value_head_dim', 'size of its value head'),
  kernel: (e: Explaining) => linear(e, 'conv_kernel', 'inputs of its short convolution'),
};

/** Layers with a window, whose heads may have a shape of their own. */
export const sliding = {
  layers: (e: Explaining) => part(e, 'sliding', 'layers', 'layers with a window'),
  window: (e: Explaining) => part(e, 'sliding', 'window', 'tokens of the window'),
  kvHeads: (e: Explaining) =>
    e.facts.plan.model.sliding?.kv_heads === undefined
      ? kvHeadsNode(e)
      : part(e, 'sliding', 'kv_heads', 'key and value heads of a layer with a window'),
  headDim: (e: Explaining) =>
    e.facts.plan.model.sliding?.head_dim === undefined
      ? headDimNode(e)
      : part(e, 'sliding', 'head_dim', 'head size of a layer with a window'),
};
