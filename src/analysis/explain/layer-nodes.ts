import { layerCounts } from '../../model/layers.ts';
import { type Formula, formula } from './explanation.ts';
import type { Explaining } from './run-facts.ts';
import { layersNode, moe, recurrent, shape, sliding } from './shape-nodes.ts';

/** Layers that attend. */
export function attentionLayers(e: Explaining): Formula {
  const { attention_layers: own, linear } = e.facts.plan.model;
  if (own !== undefined) return formula`${shape(e, 'attention_layers', 'layers that attend', own)}`;
  return linear === undefined ? formula`${layersNode(e)}` : formula`(${layersNode(e)} - ${recurrent.layers(e)})`;
}

function feedForwardLayers(e: Explaining): string {
  const { ffn_layers: own } = e.facts.plan.model;
  return own === undefined ? layersNode(e) : shape(e, 'ffn_layers', 'layers that feed forward', own);
}

/** Layers whose feed-forward part is a set of experts. */
export function moeLayers(e: Explaining): Formula {
  if (e.facts.plan.model.moe?.layers !== undefined) return formula`${moe(e, 'layers', 'layers with experts')}`;
  const first = moe(e, 'first_dense_layers', 'dense layers before the first with experts');
  return formula`(${feedForwardLayers(e)} - ${first})`;
}

export function denseLayers(e: Explaining): Formula {
  const { model } = e.facts.plan;
  if (model.moe === undefined) return formula`${feedForwardLayers(e)}`;
  if (model.moe.layers !== undefined) return formula`(${feedForwardLayers(e)} - ${moeLayers(e)})`;
  return formula`${moe(e, 'first_dense_layers', 'dense layers before the first with experts')}`;
}

/** Mixers and feed-forward parts in pairs: the layers, unless a layer is one or the other. */
export function pairsNode(e: Explaining): string {
  const { model } = e.facts.plan;
  if (model.attention_layers === undefined && model.ffn_layers === undefined) return layersNode(e);
  const quantity = {
    id: 'layer_pairs',
    label: 'layers, counted as pairs of a mixer and a feed-forward part',
    unit: '',
  };
  return e.table.computed({ ...quantity, value: layerCounts(model).pairs }, () => {
    const mixers =
      model.linear === undefined ? attentionLayers(e) : formula`${attentionLayers(e)} + ${recurrent.layers(e)}`;
    return formula`(${mixers} + ${feedForwardLayers(e)}) / 2`;
  });
}

/** Of those that attend, the ones that see all of the context. */
export function fullLayers(e: Explaining): Formula {
  if (e.facts.plan.model.sliding === undefined) return attentionLayers(e);
  return formula`(${attentionLayers(e)} - ${sliding.layers(e)})`;
}
