import type { ModelCard, WeightFormat } from '../schema/model.ts';
import type { Bytes } from '../units/quantity.ts';
import { hasStatedCount, type Layout, parameterBlocks } from './parameters.ts';
import { bytesPerWeight } from './precision.ts';

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

function useOf(component: string, statedCount: boolean, tied: boolean): WeightUse {
  if (component === 'experts') return 'routed';
  if (statedCount) return 'every_token';
  if (component === 'head') return 'emitted';
  if (component === 'embedding') return tied ? 'emitted' : 'look_up';
  return 'every_token';
}

/**
 * A model's weights as they lie on the fullest GPU of a tensor-parallel group.
 *
 * Norms and the components a quantised checkpoint leaves in 16 bits (`sixteen_bit`) stay at 16; a tied table is
 * stored once and read as the head. KV projections split no finer than the KV heads; routers and MLA's down
 * projections are copied to every GPU, as vLLM and SGLang do.
 *
 * @source Shoeybi et al. 2019 (Megatron-LM), sec. 3, for the layout
 * @checkedBy test/model/weights.test.ts
 */
export function weightGroups(model: ModelCard, format: WeightFormat, tensorParallel: number): WeightGroup[] {
  const stated = hasStatedCount(model);
  const groups = new Map<string, WeightGroup>();
  for (const block of parameterBlocks(model)) {
    const kept = block.component === 'norms' ? !stated : model.sixteen_bit.includes(block.component);
    const stored = kept && bytesPerWeight(format) < 2 ? 'bf16' : format;
    const use = useOf(block.component, stated, model.tied_embeddings);
    const share = perGpu(block.layout, tensorParallel, model.kv_heads);
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
    group.activePerTokenPerGpu += block.activePerToken * share;
    groups.set(key, group);
  }
  return [...groups.values()];
}

/**
 * Bytes of weights on the fullest GPU.
 * @source sum of `weightGroups`
 * @checkedBy test/model/weights.test.ts
 */
export function weightBytesPerGpu(model: ModelCard, format: WeightFormat, tensorParallel: number): Bytes {
  return weightGroups(model, format, tensorParallel).reduce((sum, group) => sum + group.bytesPerGpu, 0);
}
