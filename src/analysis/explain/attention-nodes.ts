import { attentionCost } from '../../perf/attention.ts';
import type { StepLoad, StepModel } from '../../perf/step-time.ts';
import { type Formula, formula } from './explanation.ts';
import { bandwidthNode, fitted, generationFactor, sixteenBitNode } from './hardware-nodes.ts';
import { attentionLayersNodes, kvPerLayerOnGpu } from './memory-nodes.ts';
import { headDimNode, headsNode, latent, layersNode, tensorParallelNode } from './model-nodes.ts';
import { contextNode, depthNode, newPromptNode, pastNode } from './request-nodes.ts';
import type { Explaining } from './run-facts.ts';

/** An iteration to be explained: `name` begins the ids of its numbers. */
export interface Iteration {
  name: string;
  model: StepModel;
  load: StepLoad;
  /** The node of its decoding sequences. */
  sequences: string;
  /** The node of its prompt tokens, where it has any. */
  prompt?: string;
}

function attentionRate(e: Explaining): Formula {
  const share = e.facts.plan.calibration.attention_compute_efficiency;
  const reached = fitted(e, 'attention_compute_efficiency', 'share of the rate that attention reaches', share, 'share');
  return formula`(${sixteenBitNode(e)} * ${reached}${generationFactor(e, 'compute')})`;
}

/** Reading a token's cache in one layer. */
function kvSeconds(e: Explaining): Formula {
  const share = e.facts.plan.calibration.kv_memory_efficiency;
  const reached = fitted(e, 'kv_memory_efficiency', 'share of the bandwidth reached on the cache', share, 'share');
  return formula`${kvPerLayerOnGpu(e)} / (${bandwidthNode(e)} * ${reached}${generationFactor(e, 'memory')})`;
}

/** FLOP of one query that attends to one position in one layer, on one GPU. */
function flopPerPosition(e: Explaining, phase: 'decode' | 'prefill'): Formula {
  const heads = formula`${headsNode(e)} / ${tensorParallelNode(e)}`;
  if (e.facts.plan.model.mla === undefined) return formula`4 * ${heads} * ${headDimNode(e)}`;
  if (phase === 'prefill') return formula`2 * ${heads} * (${latent.nope(e)} + ${latent.rope(e)} + ${latent.value(e)})`;
  const tile = fitted(e, 'mla_head_tile', 'query heads of a tile', e.facts.plan.calibration.mla_head_tile);
  return formula`2 * ceil(${heads} / ${tile}) * ${tile} * (2 * ${latent.cacheRank(e)} + ${latent.rope(e)})`;
}

/** Attending to one token of context in one layer: the arithmetic, and reading the cache once for all queries. */
function decodePerLayer(e: Explaining, queries: number): string {
  const { model, gpu, calibration, serving } = e.facts.plan;
  const { kvCache, tensorParallel } = serving;
  const alone = { ...model, layers: 1, sliding: undefined };
  const value = attentionCost(alone, gpu, calibration, kvCache, tensorParallel, queries).decodeFull;
  const id = queries === 1 ? 'attention_per_token' : 'attention_per_token_verified';
  const label = 'attention to a token of context in one layer';
  return e.table.computed({ id, label, unit: 's', value }, () => {
    const flop = flopPerPosition(e, 'decode');
    const all = queries === 1 ? flop : formula`(${depthNode(e)} + 1) * ${flop}`;
    const compute = formula`${all} / ${attentionRate(e)}`;
    return calibration.combine === 'max'
      ? formula`max(${compute}, ${kvSeconds(e)})`
      : formula`${compute} + ${kvSeconds(e)}`;
  });
}

/** The attention of the decoding sequences to their contexts. */
export function decodeAttention(e: Explaining, it: Iteration): Formula | undefined {
  const { load, model } = it;
  if (load.decodeSequences === 0) return undefined;
  const value = model.attention.decodeFull * load.contextFull + model.attention.decodeSliding * load.contextSliding;
  const quantity = { id: `${it.name}_attention`, label: 'attention to the KV cache', unit: 's', value };
  const node = e.table.computed(quantity, () => {
    const { full, sliding, window } = attentionLayersNodes(e);
    const each = decodePerLayer(e, model.queries);
    const context = contextNode(e);
    if (sliding === undefined || window === undefined) return formula`${full} * ${it.sequences} * ${context} * ${each}`;
    return formula`${it.sequences} * ${each} * (${full} * ${context} + ${sliding} * min(${context}, ${window}))`;
  });
  return formula`${node}`;
}

/** Positions that a prompt's tokens attend to, each to those before it, and no further back than the window. */
function attended(e: Explaining, it: Iteration, window?: string): Formula {
  const [past, prompt] = [pastNode(e), newPromptNode(e)];
  const share = formula`${it.prompt ?? ''} / ${prompt}`;
  if (window === undefined) return formula`((${past} + ${prompt})^2 - ${past}^2) / 2 * ${share}`;
  const from = (tokens: Formula) => {
    const capped = formula`min(${tokens}, ${window})`;
    return formula`(${capped}^2 / 2 + (${tokens} - ${capped}) * ${capped})`;
  };
  return formula`(${from(formula`(${past} + ${prompt})`)} - ${from(formula`${past}`)}) * ${share}`;
}

/** Tokens of cache that the chunk reads and writes: each chunk of a long prompt reads those before it again. */
function promptKvNode(e: Explaining, it: Iteration): string {
  const quantity = { id: `${it.name}_prompt_cache`, label: 'cache that the chunk reads and writes', unit: 'token' };
  return e.table.computed({ ...quantity, value: it.load.promptKvTokens }, () => {
    const prompt = newPromptNode(e);
    const share = formula`(${it.prompt ?? ''} / ${prompt})`;
    const chunks = formula`max(1, 1 / ${share})`;
    const reread = formula`${pastNode(e)} + ${prompt} * (${chunks} - 1) / (2 * ${chunks})`;
    return formula`(${reread}) * max(1, ${share}) + ${it.prompt ?? ''}`;
  });
}

/** The attention of prompt tokens to those before them, and the cache they read and write. */
export function prefillAttention(e: Explaining, it: Iteration): Formula | undefined {
  const { load, model } = it;
  if (it.prompt === undefined || load.promptTokens === 0) return undefined;
  const { prefillFull, prefillSliding, prefillKv } = model.attention;
  const compute = prefillFull * load.promptWorkFull + prefillSliding * load.promptWorkSliding;
  const memory = prefillKv * load.promptKvTokens;
  const value = model.combine === 'max' ? Math.max(compute, memory) : compute + memory;
  const quantity = { id: `${it.name}_prefill_attention`, label: 'attention of the prompt', unit: 's', value };
  const node = e.table.computed(quantity, () => {
    const { full, sliding, window } = attentionLayersNodes(e);
    const positions = formula`${full} * ${attended(e, it)}`;
    const all = sliding === undefined ? positions : formula`(${positions} + ${sliding} * ${attended(e, it, window)})`;
    const arithmetic = formula`${flopPerPosition(e, 'prefill')} * ${all} / ${attentionRate(e)}`;
    const cache = formula`${layersNode(e)} * ${promptKvNode(e, it)} * ${kvSeconds(e)}`;
    return model.combine === 'max' ? formula`max(${arithmetic}, ${cache})` : formula`${arithmetic} + ${cache}`;
  });
  return formula`${node}`;
}
