import { type AttentionPart, attentionCap, attentionParts } from '../../model/attention-parts.ts';
import { kvBytesPerSequence } from '../../model/kv-cache.ts';
import { bytesPerKvElement } from '../../model/precision.ts';
import type { ServedModel } from '../../scenario/plan.ts';
import { type Formula, formula, joined } from './explanation.ts';
import { attentionLayers, fullLayers } from './layer-nodes.ts';
import { settingSource } from './provenance.ts';
import { contextNode } from './request-nodes.ts';
import type { Explaining } from './run-facts.ts';
import {
  compressed,
  headDimNode,
  headsNode,
  kvHeadsNode,
  latent,
  layersNode,
  recurrent,
  sliding,
  sparse,
  tensorParallelNode,
} from './shape-nodes.ts';
import { FORMATS } from './weight-nodes.ts';

/** Layers of one kind, named: `suffix` ends the ids of their numbers, and is empty for a model's plain layers. */
export interface NamedPart {
  part: AttentionPart;
  kind: 'full' | 'sliding' | 'latent' | 'state' | 'selected';
  suffix: string;
}

function kindOf(model: ServedModel, part: AttentionPart): NamedPart['kind'] {
  if (model.compressed !== undefined) return 'selected';
  if (part.per === 'sequence') return 'state';
  if (model.sparse !== undefined) return 'selected';
  if (model.mla !== undefined) return 'latent';
  return part.per === 'capped' ? 'sliding' : 'full';
}

/** Everything that looks back at its sequence, on one of so many GPUs. */
export function partsOf(e: Explaining, gpus: number, headTile = 1): NamedPart[] {
  const { model, serving } = e.facts.plan;
  return attentionParts(model, serving.kvCache, gpus, headTile).map((part, i) => {
    const kind = kindOf(model, part);
    const suffix = { full: '', latent: '', sliding: '_sliding', state: '_state', selected: `_${i}` }[kind];
    return { part, kind, suffix };
  });
}

const KINDS: Record<NamedPart['kind'], string> = {
  full: 'a layer',
  latent: 'a layer',
  sliding: 'a layer with a window',
  state: 'a layer with a state',
  selected: 'a layer of this kind',
};
export const whereOf = ({ kind }: NamedPart) => KINDS[kind];

/** How many layers are of a kind. */
export function layersOf(e: Explaining, { kind, part, suffix }: NamedPart): Formula {
  switch (kind) {
    case 'full':
      return fullLayers(e);
    case 'latent':
      return attentionLayers(e);
    case 'sliding':
      return formula`${sliding.layers(e)}`;
    case 'state':
      return formula`${recurrent.layers(e)}`;
    case 'selected': {
      const quantity = { id: `attention_layers${suffix}`, label: 'layers of this kind', unit: '', value: part.layers };
      return formula`${e.table.found(quantity, () => ({ method: SELECTED, inputs: [layersNode(e)] }))}`;
    }
  }
}

const SELECTED =
  'by kind of layer, of those that select entries or read compressed ones: single tokens, all entries, selected entries, and the index keys that select them';

/** Of layers that select, what decides how wide their entries are. */
function selectedShape(e: Explaining): string[] {
  const { model } = e.facts.plan;
  const own = model.mla === undefined ? [kvHeadsNode(e), headDimNode(e)] : [latent.cacheRank(e), latent.rope(e)];
  if (model.compressed !== undefined) {
    return [
      headsNode(e),
      headDimNode(e),
      compressed(e, 'indexer_heads', 'heads of the indexer'),
      compressed(e, 'indexer_dim', 'size of its head'),
    ];
  }
  if (model.sparse?.indexer_heads === undefined) return own;
  return [...own, sparse(e, 'indexer_heads', 'heads of the indexer'), sparse(e, 'indexer_dim', 'size of its head')];
}

