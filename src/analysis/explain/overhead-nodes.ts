import { bytesPerWeight } from '../../model/precision.ts';
import { formatShares } from '../../model/weights.ts';
import { layerOverheads } from '../../perf/overheads.ts';
import { linearRates } from '../../perf/roofline.ts';
import type { WeightFormat } from '../../schema/model.ts';
import { type Formula, formula, joined } from './explanation.ts';
import { fitted, host, launchScale } from './fitted-nodes.ts';
import { generationFactor } from './hardware-nodes.ts';
import { moeLayers, pairsNode } from './layer-nodes.ts';
import type { Explaining } from './run-facts.ts';
import { formatFactor } from './weight-nodes.ts';

/** Launches, norms, routing, quantising, and the host: what an iteration takes whatever it carries. */
export function fixedNode(e: Explaining, value: number): string {
  const quantity = { id: 'fixed_per_iteration', label: 'host and launches of an iteration', unit: 's', value };
  return e.table.computed(quantity, () => {
    const perIteration = host(e, 'per_iteration', 'host work of an iteration', 's');
    return formula`${perIteration} + ${layerOverheadsNode(e)}`;
  });
}

/** In how many bits activations are multiplied after being scaled block by block, as `layerOverheads` has it. */
function scaledBits(e: Explaining, format: WeightFormat): 4 | 8 | undefined {
  const { gpu, calibration } = e.facts.plan;
  const bytes = bytesPerWeight(format);
  if (bytes >= 2 || linearRates(gpu, calibration, format).unpacked) return undefined;
  return bytes < 1 ? 4 : 8;
}

/** The formats of the layers, each once. */
function formatsOf(e: Explaining): WeightFormat[] {
  const { model, serving } = e.facts.plan;
  return [...new Set(formatShares(model, serving.weights).map(({ format }) => format))];
}

function layerOverheadsNode(e: Explaining): string {
  const { model, gpu, calibration, serving, engine } = e.facts.plan;
  const value = layerOverheads(model, gpu, calibration, engine.host, serving.weights);
  return e.table.computed({ id: 'layer_overheads', label: 'fixed time of all layers', unit: 's', value }, () => {
    const parts = formatsOf(e).map((format) => ({ own: overheadsIn(e, format), share: formatFactor(e, [format]) }));
    if (parts.length === 1) return joined([(parts[0] as (typeof parts)[number]).own], '');
    return joined(
      parts.map(({ own, share }) => formula`(${own})${share}`),
      ' + ',
    );
  });
}

/** The same with all layers in one format. */
function overheadsIn(e: Explaining, format: WeightFormat): Formula {
  const { model, calibration } = e.facts.plan;
  const hasExperts = model.moe !== undefined;
  const per = (key: LayerTime, label: string) => fitted(e, key, label, calibration[key], 's');
  const layers = pairsNode(e);
  const dense = formula`${layers} * ${per('layer_overhead', 'fixed time of a layer')}`;
  const plain = hasExperts
    ? formula`${dense} + ${moeLayers(e)} * ${per('moe_layer_overhead', 'more with experts')}`
    : dense;
  const scale = formula`${launchScale(e)}${generationFactor(e, 'fixed')}`;
  const bits = scaledBits(e, format);
  if (bits === 4) {
    const denseLayers = hasExperts ? formula`max(0, ${layers} - ${moeLayers(e)})` : formula`${layers}`;
    return formula`${scale} * (${plain} + ${denseLayers} * ${per('fp4_layer_overhead', 'more in 4 bits')})`;
  }
  if (bits === 8 && hasExperts) {
    return formula`${scale} * (${plain} + ${moeLayers(e)} * ${per('fp8_moe_layer_overhead', 'more with experts in 8 bits')})`;
  }
  const isUnpacked = bits === undefined && bytesPerWeight(format) < 2 && hasExperts;
  if (!isUnpacked) return formula`${scale} * (${plain})`;
  const unpacking = host(e, 'unpacked_moe_layer', 'unpacking the experts of a layer', 's');
  return formula`${scale} * (${plain}) + ${moeLayers(e)} * ${unpacking}`;
}

type LayerTime = 'layer_overhead' | 'moe_layer_overhead' | 'fp4_layer_overhead' | 'fp8_moe_layer_overhead';

/** Least time of an iteration with prompts, which the host launches kernel by kernel. */
export function eagerFloorFormula(e: Explaining): Formula {
  const { model, calibration } = e.facts.plan;
  const floor = calibration.eager_layer_floor;
  const launch = fitted(e, 'eager_layer_floor', 'least time of a layer without captured graphs', floor, 's');
  const plain = formula`${pairsNode(e)} * ${launch}`;
  const scaled = formatsOf(e).filter((format) => scaledBits(e, format) === 8);
  if (model.moe === undefined || scaled.length === 0) return plain;
  const more = calibration.eager_fp8_moe_layer_floor;
  const each = fitted(e, 'eager_fp8_moe_layer_floor', 'more with experts in 8 bits', more, 's');
  return formula`${plain} + ${moeLayers(e)} * ${each}${formatFactor(e, scaled)}`;
}
