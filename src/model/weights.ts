import type { ModelCard, WeightFormat } from '../schema/model.ts';
import type { Bytes } from '../units/quantity.ts';
import { hasStatedCount, type Layout, parameterBlocks } from './parameters.ts';
import { bytesPerWeight } from './precision.ts';
import { expertGroup, parallelismOf, type Spread, stageShare } from './sharding.ts';

/** How a step touches a group of weights: every step, only where tokens are routed, once per emitted token, never. */
export type WeightUse = 'every_token' | 'routed' | 'emitted' | 'look_up';

/** Weights on the fullest GPU that share a storage format and a use. The one place where weight bytes are computed. */
export interface WeightGroup {
  use: WeightUse;
  format: WeightFormat;
  parametersPerGpu: number;
  bytesPerGpu: Bytes;
  /** Parameters one token multiplies on this GPU. */
  activePerTokenPerGpu: number;
}

function perGpu(layout: Layout, tensorParallel: number, kvHeads: number): number {
  switch (layout) {
    case 'split':
      return 1 / tensorParallel;
    case 'by_kv_head':
      return 1 / Math.min(tensorParallel, kvHeads);
    case 'copied':
      return 1;
  }
}

/** @param isRead whether this is the stage that reads a tied table as the head */
function useOf(component: string, statedCount: boolean, isRead: boolean): WeightUse {
  if (component === 'experts') return 'routed';
  if (statedCount) return 'every_token';
  if (component === 'head') return 'emitted';
  if (component === 'embedding') return isRead ? 'emitted' : 'look_up';
  return 'every_token';
}

/**
 * A model's weights as they lie on a GPU of one stage.
 *
 * Experts are shared by all GPUs of the stage, split or dealt out; all else is split over the tensor-parallel group and
 * copied to every attention data-parallel rank. SGLang splits dense layers and head over all ranks: there this errs high.
 *
 * Norms and the components a quantised checkpoint leaves in 16 bits (`sixteen_bit`) stay at 16; a tied table is
 * stored once and read as the head. KV projections split no finer than the KV heads; routers and MLA's down
 * projections are copied to every GPU, as vLLM and SGLang do.
 *
 * @source Shoeybi et al. 2019 (Megatron-LM), sec. 3, for the layout; vLLM data-parallel deployment for experts
 * @checkedBy test/model/weights.test.ts
 */
export function weightGroups(model: ModelCard, format: WeightFormat, spread: Spread, stage = 0): WeightGroup[] {
  const layout = parallelismOf(spread);
  const { tensorParallel, pipelineParallel: stages } = layout;
  const stated = hasStatedCount(model);
  const groups = new Map<string, WeightGroup>();
  for (const block of parameterBlocks(model)) {
    const kept = block.component === 'norms' ? !stated : model.sixteen_bit.includes(block.component);
    const stored = kept && bytesPerWeight(format) < 2 ? 'bf16' : format;
    const use = useOf(block.component, stated, model.tied_embeddings && stage === stages - 1);
    const inGroup =
      block.component === 'experts' ? 1 / expertGroup(layout) : perGpu(block.layout, tensorParallel, model.kv_heads);
    const share = inGroup * stageShare(model, block.component, stages, stage);
    if (share === 0) continue;
    const key = `${use}/${stored}`;
    const group = groups.get(key) ?? {
      use,
      format: stored,
      parametersPerGpu: 0,
      bytesPerGpu: 0,
      activePerTokenPerGpu: 0,
    };
    group.parametersPerGpu += block.parameters * share;
    group.bytesPerGpu += block.parameters * share * bytesPerWeight(stored);
    // A tied table lies on the first stage and on the last, and a token meets it once.
    const isCopy = block.component === 'embedding' && stage > 0;
    group.activePerTokenPerGpu += isCopy ? 0 : block.activePerToken * share;
    groups.set(key, group);
  }
  return [...groups.values()];
}

/**
 * Bytes of weights on the fullest GPU.
 * @source sum of `weightGroups`
 * @checkedBy test/model/weights.test.ts
 */
export function weightBytesPerGpu(model: ModelCard, format: WeightFormat, spread: Spread): Bytes {
  return Math.max(...weightBytesByStage(model, format, spread));
}

/**
 * Bytes of weights on a GPU of each stage.
 * @source sum of `weightGroups`
 * @checkedBy test/model/sharding.test.ts
 */
export function weightBytesByStage(model: ModelCard, format: WeightFormat, spread: Spread): Bytes[] {
  const { pipelineParallel } = parallelismOf(spread);
  return Array.from({ length: pipelineParallel }, (_, stage) =>
    weightGroups(model, format, spread, stage).reduce((sum, group) => sum + group.bytesPerGpu, 0),
  );
}
