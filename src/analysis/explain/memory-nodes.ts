import { attentionLayers, kvBytesPerSequence, kvBytesPerTokenPerLayer } from '../../model/kv-cache.ts';
import { fitMemory } from '../../model/memory-fit.ts';
import { hasStatedCount, type ParameterBlock, parameterBlocks } from '../../model/parameters.ts';
import { bytesPerKvElement, bytesPerWeight } from '../../model/precision.ts';
import { type WeightGroup, weightBytesPerGpu, weightGroups } from '../../model/weights.ts';
import type { WeightFormat } from '../../schema/model.ts';
import { bracketed, type Formula, formula, joined, type NumberSource } from './explanation.ts';
import { isOneGroup, layoutNodes } from './layout-nodes.ts';
import {
  activeNode,
  blockNode,
  headDimNode,
  kvHeadsNode,
  latent,
  layersNode,
  parametersOnGpu,
  shape,
  tensorParallelNode,
} from './model-nodes.ts';
import { engineSource, gpuSource, settingSource } from './provenance.ts';
import { contextNode } from './request-nodes.ts';
import type { Explaining } from './run-facts.ts';

const FORMATS: NumberSource = {
  basis: 'definition',
  ref: 'width of the format; OCP Microscaling Formats 1.0 and NVFP4 with their block scales',
};

function formatNode(e: Explaining, format: WeightFormat): string {
  const id = `bytes_per_weight_${format}`;
  return e.table.stated({ id, label: `a weight in ${format}`, unit: 'B', value: bytesPerWeight(format) }, FORMATS);
}

/** What reads a block of weights, and the format it is stored in: the rule of `weightGroups`, which the tests hold it to. */
function groupOf(e: Explaining, block: ParameterBlock): Pick<WeightGroup, 'use' | 'format'> {
  const { model, serving } = e.facts.plan;
  const isStated = hasStatedCount(model);
  const isKept = block.component === 'norms' ? !isStated : model.sixteen_bit.includes(block.component);
  const format = isKept && bytesPerWeight(serving.weights) < 2 ? 'bf16' : serving.weights;
  if (block.component === 'experts') return { use: 'routed', format };
  if (isStated) return { use: 'every_token', format };
  if (block.component === 'head') return { use: 'emitted', format };
  if (block.component === 'embedding') return { use: model.tied_embeddings ? 'emitted' : 'look_up', format };
  return { use: 'every_token', format };
}

/** Groups of weights as a GPU holds them, with the blocks that make them. */
export function groupsOf(e: Explaining): (WeightGroup & { key: string; blocks: ParameterBlock[] })[] {
  const { model, serving } = e.facts.plan;
  return weightGroups(model, serving.weights, serving).map((group) => ({
    ...group,
    key: `${group.use}_${group.format}`,
    blocks: parameterBlocks(model).filter((block) => {
      const own = groupOf(e, block);
      return own.use === group.use && own.format === group.format;
    }),
  }));
}

type Group = ReturnType<typeof groupsOf>[number];

const USES: Record<WeightGroup['use'], string> = {
  every_token: 'that every token meets',
  routed: 'of routed experts',
  emitted: 'of the head',
  look_up: 'of the embedding table',
};

/** How a group of weights lies where stages and ranks share the model. */
const inFirstStage = (e: Explaining) => ({
  method:
    'of a GPU of the first stage: its layers; experts over all GPUs of the stage, all else over a tensor-parallel group',
  inputs: [...layoutNodes(e), modelBytesNode(e)],
});

/** Bytes of a group of weights on the fullest GPU. */
export function groupBytesNode(e: Explaining, group: Group): string {
  const quantity = { id: `weight_bytes_${group.key}`, label: `weights ${USES[group.use]}`, unit: 'B' };
  if (!isOneGroup(e)) return e.table.found({ ...quantity, value: group.bytesPerGpu }, () => inFirstStage(e));
  return e.table.computed({ ...quantity, value: group.bytesPerGpu }, () => {
    return formula`${bracketed(parametersOnGpu(e, group.blocks))} * ${formatNode(e, group.format)}`;
  });
}

