import type { Parallelism, ServingPlan } from '../scenario/plan.ts';
import { instanceGpus } from '../scenario/replica-gpus.ts';
import type { ModelCard } from '../schema/model.ts';
import { InfeasibleError } from '../schema/problem.ts';
import type { Bytes, Tokens } from '../units/quantity.ts';
import { kvBytesPerSequence } from './kv-cache.ts';
import { layerShare } from './sharding.ts';
import { weightBytesByStage, weightBytesPerGpu } from './weights.ts';

/** What decides how much memory a replica has, and what fills it. */
export type MemoryUse = Parallelism & Pick<ServingPlan, 'weights' | 'kvCache' | 'memory'>;

/** What lies on the fullest GPU and what is left for the cache. */
export interface MemoryFit {
  weightBytesPerGpu: Bytes;
  /** On the GPU that has least of it. */
  kvRoomPerGpu: Bytes;
  /** Tokens of cache over all GPUs of the replica, in whole blocks, at the mix's mean context. */
  kvCapacityTokens: Tokens;
}

function kvRoom(weights: Bytes, memory: ServingPlan['memory']): Bytes {
  return memory.rule === 'of_card'
    ? memory.fraction * memory.usable - weights - memory.workspace
    : memory.fraction * (memory.usable - weights - memory.workspace);
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

/** Larger groups are joined by no link in the catalog. */
const MOST_LINKED = 64;

function smallestFit(model: ModelCard, serving: MemoryUse, linkedGpus: number): number | undefined {
  for (let tensorParallel = 1; tensorParallel <= linkedGpus; tensorParallel *= 2) {
    const weights = weightBytesPerGpu(model, serving.weights, { ...serving, tensorParallel });
    if (kvRoom(weights, serving.memory) > 0) return tensorParallel;
  }
  return undefined;
}

function doesNotFit(
  model: ModelCard,
  serving: MemoryUse,
  weights: Bytes,
  context: Tokens,
  linkedGpus: number,
): InfeasibleError {
  const { tensorParallel, memory } = serving;
  const parts = `${gigabytes(weights)} of ${serving.weights} weights per GPU and ${gigabytes(memory.workspace)} of workspace`;
  const rule = `${gigabytes(memory.usable)} usable, of which the engine takes ${Math.round(memory.fraction * 100)} %`;
  const smallest = smallestFit(model, serving, linkedGpus);
  const room = kvRoom(weights, memory);
  const advice =
    smallest === undefined
      ? `no group of up to ${linkedGpus} such GPUs holds them; try fewer bits per weight or a larger GPU`
      : smallest <= tensorParallel
        ? 'try shorter requests, fewer bits per weight or more GPUs'
        : `the weights fit from tensor_parallel ${smallest} on`;
  const what =
    room > 0
      ? `the ${gigabytes(room)} left for KV cache hold less than one request of ${Math.round(context)} tokens`
      : `there is no room left for KV cache`;
  return new InfeasibleError(
    'no_fit',
    `does not fit on ${instanceGpus(serving)} GPU(s): ${parts}, ${rule}; ${what}; ${advice}`,
  );
}

/**
 * Whether weights and at least one request's cache fit, by the engine's own rule, and how many tokens of cache remain.
 *
 * With stages, the one with least room for its layers' cache sets the number of tokens for all. Attention data-parallel
 * ranks have a cache each: their tokens add, but a sequence lives in one of them.
 *
 * @param context tokens that one running sequence holds on average, for models whose cache is not linear
 * @param longest tokens of one request when it ends; at least one such must fit
 * @param linkedGpus the largest group that the GPU's link joins; advice goes no further
 * @throws InfeasibleError `no_fit`, with the arithmetic and the smallest tensor parallelism that fits
 * @source vLLM `gpu_memory_utilization`; TensorRT-LLM `free_gpu_memory_fraction`
 * @checkedBy test/model/memory-fit.test.ts
 */
export function fitMemory(
  model: ModelCard,
  serving: MemoryUse,
  blockTokens: number,
  context: Tokens,
  longest: Tokens,
  linkedGpus = MOST_LINKED,
): MemoryFit {
  const { kvCache, tensorParallel, pipelineParallel: stages, attentionDataParallel: ranks } = serving;
  const byStage = weightBytesByStage(model, serving.weights, serving);
  const perSequence = kvBytesPerSequence(model, kvCache, tensorParallel, longest);
  const perToken = kvBytesPerSequence(model, kvCache, tensorParallel, context) / context;
  let tokens = Number.POSITIVE_INFINITY;
  let least = Number.POSITIVE_INFINITY;
  byStage.forEach((weights, stage) => {
    const room = kvRoom(weights, serving.memory);
    const share = layerShare(model.layers, stages, stage);
    if (!(room >= perSequence * share)) throw doesNotFit(model, serving, weights, longest, linkedGpus);
    tokens = Math.min(tokens, room / (perToken * share));
    least = Math.min(least, room);
  });
  const inRank = Math.floor(tokens / blockTokens) * blockTokens;
  return { weightBytesPerGpu: Math.max(...byStage), kvRoomPerGpu: least, kvCapacityTokens: ranks * inRank };
}
