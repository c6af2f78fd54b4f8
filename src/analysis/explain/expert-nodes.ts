import { expertActivationBytes, fullestPartOverMean, meanOfLargest, touchedInFullestPart } from '../../perf/experts.ts';
import type { StepModel } from '../../perf/step-time.ts';
import { type Formula, formula, type NumberSource } from './explanation.ts';
import { fitted } from './fitted-nodes.ts';
import { moeLayers } from './layer-nodes.ts';
import { splitNode } from './layout-nodes.ts';
import type { Explaining } from './run-facts.ts';
import { hiddenNode, moe, tensorParallelNode } from './shape-nodes.ts';

const BLOM: NumberSource = {
  basis: 'definition',
  ref: 'mean of the largest of so many standard normal draws, by the quantile (n − 3/8)/(n + 1/4) (Blom 1958)',
};

function largestNode(e: Explaining, parts: number): string {
  const quantity = { id: 'mean_of_largest', label: 'fullest of the parts, in deviations', unit: '' };
  return e.table.stated({ ...quantity, value: meanOfLargest(parts) }, BLOM);
}

const experts = (e: Explaining) => moe(e, 'experts', 'experts a layer');
const perToken = (e: Explaining) => moe(e, 'experts_per_token', 'experts that a token meets');

/** Share of a layer's experts that so many tokens read, of those of the fullest part where they are dealt out. */
export function touchedNode(e: Explaining, name: string, model: StepModel, tokens: number, node: string): string {
  const { parts, dispersion = 0, count, perToken: picked } = model.experts;
  const value = touchedInFullestPart(model.experts, tokens);
  const quantity = { id: `${name}_experts_touched`, label: 'share of the experts that are read', unit: 'share', value };
  return e.table.computed(quantity, () => {
    const missed = formula`(1 - ${perToken(e)} / ${experts(e)})`;
    const isUniform = dispersion === 0 || picked === count;
    const spread = isUniform
      ? ''
      : fitted(e, 'expert_dispersion', "squared spread of the experts' popularity", dispersion);
    const share = isUniform
      ? formula`1 - ${missed}^${node}`
      : formula`1 - (1 + (${missed}^(-${spread}) - 1) * ${node})^(-1 / ${spread})`;
    if (parts === 1) return share;
    const [split, z] = [splitNode(e, 'expert_parallel'), largestNode(e, parts)];
    const deviation = formula`sqrt((${share}) * (1 - (${share})) * ${split} / ${experts(e)} * (1 - 1 / ${split}))`;
    return formula`min(1, ${share} + ${z} * ${deviation})`;
  });
}

/** Bytes that a token's copies for its experts move through memory; undefined where they are not counted. */
export function expertActivationsNode(e: Explaining): string | undefined {
  const { model, calibration, serving } = e.facts.plan;
  if (model.moe === undefined || !calibration.expert_activations) return undefined;
  const quantity = { id: 'expert_activation_bytes', label: 'activations of a token for its experts', unit: 'B' };
  return e.table.computed({ ...quantity, value: expertActivationBytes(model, serving) }, () => {
    const width =
      model.moe?.latent_size === undefined ? hiddenNode(e) : moe(e, 'latent_size', 'width that experts work in');
    const inner = moe(e, 'expert_intermediate_size', 'inner size of an expert');
    const split = serving.expertParallel === 1 ? undefined : splitNode(e, 'expert_parallel');
    const copies = split === undefined ? formula`${perToken(e)}` : formula`${perToken(e)} / ${split}`;
    const group = tensorParallelNode(e);
    const ways = split === undefined ? formula`${group}` : formula`(${group} / ${split})`;
    return formula`2 * ${moeLayers(e)} * ${copies} * (4 * ${width} + 6 * ${inner} / ${ways})`;
  });
}

/** Tokens that the fullest part of the experts computes, over what an even split would bring it; nothing where one part. */
export function fullestPart(e: Explaining, name: string, model: StepModel, tokens: number, node: string): Formula {
  const { parts, skew } = model.experts;
  if (parts === 1) return formula``;
  const value = fullestPartOverMean(model.experts, tokens);
  const quantity = { id: `${name}_fullest_part`, label: 'tokens of the fullest part over the mean', unit: '', value };
  const factor = e.table.computed(quantity, () => {
    const [split, z, k, all] = [splitNode(e, 'expert_parallel'), largestNode(e, parts), perToken(e), experts(e)];
    const uneven = fitted(e, 'expert_parallel.skew', 'fullest part over what even routing brings it', skew);
    const most = formula`min(${k}, ${all} / ${split}) * ${split} / ${k}`;
    const spread = formula`sqrt((1 - 1 / ${split}) * (${all} - ${k}) / max(1, ${all} - 1) / (${node} * ${k} / ${split}))`;
    return formula`min(${most}, ${uneven} * (1 + ${z} * ${spread}))`;
  });
  return formula` * ${factor}`;
}
