import type { ServingPlan } from '../scenario/plan.ts';
import type { ModelCard } from '../schema/model.ts';
import { InfeasibleError } from '../schema/problem.ts';
import type { Bytes, Tokens } from '../units/quantity.ts';
import { kvBytesPerSequence } from './kv-cache.ts';
import { weightBytesPerGpu } from './weights.ts';

/** What decides how much memory a replica has, and what fills it. */
export type MemoryUse = Pick<ServingPlan, 'tensorParallel' | 'weights' | 'kvCache' | 'memory'>;

/** What lies on the fullest GPU and what is left for the cache. */
export interface MemoryFit {
  weightBytesPerGpu: Bytes;
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
    if (kvRoom(weightBytesPerGpu(model, serving.weights, tensorParallel), serving.memory) > 0) return tensorParallel;
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
    `does not fit on ${tensorParallel} GPU(s): ${parts}, ${rule}; ${what}; ${advice}`,
  );
}

/**
 * Whether weights and at least one request's cache fit, by the engine's own rule, and how many tokens of cache remain.
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
  const weights = weightBytesPerGpu(model, serving.weights, serving.tensorParallel);
  const room = kvRoom(weights, serving.memory);
  const perSequence = kvBytesPerSequence(model, serving.kvCache, serving.tensorParallel, longest);
  if (!(room >= perSequence)) throw doesNotFit(model, serving, weights, longest, linkedGpus);
  const perToken = kvBytesPerSequence(model, serving.kvCache, serving.tensorParallel, context) / context;
  const capacity = Math.floor(room / perToken / blockTokens) * blockTokens;
  return { weightBytesPerGpu: weights, kvRoomPerGpu: room, kvCapacityTokens: capacity };
}
