import { combine, sixteenBitRate } from '../../perf/roofline.ts';
import type { StepLoad, StepModel } from '../../perf/step-time.ts';
import {
  capNode,
  keptFactor,
  layersOf,
  type NamedPart,
  partsOf,
  readBytes,
  selectedNode,
  whereOf,
} from './cache-nodes.ts';
import { type Formula, formula, joined } from './explanation.ts';
import { fitted } from './fitted-nodes.ts';
import { bandwidthNode, generationFactor, generationOf, sixteenBitNode } from './hardware-nodes.ts';
import { contextNode, depthNode, newPromptNode, pastNode } from './request-nodes.ts';
import type { Explaining } from './run-facts.ts';
import { headDimNode, headsNode, latent, recurrent, sliding, tensorParallelNode } from './shape-nodes.ts';

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

/** Bytes of cache that a GPU reads a second. */
function cacheRate(e: Explaining): Formula {
  const share = e.facts.plan.calibration.kv_memory_efficiency;
  const reached = fitted(e, 'kv_memory_efficiency', 'share of the bandwidth reached on the cache', share, 'share');
  return formula`(${bandwidthNode(e)} * ${reached}${generationFactor(e, 'memory')})`;
}

/** The parts of attention as the step model has them. */
function stepParts(e: Explaining): NamedPart[] {
  const { calibration, serving } = e.facts.plan;
  return partsOf(e, serving.tensorParallel, calibration.mla_head_tile);
}

/** FLOP of one query that attends to one position in one layer, on one GPU; of a state, of one query. */
function flopPerPosition(e: Explaining, { kind, part, suffix }: NamedPart, phase: 'decode' | 'prefill'): Formula {
  const group = tensorParallelNode(e);
  const heads = formula`${headsNode(e)} / ${group}`;
  const kept = phase === 'decode' ? keptFactor(e) : formula``;
  switch (kind) {
    case 'full':
      return formula`4 * ${heads} * ${headDimNode(e)}${kept}`;
    case 'sliding':
      return formula`4 * ${heads} * ${sliding.headDim(e)}${kept}`;
    case 'state': {
      const { valueHeads, keyDim, valueDim } = recurrent;
      return formula`6 * ${valueHeads(e)} * ${keyDim(e)} * ${valueDim(e)} / min(${group}, ${valueHeads(e)})`;
    }
    case 'latent': {
      if (phase === 'prefill') {
        return formula`2 * ${heads} * (${latent.nope(e)} + ${latent.rope(e)} + ${latent.value(e)})`;
      }
      const tile = fitted(e, 'mla_head_tile', 'query heads of a tile', e.facts.plan.calibration.mla_head_tile);
      return formula`2 * ceil(${heads} / ${tile}) * ${tile} * (2 * ${latent.cacheRank(e)} + ${latent.rope(e)})${kept}`;
    }
    case 'selected': {
      const value = phase === 'decode' ? part.decodeFlop : part.prefillFlop;
      const id = `${phase}_flop${suffix}`;
      return formula`${selectedNode(e, id, `attention of a query, ${phase}`, 'FLOP', value)}`;
    }
  }
}

const REFERENCES = { context: 'a token of context', capped: 'a token of capped context', sequence: 'a sequence' };

/** What one layer takes for each token of context, or for each sequence: arithmetic, and reading once for all queries. */
function decodePerLayer(e: Explaining, named: NamedPart, queries: number): string {
  const { gpu, calibration } = e.facts.plan;
  const { part, suffix } = named;
  const reached = generationOf(e);
  const perSecond = sixteenBitRate(gpu) * calibration.attention_compute_efficiency * reached.compute;
  const read = part.readBytes / (gpu.memory_bandwidth * calibration.kv_memory_efficiency * reached.memory);
  const value = combine(calibration.combine, (queries * part.decodeFlop) / perSecond, read);
  const id = `attention_per_token${suffix}${queries === 1 ? '' : '_verified'}`;
  const label = `attention to ${REFERENCES[part.per]} in ${whereOf(named)}`;
  return e.table.computed({ id, label, unit: 's', value }, () => {
    const flop = flopPerPosition(e, named, 'decode');
    const all = queries === 1 ? flop : formula`(${depthNode(e)} + 1) * ${flop}`;
    const compute = formula`${all} / ${attentionRate(e)}`;
    const reading = formula`${readBytes(e, named)} / ${cacheRate(e)}`;
    return calibration.combine === 'max' ? formula`max(${compute}, ${reading})` : formula`${compute} + ${reading}`;
  });
}

/** What a decoding sequence brings to a layer of this kind. */
function perSequence(e: Explaining, { part }: NamedPart): Formula {
  if (part.per === 'sequence') return formula``;
  return part.per === 'context' ? formula` * ${contextNode(e)}` : formula` * min(${contextNode(e)}, ${capNode(e)})`;
}

/** The attention of the decoding sequences to their contexts. */
export function decodeAttention(e: Explaining, it: Iteration): Formula | undefined {
  const { load, model } = it;
  if (load.decodeSequences === 0) return undefined;
  const { decodeFull, decodeSliding, decodeSequence } = model.attention;
  const value =
    decodeFull * load.contextFull + decodeSliding * load.contextSliding + decodeSequence * load.decodeSequences;
  const quantity = { id: `${it.name}_attention`, label: 'attention to the KV cache', unit: 's', value };
  const node = e.table.computed(quantity, () => {
    const parts = stepParts(e).map(
      (named) => formula`${layersOf(e, named)} * ${decodePerLayer(e, named, model.queries)}${perSequence(e, named)}`,
    );
    return parts.length === 1
      ? formula`${it.sequences} * ${joined(parts, '')}`
      : formula`${it.sequences} * (${joined(parts, ' + ')})`;
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

/** Positions, or for a state tokens, that the prompt brings to a layer of this kind. */
function promptWork(e: Explaining, it: Iteration, { part }: NamedPart): Formula {
  if (part.per === 'sequence') return formula`${it.prompt ?? ''}`;
  return formula`${part.per === 'context' ? attended(e, it) : attended(e, it, capNode(e))}`;
}

/** The attention of prompt tokens to those before them, and the cache they read and write. */
export function prefillAttention(e: Explaining, it: Iteration): Formula | undefined {
  const { load, model } = it;
  if (it.prompt === undefined || load.promptTokens === 0) return undefined;
  const { prefillFull, prefillSliding, prefillToken, prefillKv } = model.attention;
  const compute =
    prefillFull * load.promptWorkFull + prefillSliding * load.promptWorkSliding + prefillToken * load.promptTokens;
  const value = combine(model.combine, compute, prefillKv * load.promptKvTokens);
  const quantity = { id: `${it.name}_prefill_attention`, label: 'attention of the prompt', unit: 's', value };
  const node = e.table.computed(quantity, () => {
    const parts = stepParts(e);
    const flop = parts.map(
      (named) => formula`${layersOf(e, named)} * ${flopPerPosition(e, named, 'prefill')} * ${promptWork(e, it, named)}`,
    );
    const bytes = parts
      .filter(({ part }) => part.per !== 'sequence')
      .map((named) => formula`${layersOf(e, named)} * ${readBytes(e, named)}`);
    const arithmetic = formula`(${joined(flop, ' + ')}) / ${attentionRate(e)}`;
    const cache = formula`(${joined(bytes, ' + ')}) * ${promptKvNode(e, it)} / ${cacheRate(e)}`;
    return model.combine === 'max' ? formula`max(${arithmetic}, ${cache})` : formula`${arithmetic} + ${cache}`;
  });
  return formula`${node}`;
}
