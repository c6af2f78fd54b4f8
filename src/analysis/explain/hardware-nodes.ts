import { bytesPerWeight, gemmTypes } from '../../model/precision.ts';
import { allReduceCost } from '../../perf/collectives.ts';
import { generationFactors } from '../../perf/generation.ts';
import { layerOverheads } from '../../perf/overheads.ts';
import { linearRates, sixteenBitRate } from '../../perf/roofline.ts';
import type { ComputeFormat } from '../../schema/gpu.ts';
import type { WeightFormat } from '../../schema/model.ts';
import { type Formula, formula } from './explanation.ts';
import { hiddenNode, layersNode, moe, tensorParallelNode } from './model-nodes.ts';
import { calibrationSource, engineSource, gpuSource } from './provenance.ts';
import type { Explaining } from './run-facts.ts';

/** A fitted number of the calibration. */
export function fitted(e: Explaining, field: string, label: string, value: number, unit = ''): string {
  const id = `fitted_${field.replaceAll('.', '_')}`;
  return e.table.stated({ id, label, unit, value }, calibrationSource(e.facts.plan, field));
}

function host(
  e: Explaining,
  field: 'per_iteration' | 'per_sequence' | 'launch_scale' | 'unpacked_moe_layer',
  label: string,
  unit: string,
) {
  const value = e.facts.plan.engine.host[field];
  return e.table.stated({ id: `host_${field}`, label, unit, value }, engineSource(e.origins, `host.${field}`));
}

export const perSequenceNode = (e: Explaining) => host(e, 'per_sequence', 'host work for each sequence', 's');

export function bandwidthNode(e: Explaining): string {
  const { plan } = e.facts;
  return e.table.stated(
    { id: 'gpu_memory_bandwidth', label: 'memory bandwidth', unit: 'B/s', value: plan.gpu.memory_bandwidth },
    gpuSource(e.origins, plan, 'memory_bandwidth'),
  );
}

function denseRate(e: Explaining, type: ComputeFormat): string {
  const { plan } = e.facts;
  const value = plan.gpu.dense_flops[type] ?? 0;
  const quantity = { id: `gpu_dense_flops_${type}`, label: `dense ${type} rate`, unit: 'FLOP/s', value };
  return e.table.stated(quantity, gpuSource(e.origins, plan, `dense_flops.${type}`));
}

/** The rate that attention and unpacked weights are multiplied at. */
export function sixteenBitNode(e: Explaining): string {
  const { gpu } = e.facts.plan;
  const value = sixteenBitRate(gpu);
  const types = ['bf16', 'fp16', 'tf32', 'fp32'] as const;
  return denseRate(e, types.find((type) => gpu.dense_flops[type] === value) ?? 'bf16');
}

/** What the GPU's generation reaches of the shared efficiencies, as a factor; nothing where that is 1. */
export function generationFactor(e: Explaining, what: 'memory' | 'compute' | 'fixed'): Formula {
  const { gpu, calibration } = e.facts.plan;
  const value = generationFactors(gpu, calibration)[what];
  if (value === 1) return formula``;
  const field = `generations.${gpu.architecture}.${what}`;
  const label = `${gpu.architecture} over the shared figure, ${what}`;
  const quantity = { id: `generation_${what}`, label, unit: '', value };
  return formula` * ${e.table.stated(quantity, calibrationSource(e.facts.plan, field))}`;
}

