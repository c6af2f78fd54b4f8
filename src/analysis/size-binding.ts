import { billedGpus } from '../cost/capacity-cost.ts';
import { redundancyRule, sizeFleet } from '../fleet/capacity.ts';
import { offeredRate, sizingOverMean } from '../fleet/simulate-fleet.ts';
import type { Result } from '../result/record.ts';
import type { Plan } from '../scenario/plan.ts';
import { replicaGpus } from '../scenario/replica-gpus.ts';
import type { Envelope } from '../serving/envelope.ts';

/** What a fleet is as large as it is for. */
export type Binding =
  /** The weights need so many GPUs, or the cache is full before anything else is. */
  | 'memory'
  | 'ttft'
  | 'tpot'
  /** Replicas are as busy as they can be, at the best batch: their speed binds, or what joins their GPUs. */
  | 'throughput'
  | 'link'
  | 'availability'
  /** GPUs that are only there because instances or nodes come whole. */
  | 'whole_units'
  /** One replica, of one GPU or with none smaller to try, carries everything. */
  | 'one_replica';

/** Why the next smaller replica of the same kind is no choice; undefined where it is one, or there is none. */
export type SmallerFails = 'no_fit' | 'ttft' | 'tpot' | undefined;

/** Replicas the load would take if no latency were promised, redundancy included. */
function replicasWithoutTarget(plan: Plan, envelope: Envelope): number {
  const peak = offeredRate(plan, envelope) * sizingOverMean(plan);
  return sizeFleet({ ...plan, slo: [] }, { ...envelope, target: envelope.saturation, targetMet: true }, peak).replicas;
}

/** Replicas without a target of availability; zones, which are asked for beside it, stay. */
function replicasWithoutAvailability(plan: Plan, envelope: Envelope): number {
  if (redundancyRule(plan).targetAvailability === undefined) return Number.POSITIVE_INFINITY;
  const { targetAvailability: _, ...reliability } = plan.reliability as NonNullable<Plan['reliability']>;
  const peak = offeredRate(plan, envelope) * sizingOverMean(plan);
  return sizeFleet({ ...plan, reliability }, envelope, peak).replicas;
}

function whatFills(result: Result, envelope: Envelope): Binding {
  if (envelope.saturation.limitedBy === 'kv_cache') return 'memory';
  const { compute, weights, kv, all_reduce: exchange, fixed } = result.physics.decode_full.shares;
  return exchange > Math.max(compute, weights, kv, fixed) ? 'link' : 'throughput';
}

/**
 * The constraint whose removal would save most billed GPUs: the availability target, the latency target, or that GPUs
 * come in whole instances. Where none saves any, what makes a replica as large, or as slow, as it is.
 */
export function bindingOf(plan: Plan, result: Result, envelope: Envelope, smaller: SmallerFails): Binding {
  const { replicas = 0, gpus = 0 } = result.metrics;
  const { limitedBy } = envelope.target;
  const saved = (count: number) => gpus - billedGpus(plan, Math.min(count, replicas));
  const savings: [Binding, number][] = [
    ['availability', saved(replicasWithoutAvailability(plan, envelope))],
    [limitedBy === 'tpot' ? 'tpot' : 'ttft', plan.slo.length === 0 ? 0 : saved(replicasWithoutTarget(plan, envelope))],
    ['whole_units', gpus - replicas * replicaGpus(plan.serving)],
  ];
  const most = savings.reduce((best, one) => (one[1] > best[1] ? one : best));
  if (most[1] > 0) return most[0];
  if (result.subject.needed_replicas > 1) return whatFills(result, envelope);
  if (smaller !== undefined) return smaller === 'no_fit' ? 'memory' : smaller;
  return 'one_replica';
}
