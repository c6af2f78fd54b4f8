import { compareWith, comparisonBasis } from '../analysis/comparison.ts';
import { energyFloorWarnings } from '../analysis/energy-floor.ts';
import { baselineOffer, buildLedger } from '../analysis/month-bill.ts';
import { offerWarnings, pathPhrase } from '../analysis/offer-notes.ts';
import { COMPARABLE_UNSERVED_SHARE, verdict } from '../analysis/verdict.ts';
import { waterfall } from '../analysis/waterfall.ts';
import { monthsBetween, STALE_MONTHS } from '../catalog/price-age.ts';
import { billedByMonth } from '../cost/capacity-cost.ts';
import { type LedgerLine, totalUsd } from '../cost/ledger.ts';
import { bookUsd } from '../cost/own-cost.ts';
import { overheadLines } from '../cost/running-cost.ts';
import { type MonthUse, monthUse } from '../fleet/month-use.ts';
import { type FleetMonth, peakOverMean, simulateFleet, sizingOverMean } from '../fleet/simulate-fleet.ts';
import { fallbackNote } from '../model/precision.ts';
import { formatName } from '../model/weights.ts';
import type { OfferPlan, Plan, Scheduling } from '../scenario/plan.ts';
import { layoutName, replicaGpus } from '../scenario/replica-gpus.ts';
import { requestTokens } from '../scenario/request-tokens.ts';
import { requestsPerSession } from '../scenario/session-moments.ts';
import type { Envelope } from '../serving/envelope.ts';
import { settlePools } from '../serving/pools.ts';
import { type ServiceCurve, serviceCurve } from '../serving/service-curve.ts';
import { formatShare } from '../units/format.ts';
import { judgeAssertions } from './assertions.ts';
import { expectedErrors } from './expected-error.ts';
import { metricsOf } from './metrics.ts';
import { describePhysics } from './physics.ts';
import type { MonthRecord, NotCountedRecord, Result, RunStatus, Subject } from './record.ts';

function monthRecords(plan: Plan, fleet: readonly FleetMonth[], ledger: readonly LedgerLine[]): MonthRecord[] {
  const tokens = requestTokens(plan.traffic.mix).total;
  const gpus = billedByMonth(
    plan,
    fleet.map((entry) => entry.size.replicas),
  );
  const byMonth = fleet.map(() => [] as LedgerLine[]);
  for (const entry of ledger) if (entry.month >= 1) byMonth[entry.month - 1]?.push(entry);
  return fleet.map(({ month, size, result }, index) => ({
    month,
    replicas: size.replicas,
    gpus: gpus[index] as number,
    availability: size.availability,
    offered_tokens: result.traffic.offered * tokens,
    served_tokens: result.traffic.served * tokens,
    overflow_tokens: result.traffic.overflow * tokens,
    refused_tokens: result.traffic.refused * tokens,
    queued_tokens: result.traffic.queued * tokens,
    utilization_mean: result.utilizationMean,
    utilization_peak: result.utilizationPeak,
    marginal_usd: totalUsd(byMonth[index] as LedgerLine[], 'marginal'),
    cost_usd: totalUsd(byMonth[index] as LedgerLine[], 'loaded'),
    book_usd: bookUsd(plan.capacity, totalUsd(byMonth[index] as LedgerLine[], 'loaded'), gpus[index] as number),
    cash_usd: totalUsd(byMonth[index] as LedgerLine[], 'cash'),
  }));
}

/**
 * Saturated where the busiest hour reaches what the billed replicas can do at all, or a queue only grows; missed where
 * it passes the target. A queue that empties is neither, as long as no latency is promised; nor is a fleet whose
 * gateway sends what is beyond the target to an API.
 */
function statusOf(plan: Plan, envelope: Envelope, first: FleetMonth): RunStatus {
  if (plan.traffic.overflow === 'api') return envelope.targetMet || plan.slo.length === 0 ? 'ok' : 'slo_missed';
  const { traffic } = first.result;
  const sized = (traffic.offered / (plan.hoursPerMonth * 3600)) * sizingOverMean(plan);
  const capacity = first.size.replicas * envelope.saturation.requestsPerSecond;
  if (sized > 0 && sized >= capacity * (1 - 1e-9)) return 'saturated';
  const inside = first.size.replicas * envelope.target.requestsPerSecond;
  if (plan.slo.length > 0 && (!envelope.targetMet || sized > inside * (1 + 1e-9))) return 'slo_missed';
  return 'ok';
}