/** The rate at which the linear layers multiply weights of a format; experts in groups of few tokens. */
export function computeRateNode(e: Explaining, format: WeightFormat, isRouted: boolean): string {
  const { gpu, calibration } = e.facts.plan;
  const rates = linearRates(gpu, calibration, format, isRouted);
  const id = `compute_rate_${format}${isRouted ? '_experts' : ''}`;
  const quantity = { id, label: `rate reached on ${format} weights`, unit: 'FLOP/s' };
  return e.table.computed({ ...quantity, value: rates.flopPerSecond }, () => {
    const native = gemmTypes(format).find((type) => gpu.dense_flops[type] !== undefined);
    const peak = native === undefined ? sixteenBitNode(e) : denseRate(e, native);
    if (rates.unpacked) {
      const share = calibration.unpacked_compute_efficiency;
      return formula`${peak} * ${fitted(e, 'unpacked_compute_efficiency', 'share reached on unpacked weights', share, 'share')}`;
    }
    const share = fitted(e, 'compute_efficiency', 'share of it reached', calibration.compute_efficiency, 'share');
    const experts = isRouted
      ? formula` * ${fitted(e, 'expert_compute', 'of that, by experts', calibration.expert_compute, 'share')}`
      : formula``;
    return formula`${peak} * ${share}${generationFactor(e, 'compute')}${experts}`;
  });
}

/** The rate at which weights of a format are read. */
export function readRateNode(e: Explaining, format: WeightFormat, bytes: number): string {
  const { gpu, calibration } = e.facts.plan;
  const rates = linearRates(gpu, calibration, format);
  const width = bytes >= 2 ? 'bits_16' : bytes >= 1 ? 'bits_8' : 'bits_4';
  const quantity = { id: `read_rate_${format}`, label: `rate of reading ${format} weights`, unit: 'B/s' };
  return e.table.computed({ ...quantity, value: rates.bytesPerSecond }, () => {
    const value = calibration.memory_efficiency[width];
    const share = fitted(e, `memory_efficiency.${width}`, 'share of the bandwidth reached', value, 'share');
    return formula`${bandwidthNode(e)} * ${share}${generationFactor(e, 'memory')}`;
  });
}

/** Launches, norms, routing, quantising, and the host: what an iteration takes whatever it carries. */
export function fixedNode(e: Explaining, value: number): string {
  const quantity = { id: 'fixed_per_iteration', label: 'host and launches of an iteration', unit: 's', value };
  return e.table.computed(quantity, () => {
    const perIteration = host(e, 'per_iteration', 'host work of an iteration', 's');
    return formula`${perIteration} + ${layerOverheadsNode(e)}`;
  });
}

/** Layers whose feed-forward part is a set of experts. */
function moeLayers(e: Explaining): Formula {
  const first = moe(e, 'first_dense_layers', 'dense layers before the first with experts');
  return formula`(${layersNode(e)} - ${first})`;
}

/** In how many bits activations are multiplied after being scaled block by block, as `layerOverheads` has it. */
function scaledBits(e: Explaining): 4 | 8 | undefined {
  const { gpu, calibration, serving } = e.facts.plan;
  const bytes = bytesPerWeight(serving.weights);
  if (bytes >= 2 || linearRates(gpu, calibration, serving.weights).unpacked) return undefined;
  return bytes < 1 ? 4 : 8;
}

const launchScale = (e: Explaining) => host(e, 'launch_scale', "launches of this engine over the calibration's", '');

function layerOverheadsNode(e: Explaining): string {
  const { model, gpu, calibration, serving, engine } = e.facts.plan;
  const value = layerOverheads(model, gpu, calibration, engine.host, serving.weights);
  return e.table.computed({ id: 'layer_overheads', label: 'fixed time of all layers', unit: 's', value }, () => {
    const layers = layersNode(e);
    const hasExperts = model.moe !== undefined;
    const per = (key: LayerTime, label: string) => fitted(e, key, label, calibration[key], 's');
    const dense = formula`${layers} * ${per('layer_overhead', 'fixed time of a layer')}`;
    const plain = hasExperts
      ? formula`${dense} + ${moeLayers(e)} * ${per('moe_layer_overhead', 'more with experts')}`
      : dense;
    const scale = formula`${launchScale(e)}${generationFactor(e, 'fixed')}`;
    const bits = scaledBits(e);
    if (bits === 4) {
      const denseLayers = hasExperts
        ? moe(e, 'first_dense_layers', 'dense layers before the first with experts')
        : layers;
      return formula`${scale} * (${plain} + ${denseLayers} * ${per('fp4_layer_overhead', 'more in 4 bits')})`;
    }
    if (bits === 8 && hasExperts) {
      return formula`${scale} * (${plain} + ${moeLayers(e)} * ${per('fp8_moe_layer_overhead', 'more with experts in 8 bits')})`;
    }
    const isUnpacked = bits === undefined && bytesPerWeight(serving.weights) < 2 && hasExperts;
    if (!isUnpacked) return formula`${scale} * (${plain})`;
    const unpacking = host(e, 'unpacked_moe_layer', 'unpacking the experts of a layer', 's');
    return formula`${scale} * (${plain}) + ${moeLayers(e)} * ${unpacking}`;
  });
}