/** A number of a layer that selects, which the run's own sum over lanes gives. */
export function selectedNode(e: Explaining, id: string, label: string, unit: string, value: number): string {
  return e.table.found({ id, label, unit, value }, () => ({ method: SELECTED, inputs: selectedShape(e) }));
}

/** Share of the cache that pruning leaves, as a factor; nothing where it is all of it. */
export function keptFactor(e: Explaining): Formula {
  const { kvKept } = e.facts.plan.model;
  if (kvKept === undefined) return formula``;
  const source = settingSource(e.origins, e.facts.plan, ['serving', 'kv_cache_kept']);
  const quantity = { id: 'kv_cache_kept', label: 'share of the cache that pruning leaves', unit: 'share' };
  return formula` * ${e.table.stated({ ...quantity, value: kvKept }, source)}`;
}

function kvElementNode(e: Explaining): string {
  const { kvCache } = e.facts.plan.serving;
  const quantity = { id: 'bytes_per_kv_element', label: `a cached number in ${kvCache}`, unit: 'B' };
  return e.table.stated({ ...quantity, value: bytesPerKvElement(kvCache) }, FORMATS);
}

/** The state of a layer: a matrix for each value head, and the last inputs of its short convolution in 16 bits. */
function stateFormula(e: Explaining, group: string | undefined): Formula {
  const { keyHeads, keyDim, valueHeads, valueDim, kernel } = recurrent;
  const width = e.facts.plan.model.linear?.state === 'fp32' ? 4 : 2;
  const matrix = formula`${valueHeads(e)} * ${keyDim(e)} * ${valueDim(e)} * ${width}`;
  const channels = formula`(2 * ${keyHeads(e)} * ${keyDim(e)} + ${valueHeads(e)} * ${valueDim(e)})`;
  const split = group === undefined ? formula`` : formula` / min(${group}, ${valueHeads(e)})`;
  return formula`(${matrix} + (${kernel(e)} - 1) * ${channels} * 2)${split}`;
}

function keptFormula(e: Explaining, { kind }: NamedPart, group: string | undefined): Formula {
  if (kind === 'state') return stateFormula(e, group);
  const element = kvElementNode(e);
  if (kind === 'latent') return formula`(${latent.cacheRank(e)} + ${latent.rope(e)}) * ${element}${keptFactor(e)}`;
  const own = kind === 'sliding' ? sliding.kvHeads(e) : kvHeadsNode(e);
  const heads = group === undefined ? formula`${own}` : formula`max(1, ${own} / ${group})`;
  const dim = kind === 'sliding' ? sliding.headDim(e) : headDimNode(e);
  const tensors = kind === 'full' && e.facts.plan.model.shared_key_value === true ? 1 : 2;
  return formula`${tensors} * ${heads} * ${dim} * ${element}${keptFactor(e)}`;
}

/** Bytes that a token, or a sequence, keeps in one layer: on one GPU of the group, or all told and no copy counted. */
function keptNode(e: Explaining, named: NamedPart, isOnGpu: boolean): string {
  const { part, suffix } = named;
  const id = `kv_bytes_per_token_layer${suffix}${isOnGpu ? '_gpu' : ''}`;
  const what = part.per === 'sequence' ? 'state of a sequence' : 'cache of a token';
  const label = `${what} in ${whereOf(named)}, ${isOnGpu ? 'on one GPU' : 'on all GPUs, no copy counted'}`;
  if (named.kind === 'selected') return selectedNode(e, id, label, 'B', part.keptBytes);
  const group = isOnGpu ? tensorParallelNode(e) : undefined;
  return e.table.computed({ id, label, unit: 'B', value: part.keptBytes }, () => keptFormula(e, named, group));
}

/** Bytes that a decode step reads of one layer, for each token of context or for each sequence. */
export function readBytes(e: Explaining, named: NamedPart): Formula {
  const { kind, part, suffix } = named;
  if (kind === 'selected') {
    return formula`${selectedNode(e, `kv_read${suffix}`, `read in ${whereOf(named)}`, 'B', part.readBytes)}`;
  }
  // A state is read and written back.
  return kind === 'state' ? formula`2 * ${keptNode(e, named, true)}` : formula`${keptNode(e, named, true)}`;
}

