import { gemmTypes } from '../../model/precision.ts';
import { allReduceCost } from '../../perf/collectives.ts';
import { layerOverheads } from '../../perf/overheads.ts';
import { linearRates, sixteenBitRate } from '../../perf/roofline.ts';
import type { ComputeFormat } from '../../schema/gpu.ts';
import type { WeightFormat } from '../../schema/model.ts';
import { formula } from './explanation.ts';
import { hiddenNode, layersNode, moe, tensorParallelNode } from './model-nodes.ts';
import { calibrationSource, engineSource, gpuSource } from './provenance.ts';
import type { Explaining } from './run-facts.ts';

/** A fitted number of the calibration. */
export function fitted(e: Explaining, field: string, label: string, value: number, unit = ''): string {
  const id = `fitted_${field.replaceAll('.', '_')}`;
  return e.table.stated({ id, label, unit, value }, calibrationSource(e.facts.plan, field));
}

function host(e: Explaining, field: 'per_iteration' | 'per_sequence' | 'launch_scale', label: string, unit: string) {
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

/** The rate at which the linear layers multiply weights of a format. */
export function computeRateNode(e: Explaining, format: WeightFormat): string {
  const { gpu, calibration } = e.facts.plan;
  const rates = linearRates(gpu, calibration, format);
  const quantity = { id: `compute_rate_${format}`, label: `rate reached on ${format} weights`, unit: 'FLOP/s' };
  return e.table.computed({ ...quantity, value: rates.flopPerSecond }, () => {
    const native = gemmTypes(format).find((type) => gpu.dense_flops[type] !== undefined);
    const peak = native === undefined ? sixteenBitNode(e) : denseRate(e, native);
    const share = rates.unpacked
      ? fitted(
          e,
          'unpacked_compute_efficiency',
          'share of it reached on unpacked weights',
          calibration.unpacked_compute_efficiency,
          'share',
        )
      : fitted(e, 'compute_efficiency', 'share of it reached', calibration.compute_efficiency, 'share');
    return formula`${peak} * ${share}`;
  });
}

/** The rate at which weights of a format are read. */
export function readRateNode(e: Explaining, format: WeightFormat, bytes: number): string {
  const { gpu, calibration } = e.facts.plan;
  const rates = linearRates(gpu, calibration, format);
  const width = bytes >= 2 ? 'bits_16' : bytes >= 1 ? 'bits_8' : 'bits_4';
  const quantity = { id: `read_rate_${format}`, label: `rate of reading ${format} weights`, unit: 'B/s' };
  return e.table.computed({ ...quantity, value: rates.bytesPerSecond }, () => {
    const share = calibration.memory_efficiency[width];
    return formula`${bandwidthNode(e)} * ${fitted(e, `memory_efficiency.${width}`, 'share of the bandwidth reached', share, 'share')}`;
  });
}

/** Launches, norms, routing, quantising, and the host: what an iteration takes whatever it carries. */
export function fixedNode(e: Explaining, value: number): string {
  const quantity = { id: 'fixed_per_iteration', label: 'host and launches of an iteration', unit: 's', value };
  return e.table.computed(quantity, () => {
    const perIteration = host(e, 'per_iteration', 'host work of an iteration', 's');
    const scale = host(e, 'launch_scale', "launches of this engine over the calibration's", '');
    return formula`${perIteration} + ${scale} * ${layerOverheadsNode(e)}`;
  });
}

function layerOverheadsNode(e: Explaining): string {
  const { model, gpu, calibration, serving } = e.facts.plan;
  const value = layerOverheads(model, gpu, calibration, serving.weights);
  return e.table.computed({ id: 'layer_overheads', label: 'fixed time of all layers', unit: 's', value }, () => {
    const layers = layersNode(e);
    const dense = fitted(e, 'layer_overhead', 'fixed time of a layer', calibration.layer_overhead, 's');
    const base = formula`${layers} * ${dense}`;
    const isBlockScaled = !linearRates(gpu, calibration, serving.weights).unpacked;
    const isFourBit = ['int4', 'nvfp4', 'mxfp4'].includes(serving.weights);
    const isEightBit = ['fp8', 'int8'].includes(serving.weights);
    const perFp4 = () => fitted(e, 'fp4_layer_overhead', 'more in 4 bits', calibration.fp4_layer_overhead, 's');
    if (model.moe === undefined) {
      return isFourBit && isBlockScaled ? formula`${base} + ${layers} * ${perFp4()}` : base;
    }
    const first = moe(e, 'first_dense_layers', 'dense layers before the first with experts');
    const perMoe = fitted(e, 'moe_layer_overhead', 'more with experts', calibration.moe_layer_overhead, 's');
    const withExperts = formula`${base} + (${layers} - ${first}) * ${perMoe}`;
    if (!isBlockScaled || !(isFourBit || isEightBit)) return withExperts;
    if (isFourBit) return formula`${withExperts} + ${first} * ${perFp4()}`;
    const eight = fitted(
      e,
      'fp8_moe_layer_overhead',
      'more with experts in 8 bits',
      calibration.fp8_moe_layer_overhead,
      's',
    );
    return formula`${withExperts} + (${layers} - ${first}) * ${eight}`;
  });
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
        const scale = host(e, 'launch_scale', "launches of this engine over the calibration's", '');
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