type LayerTime = 'layer_overhead' | 'moe_layer_overhead' | 'fp4_layer_overhead' | 'fp8_moe_layer_overhead';

/** Least time of an iteration with prompts, which the host launches kernel by kernel. */
export function eagerFloorFormula(e: Explaining): Formula {
  const { model, calibration } = e.facts.plan;
  const floor = calibration.eager_layer_floor;
  const launch = fitted(e, 'eager_layer_floor', 'least time of a layer without captured graphs', floor, 's');
  const plain = formula`${layersNode(e)} * ${launch}`;
  if (model.moe === undefined || scaledBits(e) !== 8) return plain;
  const more = calibration.eager_fp8_moe_layer_floor;
  return formula`${plain} + ${moeLayers(e)} * ${fitted(e, 'eager_fp8_moe_layer_floor', 'more with experts in 8 bits', more, 's')}`;
}

/** All-reduces of an iteration: two a layer. Undefined where there are none to wait for. */
export function allReduceNodes(e: Explaining): { calls: string; latency: string; perToken: string } | undefined {
  const { plan, replica } = e.facts;
  const { gpu, calibration, serving } = plan;
  const { latency, perToken, calls } = replica.step.allReduce;
  if (latency === 0 && perToken === 0) return undefined;
  const cost = allReduceCost(gpu, calibration, serving.tensorParallel);
  const group = tensorParallelNode(e);
  const { all_reduce: fit } = calibration;
  return {
    calls: e.table.computed(
      { id: 'all_reduce_calls', label: 'all-reduces of an iteration', unit: '', value: calls },
      () => formula`2 * ${layersNode(e)}`,
    ),
    latency: e.table.computed(
      { id: 'all_reduce_latency', label: 'latency of an all-reduce', unit: 's', value: latency },
      () => {
        const scale = formula`${launchScale(e)}${generationFactor(e, 'fixed')}`;
        const atTwo = fitted(e, 'all_reduce.latency', 'of an all-reduce of two GPUs', fit.latency, 's');
        const growth = fitted(e, 'all_reduce.growth', 'more each time the group doubles', fit.growth);
        return formula`${scale} * ${atTwo} * (1 + ${growth} * log2(${group} / 2))`;
      },
    ),
    perToken: e.table.computed(
      { id: 'all_reduce_per_token', label: 'an all-reduce, for each token', unit: 's', value: perToken },
      () => formula`2 * ${hiddenNode(e)} * ${perByteNode(e, cost.perByte)}`,
    ),
  };
}

function perByteNode(e: Explaining, value: number): string {
  const { plan } = e.facts;
  const group = tensorParallelNode(e);
  return e.table.computed(
    { id: 'all_reduce_per_byte', label: 'an all-reduce, for each byte', unit: 's', value },
    () => {
      const link = e.table.stated(
        { id: 'gpu_link_bandwidth', label: 'link, one way', unit: 'B/s', value: plan.gpu.link?.bandwidth ?? 0 },
        gpuSource(e.origins, plan, 'link.bandwidth'),
      );
      const share = plan.calibration.all_reduce.link_efficiency;
      const reached = fitted(e, 'all_reduce.link_efficiency', 'share of the link reached', share, 'share');
      return formula`2 * (${group} - 1) / ${group} / (${link} * ${reached})`;
    },
  );
}
