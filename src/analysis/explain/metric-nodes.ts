import { replicaGpus } from '../../scenario/replica-gpus.ts';
import { requestTokens } from '../../scenario/request-tokens.ts';
import { METRICS } from '../../schema/metric-table.ts';
import { costNode, gpuHourNode, ownCostNode } from './bill-nodes.ts';
import { kvBytesNode } from './cache-nodes.ts';
import { energyNode } from './energy-nodes.ts';
import { type Formula, formula } from './explanation.ts';
import { availabilityNode, gpusNode, hoursNode, offeredNode, replicaGpusNode, replicasNode } from './fleet-nodes.ts';
import { kvCapacityNode } from './memory-nodes.ts';
import { batchNode, busiestServedNode, latencyNode, promptShareNode } from './operation-nodes.ts';
import { saturationNode, targetNode } from './replica-nodes.ts';
import { inputNode, outputNode } from './request-nodes.ts';
import type { Explaining } from './run-facts.ts';
import { servedNode } from './served-nodes.ts';
import { weightBytesNode } from './weight-nodes.ts';

export type MetricId = (typeof METRICS)[number]['id'];

/** A metric as a formula over other numbers. */
function derived(e: Explaining, id: MetricId, made: () => Formula): string {
  const row = METRICS.find((metric) => metric.id === id);
  const quantity = { id, label: row?.label ?? id, unit: row?.unit ?? '', value: e.facts.metrics[id] ?? 0 };
  return e.table.computed(quantity, made);
}

/** Millions of tokens that the own fleet serves in the month. */
function servedMtok(e: Explaining, side: 'input' | 'output' | 'total'): string {
  const tokens = requestTokens(e.facts.plan.traffic.mix)[side];
  const quantity = { id: `served_mtok_${side}`, label: `${side} tokens served, in millions`, unit: 'Mtok' };
  return e.table.computed({ ...quantity, value: (e.facts.first.result.traffic.served * tokens) / 1e6 }, () => {
    const each = {
      input: () => formula`${inputNode(e)}`,
      output: () => formula`${outputNode(e)}`,
      total: () => formula`(${inputNode(e)} + ${outputNode(e)})`,
    }[side]();
    return formula`${servedNode(e)} * ${each} / 1e6`;
  });
}

/** Rent of one replica that is full, over all tokens it makes. */
function idealFormula(e: Explaining): Formula {
  const { plan, envelope, metrics } = e.facts;
  const tokensPerHour = envelope.saturation.requestsPerSecond * 3600 * requestTokens(plan.traffic.mix).total;
  const gpuHour = ((metrics.usd_per_mtok_ideal ?? 0) * tokensPerHour) / 1e6 / replicaGpus(plan.serving);
  const perHour = formula`${saturationNode(e)} * 3600 * (${inputNode(e)} + ${outputNode(e)})`;
  return formula`${gpuHourNode(e, gpuHour)} * ${replicaGpusNode(e)} / (${perHour}) * 1e6`;
}

const NODES: Record<MetricId, (e: Explaining) => string | undefined> = {
  weight_bytes_per_gpu: weightBytesNode,
  kv_bytes_per_token: kvBytesNode,
  kv_capacity_tokens_per_replica: kvCapacityNode,
  replicas: replicasNode,
  gpus: gpusNode,
  availability: availabilityNode,
  batch_at_peak: batchNode,
  ttft_p50_s: (e) => latencyNode(e, 'ttft', 50, e.facts.metrics.ttft_p50_s ?? 0),
  ttft_p95_s: (e) => latencyNode(e, 'ttft', 95, e.facts.metrics.ttft_p95_s ?? 0),
  tpot_p50_s: (e) => latencyNode(e, 'tpot', 50, e.facts.metrics.tpot_p50_s ?? 0),
  tpot_p95_s: (e) => latencyNode(e, 'tpot', 95, e.facts.metrics.tpot_p95_s ?? 0),
  replica_output_tok_per_s_max: (e) =>
    derived(e, 'replica_output_tok_per_s_max', () => formula`${targetNode(e)} * ${outputNode(e)}`),
  utilization_mean: (e) =>
    derived(
      e,
      'utilization_mean',
      () => formula`${servedNode(e)} / (3600 * ${hoursNode(e)} * ${replicasNode(e)} * ${targetNode(e)})`,
    ),
  utilization_peak: (e) =>
    derived(e, 'utilization_peak', () => formula`${busiestServedNode(e)} / (${replicasNode(e)} * ${targetNode(e)})`),
  input_tokens_per_month: (e) =>
    derived(e, 'input_tokens_per_month', () => formula`${offeredNode(e)} * ${inputNode(e)}`),
  output_tokens_per_month: (e) =>
    derived(e, 'output_tokens_per_month', () => formula`${offeredNode(e)} * ${outputNode(e)}`),
  overflow_token_share: (e) =>
    derived(e, 'overflow_token_share', () =>
      e.facts.first.result.traffic.offered > 0
        ? formula`(${offeredNode(e)} - ${servedNode(e)}) / ${offeredNode(e)}`
        : formula`0`,
    ),
  energy_kwh_per_month: energyNode,
  cost_usd_per_month: costNode,
  usd_per_mtok_total: (e) =>
    derived(e, 'usd_per_mtok_total', () => formula`${ownCostNode(e)} / ${servedMtok(e, 'total')}`),
  usd_per_mtok_input: (e) =>
    derived(
      e,
      'usd_per_mtok_input',
      () => formula`${ownCostNode(e)} * ${promptShareNode(e)} / ${servedMtok(e, 'input')}`,
    ),
  usd_per_mtok_output: (e) =>
    derived(
      e,
      'usd_per_mtok_output',
      () => formula`${ownCostNode(e)} * (1 - ${promptShareNode(e)}) / ${servedMtok(e, 'output')}`,
    ),
  usd_per_mtok_output_only: (e) =>
    derived(e, 'usd_per_mtok_output_only', () => formula`${ownCostNode(e)} / ${servedMtok(e, 'output')}`),
  usd_per_mtok_ideal: (e) => derived(e, 'usd_per_mtok_ideal', () => idealFormula(e)),
};

/** The node of a metric that the run knows; undefined where it is absent from the result. */
export function metricNode(e: Explaining, id: MetricId): string | undefined {
  return e.facts.metrics[id] === undefined ? undefined : NODES[id](e);
}
