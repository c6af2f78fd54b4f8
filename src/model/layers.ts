import type { ModelCard } from '../schema/model.ts';

/**
 * Layers by what they hold. In most models each has a mixer (attention, or a recurrence) and a feed-forward part; where
 * a layer is one or the other, as in Nemotron 3, the card counts them apart.
 */
export interface LayerCounts {
  attention: number;
  /** Layers that carry a constant state in place of a cache. */
  linear: number;
  feedForward: number;
  /** Of the feed-forward parts, those that are sets of experts, and the others. */
  moe: number;
  dense: number;
  /** Mixers and feed-forward parts in pairs: what "layers" means where each layer has both. */
  pairs: number;
}

/**
 * The layers of a model by kind.
 * @source Vaswani et al. 2017; one mixer a layer: NVIDIA Nemotron-H 2025, sec. 2.1
 * @checkedBy test/model/parameters.test.ts
 */
export function layerCounts(model: ModelCard): LayerCounts {
  const { layers, moe } = model;
  const linear = model.linear?.layers ?? 0;
  const attention = model.attention_layers ?? layers - linear;
  const feedForward = model.ffn_layers ?? layers;
  const withExperts = moe === undefined ? 0 : (moe.layers ?? feedForward - moe.first_dense_layers);
  return {
    attention,
    linear,
    feedForward,
    moe: withExperts,
    dense: feedForward - withExperts,
    pairs: (attention + linear + feedForward) / 2,
  };
}
