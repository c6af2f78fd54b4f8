import type { Parallelism } from '../scenario/plan.ts';
import type { ModelCard } from '../schema/model.ts';
import type { Share } from '../units/quantity.ts';
import type { ParameterBlock } from './parameters.ts';

/** How a replica lies on its GPUs; a plain tensor-parallel group may be given by its size. */
export type Spread = number | Parallelism;

/**
 * The four sizes of a spread.
 * @source Shoeybi et al. 2019 for a group given by its size alone: nothing but tensors is split
 */
export function parallelismOf(spread: Spread): Parallelism {
  if (typeof spread !== 'number') return spread;
  return { tensorParallel: spread, pipelineParallel: 1, expertParallel: 1, attentionDataParallel: 1 };
}

/**
 * GPUs of one stage, over which a layer's experts are shared: the tensor-parallel groups of all attention ranks.
 * @source vLLM `FusedMoEParallelConfig`: experts see tensor x data parallel ranks as one group
 */
export function expertGroup({ tensorParallel, attentionDataParallel }: Parallelism): number {
  return tensorParallel * attentionDataParallel;
}

/**
 * First layer of every stage, and the end of the last. What does not divide evenly is given to the stages before the
 * last, from the back, because the last one also holds the head.
 *
 * @source vLLM `get_pp_indices`
 * @checkedBy test/model/sharding.test.ts
 */
export function stageBounds(layers: number, stages: number): number[] {
  const each = Math.floor(layers / stages);
  const left = layers % stages;
  const bounds = [0];
  for (let stage = 0; stage < stages; stage++) {
    const takesMore = stage < stages - 1 && stage >= stages - 1 - left;
    bounds.push((bounds[stage] as number) + each + (takesMore ? 1 : 0));
  }
  return bounds;
}

/** Of the layers from `from` to `to`, the share that lies in a stage. */
function overlap(bounds: readonly number[], stage: number, from: number, to: number): Share {
  if (to <= from) return 0;
  const start = Math.max(from, bounds[stage] as number);
  const end = Math.min(to, bounds[stage + 1] as number);
  return Math.max(0, end - start) / (to - from);
}

/**
 * Share of all layers that one stage holds; sliding and full attention are taken as evenly mixed along the model.
 * @source `stageBounds`
 * @checkedBy test/model/sharding.test.ts
 */
export function layerShare(layers: number, stages: number, stage: number): Share {
  return overlap(stageBounds(layers, stages), stage, 0, layers);
}

/**
 * Share of a block of parameters that one stage holds. The embedding table lies on the first, the head on the last; a
 * tied table on both. Dense layers of a mixture of experts are its first.
 *
 * @source vLLM model definitions (`PPMissingLayer`)
 * @checkedBy test/model/sharding.test.ts
 */
export function stageShare(
  model: ModelCard,
  component: ParameterBlock['component'],
  stages: number,
  stage: number,
): Share {
  if (stages === 1) return 1;
  const bounds = stageBounds(model.layers, stages);
  const dense = model.moe === undefined ? model.layers : model.moe.first_dense_layers;
  switch (component) {
    case 'embedding':
      return stage === 0 || (model.tied_embeddings && stage === stages - 1) ? 1 : 0;
    case 'head':
      return stage === stages - 1 ? 1 : 0;
    case 'dense_ffn':
      return overlap(bounds, stage, 0, dense);
    case 'experts':
    case 'shared_experts':
    case 'router':
      return overlap(bounds, stage, dense, model.layers);
    default:
      return overlap(bounds, stage, 0, model.layers);
  }
}