/** Tokens of a context that capped layers read at most. */
export function capNode(e: Explaining): string {
  const { model } = e.facts.plan;
  const lane = model.compressed?.lanes.findIndex((one) => one.top_k !== undefined) ?? -1;
  if (lane >= 0) {
    const quantity = { id: 'attention_cap', label: 'tokens that selected entries stand for', unit: 'token' };
    return e.table.computed({ ...quantity, value: attentionCap(model) }, () => {
      const { ratio = 1, top_k = 1 } = model.compressed?.lanes[lane] ?? {};
      const entries = selectedNode(e, 'selected_entries', 'entries that the indexer selects', '', top_k);
      return formula`${entries} * ${selectedNode(e, 'entry_tokens', 'tokens that an entry stands for', 'token', ratio)}`;
    });
  }
  return model.sparse === undefined ? sliding.window(e) : sparse(e, 'top_k', 'tokens that a layer selects');
}

/** Bytes of a sequence's cache over its context: a window caps some of it, and a state is there whatever its length. */
function overContext(e: Explaining, isOnGpu: boolean, countsState: boolean): Formula {
  const parts = partsOf(e, isOnGpu ? e.facts.plan.serving.tensorParallel : 1);
  const bytes = (named: NamedPart) => formula`${layersOf(e, named)} * ${keptNode(e, named, isOnGpu)}`;
  const isWindowed = ({ part }: NamedPart) => part.per !== 'sequence' && part.keeps === 'window';
  const growing = parts.filter((named) => named.part.per !== 'sequence' && !isWindowed(named)).map(bytes);
  const windowed = parts.filter(isWindowed).map(bytes);
  const constant = countsState ? parts.filter(({ part }) => part.per === 'sequence').map(bytes) : [];
  if (windowed.length + constant.length === 0) return joined(growing, ' + ');
  const context = contextNode(e);
  const capped = windowed.map((each) => formula`${each} * min(${context}, ${capNode(e)}) / ${context}`);
  return joined([...growing, ...capped, ...constant.map((each) => formula`${each} / ${context}`)], ' + ');
}

export function kvBytesNode(e: Explaining): string {
  const quantity = { id: 'kv_bytes_per_token', label: 'KV cache of a token in all layers', unit: 'B' };
  return e.table.computed({ ...quantity, value: e.facts.replica.kvBytesPerToken }, () => overContext(e, false, true));
}

/** Bytes of constant state that a sequence holds on one GPU; undefined where there is none. */
export function stateNode(e: Explaining): string | undefined {
  const parts = partsOf(e, e.facts.plan.serving.tensorParallel).filter(({ part }) => part.per === 'sequence');
  if (parts.length === 0) return undefined;
  const value = parts.reduce((sum, { part }) => sum + part.layers * part.keptBytes, 0);
  const quantity = { id: 'kv_state_gpu', label: 'state of a sequence on one GPU', unit: 'B', value };
  return e.table.computed(quantity, () =>
    joined(
      parts.map((named) => formula`${layersOf(e, named)} * ${keptNode(e, named, true)}`),
      ' + ',
    ),
  );
}

/** Bytes that a token holds on one GPU at the mean context, a constant state not counted. */
export function kvOnGpuNode(e: Explaining): string {
  const { model, serving } = e.facts.plan;
  const { context } = e.facts.replica.means;
  const state = stateNode(e);
  const held = kvBytesPerSequence(model, serving.kvCache, serving.tensorParallel, context);
  const value = (held - (state === undefined ? 0 : e.table.get(state).value)) / context;
  const quantity = { id: 'kv_bytes_per_token_gpu', label: 'KV cache of a token on one GPU', unit: 'B', value };
  return e.table.computed(quantity, () => overContext(e, true, false));
}