/** FLOP that one token takes of a group of weights on one GPU: a multiplication and an addition a parameter. */
export function groupFlopNode(e: Explaining, group: Group): string {
  const quantity = { id: `flop_per_token_${group.key}`, label: `multiplying the weights ${USES[group.use]}` };
  const value = 2 * group.activePerTokenPerGpu;
  if (!isOneGroup(e)) return e.table.found({ ...quantity, unit: 'FLOP', value }, () => inFirstStage(e));
  const active = () => activeNode(e, `active_parameters_${group.key}`, group.blocks, group.activePerTokenPerGpu);
  return e.table.computed({ ...quantity, unit: 'FLOP', value }, () => formula`2 * ${active()}`);
}

export function weightBytesNode(e: Explaining): string {
  const quantity = { id: 'weight_bytes_per_gpu', label: 'weights on the fullest GPU', unit: 'B' };
  const value = e.facts.replica.weightBytesPerGpu;
  if (!isOneGroup(e)) {
    return e.table.found({ ...quantity, value }, () => ({
      method:
        'the largest of all stages: each its layers, the first the embedding, the last the head; experts over all GPUs of a stage',
      inputs: [...layoutNodes(e), modelBytesNode(e)],
    }));
  }
  return e.table.computed({ ...quantity, value }, () =>
    joined(
      groupsOf(e).map((group) => groupBytesNode(e, group)),
      ' + ',
    ),
  );
}

function kvElementNode(e: Explaining): string {
  const { kvCache } = e.facts.plan.serving;
  return e.table.stated(
    {
      id: 'bytes_per_kv_element',
      label: `a cached number in ${kvCache}`,
      unit: 'B',
      value: bytesPerKvElement(kvCache),
    },
    FORMATS,
  );
}

/** Bytes that a token leaves in one layer's cache on one of `tensorParallel` GPUs. */
function kvPerLayer(e: Explaining, id: string, where: string, group?: string): string {
  const { model, serving } = e.facts.plan;
  const gpus = group === undefined ? 1 : serving.tensorParallel;
  const value = kvBytesPerTokenPerLayer(model, serving.kvCache, gpus);
  return e.table.computed({ id, label: `cache of a token in one layer, ${where}`, unit: 'B', value }, () => {
    const element = kvElementNode(e);
    if (model.mla !== undefined) return formula`(${latent.cacheRank(e)} + ${latent.rope(e)}) * ${element}`;
    const heads = group === undefined ? formula`${kvHeadsNode(e)}` : formula`max(1, ${kvHeadsNode(e)} / ${group})`;
    return formula`2 * ${heads} * ${headDimNode(e)} * ${element}`;
  });
}

export const kvPerLayerOnGpu = (e: Explaining) =>
  kvPerLayer(e, 'kv_bytes_per_token_layer_gpu', 'on one GPU', tensorParallelNode(e));

/** Layers that see the whole context, or only their window. */
export function attentionLayersNodes(e: Explaining): { full: string; sliding?: string; window?: string } {
  const { sliding } = e.facts.plan.model;
  if (sliding === undefined) return { full: layersNode(e) };
  const slidingLayers = shape(e, 'sliding.layers', 'layers with a window', sliding.layers);
  const window = shape(e, 'sliding.window', 'tokens of the window', sliding.window, 'token');
  const full = e.table.computed(
    {
      id: 'full_layers',
      label: 'layers that see the whole context',
      unit: '',
      value: attentionLayers(e.facts.plan.model).full,
    },
    () => formula`${layersNode(e)} - ${slidingLayers}`,
  );
  return { full, sliding: slidingLayers, window };
}

/** Bytes of a sequence's cache over its context, which layers with a window cap. */
function perToken(e: Explaining, perLayer: string) {
  const { full, sliding, window } = attentionLayersNodes(e);
  if (sliding === undefined || window === undefined) return formula`${perLayer} * ${full}`;
  const context = contextNode(e);
  return formula`${perLayer} * (${full} * ${context} + ${sliding} * min(${context}, ${window})) / ${context}`;
}

export function kvBytesNode(e: Explaining): string {
  return e.table.computed(
    {
      id: 'kv_bytes_per_token',
      label: 'KV cache of a token in all layers',
      unit: 'B',
      value: e.facts.replica.kvBytesPerToken,
    },
    () => perToken(e, kvPerLayer(e, 'kv_bytes_per_token_layer', 'on all GPUs, no copy counted')),
  );
}

