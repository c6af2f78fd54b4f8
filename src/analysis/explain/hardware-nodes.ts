import { gemmPath, sixteenBitType } from '../../model/precision.ts';
import { type GenerationFactors, generationFactors } from '../../perf/generation.ts';
import { linearRates } from '../../perf/roofline.ts';
import type { ComputeFormat } from '../../schema/gpu.ts';
import type { WeightFormat } from '../../schema/model.ts';
import { type Formula, formula } from './explanation.ts';
import { fitted } from './fitted-nodes.ts';
import { calibrationSource, gpuSource } from './provenance.ts';
import type { Explaining } from './run-facts.ts';

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
  return denseRate(e, sixteenBitType(e.facts.plan.gpu.dense_flops) ?? 'bf16');
}

export function generationOf({ facts: { plan } }: Explaining): GenerationFactors {
  return generationFactors(plan.gpu, plan.calibration);
}

/** What the GPU's generation reaches of the shared efficiencies, as a factor; nothing where that is 1. */
export function generationFactor(e: Explaining, what: 'memory' | 'compute' | 'fixed'): Formula {
  const { gpu } = e.facts.plan;
  const value = generationOf(e)[what];
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
    const { type } = gemmPath(gpu, format);
    const peak = type === undefined ? sixteenBitNode(e) : denseRate(e, type);
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