/** What the terms of rented or owned capacity leave out, and how old their prices are. */
function capacityWarnings({ capacity, horizonMonths, start }: Plan): string[] {
  const warnings: string[] = [];
  const commitmentMonths = capacity.kind === 'rent' ? capacity.commitmentMonths : 0;
  const cut = commitmentMonths > 0 ? horizonMonths.filter((months) => months % commitmentMonths !== 0) : [];
  if (cut.length > 0) {
    warnings.push(
      `the ${commitmentMonths}-month commitment outlasts the horizon of ${cut.join(', ')} month(s); what is still owed then is not counted there`,
    );
  }
  if (capacity.kind === 'rent' && capacity.spot !== undefined) {
    warnings.push('spot losses are taken as independent; in fact they come together, so more is down at once');
  }
  const old = capacity.priceDates.filter(({ asOf }) => monthsBetween(asOf, start) >= STALE_MONTHS);
  if (old.length > 0) {
    const list = old.map(({ what, asOf }) => `${what} (${asOf})`).join(', ');
    warnings.push(`prices more than ${STALE_MONTHS} months older than the start: ${list}`);
  }
  return warnings;
}

function warningsOf(plan: Plan, { replica, envelope }: ServiceCurve, first: FleetMonth, status: RunStatus): string[] {
  const warnings = [...replica.warnings];
  const fallback = fallbackNote(plan.gpu, plan.gpuName, plan.serving.weights);
  if (fallback !== undefined) warnings.push(fallback);
  if (envelope.refusedShare !== undefined) {
    warnings.push(
      `${formatShare(envelope.refusedShare)} of requests are longer than the KV cache or the context and would be refused; they are counted as served`,
    );
  }
  const { traffic } = first.result;
  if (traffic.offered === 0) warnings.push('no traffic: the bill runs on and the price of a token is unbounded');
  if (status === 'saturated') {
    const lost = ((traffic.offered - traffic.served) / traffic.offered) * 100;
    warnings.push(
      `the load exceeds what ${first.size.replicas} replica(s) can do; ${lost.toFixed(1)} % of requests are not served here`,
    );
  }
  const unserved = traffic.offered > 0 ? (traffic.refused + traffic.queued) / traffic.offered : 0;
  if (status !== 'saturated' && unserved > COMPARABLE_UNSERVED_SHARE) {
    warnings.push(`${formatShare(unserved)} of requests are not served, for want of replicas that are up`);
  }
  if (status === 'slo_missed') warnings.push('the busiest hour misses the latency target');
  const target = plan.reliability?.targetAvailability;
  if (target !== undefined && first.size.availability < target) {
    warnings.push(
      `${first.size.replicas} replica(s) reach ${(first.size.availability * 100).toFixed(3)} % availability, below the target`,
    );
  }
  warnings.push(...capacityWarnings(plan), ...energyFloorWarnings(plan, replica));
  if (plan.engine.upper_bound) warnings.push('upper bound: the ideal engine loses nothing; no real one reaches this');
  return warnings;
}

function notCounted(plan: Plan, gpus: number, servedRequests: number): NotCountedRecord[] {
  const activity = { month: 1, gpus, servedOutputTokens: servedRequests * requestTokens(plan.traffic.mix).output };
  return plan.notCounted.map(({ id, label, charges }) => {
    const lines = overheadLines({ ...plan, overheads: charges }, activity);
    return { id, label, typical_usd_per_month: totalUsd(lines, 'loaded'), source: charges[0]?.source ?? '' };
  });
}

function errorRecord(plan: Plan): Pick<Result, 'price_error' | 'price_error_basis' | 'latency_error'> {
  const { price, basis, tpot, ttft } = expectedErrors(plan);
  return { price_error: price, price_error_basis: basis, latency_error: { tpot: tpot ?? null, ttft: ttft ?? null } };
}

/** Sizes of the two pools, which are settled by now. */
function poolsOf(scheduling: Extract<Scheduling, { kind: 'disaggregated' }>): { prefill: number; decode: number } {
  return { prefill: Number(scheduling.prefillInstances), decode: Number(scheduling.decodeInstances) };
}

function pricePaths({ offers, capacity, people }: Plan): Subject['price_paths'] {
  const moving = [
    { of: 'rent', path: capacity.kind === 'rent' ? capacity.pricePath : undefined },
    { of: 'wages', path: people?.ratePath },
    ...offers.map(({ name, pricePath }) => ({ of: name, path: pricePath })),
  ];
  return moving.flatMap(({ of, path }) => (path === undefined ? [] : [{ of, path: pathPhrase(path) }]));
}