function memorySetting(e: Explaining, key: 'fraction' | 'workspace' | 'usable', label: string): string {
  const { plan } = e.facts;
  const card = key === 'usable' ? usableSource(e) : engineSource(e.origins, `memory.${key}`);
  return e.table.stated(
    { id: `memory_${key}`, label, unit: key === 'fraction' ? 'share' : 'B', value: plan.serving.memory[key] },
    settingSource(e.origins, plan, ['serving', 'memory', key], card),
  );
}

function memorySettings(e: Explaining): string[] {
  return [
    memorySetting(e, 'fraction', "the engine's share of it"),
    memorySetting(e, 'usable', 'memory that programs can use'),
    memorySetting(e, 'workspace', 'activations, graphs, buffers'),
  ];
}

function usableSource(e: Explaining): NumberSource {
  const { plan } = e.facts;
  return gpuSource(e.origins, plan, plan.gpu.memory.usable === undefined ? 'memory.marketed' : 'memory.usable');
}

/** What the engine's rule leaves for the cache on one GPU. */
function kvRoomNode(e: Explaining): string {
  const { model, serving, engine } = e.facts.plan;
  const { means } = e.facts.replica;
  const fit = fitMemory(model, serving, engine.block_tokens, means.context, means.longest);
  const quantity = {
    id: 'kv_room_per_gpu',
    label: 'room for the cache on one GPU',
    unit: 'B',
    value: fit.kvRoomPerGpu,
  };
  return e.table.computed(quantity, () => {
    const usable = memorySetting(e, 'usable', 'memory that programs can use');
    const fraction = memorySetting(e, 'fraction', "the engine's share of it");
    const workspace = memorySetting(e, 'workspace', 'activations, graphs, buffers');
    const weights = weightBytesNode(e);
    return serving.memory.rule === 'of_card'
      ? formula`${fraction} * ${usable} - ${weights} - ${workspace}`
      : formula`${fraction} * (${usable} - ${weights} - ${workspace})`;
  });
}

export function kvCapacityNode(e: Explaining): string {
  const { plan, replica } = e.facts;
  const quantity = { id: 'kv_capacity_tokens_per_replica', label: 'tokens of cache in a replica', unit: 'token' };
  if (!isOneGroup(e)) {
    return e.table.found({ ...quantity, value: replica.kvCapacityTokens ?? 0 }, () => ({
      method: 'what fits in the stage with least room for its layers, in whole blocks, over all ranks',
      inputs: [...layoutNodes(e), weightBytesNode(e), kvBytesNode(e), ...memorySettings(e)],
    }));
  }
  return e.table.computed({ ...quantity, value: replica.kvCapacityTokens ?? 0 }, () => {
    const block = e.table.stated(
      { id: 'block_tokens', label: 'tokens of a block', unit: 'token', value: plan.engine.block_tokens },
      engineSource(e.origins, 'block_tokens'),
    );
    return formula`floor(${kvRoomNode(e)} / ${kvOnGpuNode(e)} / ${block}) * ${block}`;
  });
}

/** Bytes that a token holds on one GPU, at the mean context. */
function kvOnGpuNode(e: Explaining): string {
  const { model, serving } = e.facts.plan;
  const { context } = e.facts.replica.means;
  const value = kvBytesPerSequence(model, serving.kvCache, serving.tensorParallel, context) / context;
  return e.table.computed(
    { id: 'kv_bytes_per_token_gpu', label: 'KV cache of a token on one GPU', unit: 'B', value },
    () => perToken(e, kvPerLayerOnGpu(e)),
  );
}

/** Weights of the whole model, every one once. */
export function modelBytesNode(e: Explaining): string {
  const { model, serving } = e.facts.plan;
  const value = weightBytesPerGpu(model, serving.weights, 1);
  const quantity = { id: 'weight_bytes', label: 'weights of the model', unit: 'B', value };
  return e.table.computed(quantity, () => parametersStored(e));
}

/** Bytes of the whole model in its formats, on one GPU or many. */
function parametersStored(e: Explaining): Formula {
  const { model } = e.facts.plan;
  const stored = parameterBlocks(model).filter((block) => block.parameters > 0);
  const parts = stored.map((block) => formula`${blockNode(e, block)} * ${formatNode(e, groupOf(e, block).format)}`);
  return joined(parts, ' + ');
}