function subjectOf(plan: Plan, envelope: Envelope, first: FleetMonth, use: MonthUse): Subject {
  const { traffic, serving } = plan;
  return {
    name: plan.name,
    start: plan.start,
    hours_per_month: plan.hoursPerMonth,
    model: plan.modelName,
    gpu: plan.gpuName,
    capacity: plan.capacity.kind,
    engine: plan.engineName,
    upper_bound: plan.engine.upper_bound,
    tensor_parallel: serving.tensorParallel,
    pipeline_parallel: serving.pipelineParallel,
    expert_parallel: serving.expertParallel,
    attention_data_parallel: serving.attentionDataParallel,
    layout: layoutName(serving),
    weights: formatName(plan.model, serving.weights),
    kv_cache: serving.kvCache,
    max_batch: serving.maxBatch,
    scheduling: serving.scheduling.kind,
    replica_gpus: replicaGpus(serving),
    ...(serving.scheduling.kind === 'disaggregated' ? { pools: poolsOf(serving.scheduling) } : {}),
    service_curve: serving.envelope,
    requests_per_day: (first.result.traffic.offered / plan.hoursPerMonth) * 24,
    requests_per_session: requestsPerSession(traffic),
    input_tokens: traffic.mix.input.mean,
    output_tokens: traffic.mix.output.mean,
    samples: traffic.mix.samples ?? 1,
    cached_input: traffic.mix.cachedInput,
    peak_over_mean: peakOverMean(plan),
    needed_replicas: first.size.needed,
    sized_for: sizingOverMean(plan) < peakOverMean(plan) ? 'mean load' : 'busiest hour',
    limited_by: envelope.target.limitedBy,
    target_availability: plan.reliability?.targetAvailability ?? null,
    slo: plan.slo,
    utilization_histogram: use.utilizationHistogram,
    utilization_by_hour: use.utilizationByHour,
    growth_per_month: traffic.growthPerMonth,
    price_paths: pricePaths(plan),
    horizon_months: Math.max(...plan.horizonMonths),
  };
}

/**
 * Runs a plan from physics to money. Pure: the same plan and seed give the same result, byte for byte.
 *
 * @param seed of the requests that the replica's service curve is simulated with; the fleet draws nothing at random
 * @throws InfeasibleError where the model does not fit, or where no fleet meets the target
 */
export function simulate(given: Plan, seed = 0): Result {
  const plan = settlePools(given);
  const { replica, envelope } = serviceCurve(plan, seed);
  const months = Math.max(...plan.horizonMonths);
  const fleet = simulateFleet(plan, envelope, months);
  const first = fleet[0] as FleetMonth;
  const use = monthUse(envelope, first.size.replicas, first.result.records);
  const ledger = buildLedger(plan, { replica, envelope }, fleet);
  const month1 = ledger.filter((entry) => entry.month === 1);
  const metrics = metricsOf(plan, replica, envelope, first, use, month1);
  const basis = comparisonBasis(plan, { replica, envelope }, fleet, ledger);
  const comparisons = plan.offers.map((offer) => compareWith(offer, basis));
  const baseline = baselineOffer(plan);
  const judged = baseline === undefined ? undefined : comparisons[plan.offers.indexOf(baseline)];
  const status = statusOf(plan, envelope, first);
  return {
    schema: 'rackrate.result/v1',
    seed,
    status,
    slo_met: status === 'ok',
    subject: subjectOf(plan, envelope, first, use),
    metrics,
    ...errorRecord(plan),
    unbounded: metrics.usd_per_mtok_total === undefined ? ['usd_per_mtok_total'] : [],
    defaults_used: plan.defaultsUsed,
    not_counted: notCounted(plan, metrics.gpus ?? 0, first.result.traffic.served),
    warnings: [
      ...warningsOf(plan, { replica, envelope }, first, status),
      ...comparisons.flatMap((entry, i) =>
        offerWarnings(plan.offers[i] as OfferPlan, plan.traffic.mix, entry.rate_limit),
      ),
    ],
    months: monthRecords(plan, fleet, ledger),
    ledger,
    waterfall: waterfall(plan, envelope, first, month1),
    comparisons,
    assertions: judgeAssertions(plan.assertions, metrics, comparisons, judged),
    verdict: verdict(judged, metrics.cost_usd_per_month ?? 0),
    physics: describePhysics(plan, replica, metrics.batch_at_peak ?? 1),
  };
}
