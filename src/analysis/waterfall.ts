import { billedGpus } from '../cost/capacity-cost.ts';
import { type LedgerLine, totalUsd } from '../cost/ledger.ts';
import { sizedUtilization } from '../fleet/capacity.ts';
import { LEAST_REQUESTS } from '../fleet/month.ts';
import { type FleetMonth, sizingOverMean } from '../fleet/simulate-fleet.ts';
import type { Plan } from '../scenario/plan.ts';
import { replicaGpus } from '../scenario/replica-gpus.ts';
import { requestTokens } from '../scenario/request-tokens.ts';
import type { Envelope } from '../serving/envelope.ts';

/** One step from the ideal to the real price of a million total tokens. Steps sum to `usd_per_mtok_total`. */
export interface WaterfallStep {
  id: string;
  label: string;
  usd_per_mtok: number;
}

/** USD per million tokens that one replica's rent comes to when it makes `requestsPerSecond` without a pause. */
function replicaPrice(plan: Plan, usdPerGpuHour: number, requestsPerSecond: number): number {
  const tokensPerHour = requestsPerSecond * 3600 * requestTokens(plan.traffic.mix).total;
  return ((usdPerGpuHour * replicaGpus(plan.serving)) / tokensPerHour) * 1e6;
}

/**
 * Price of capacity alone at full, unconstrained batch: no target, no idle hour, no other line.
 *
 * @param lines month 1's bill; its capacity lines give the mean price of a GPU-hour
 * @returns undefined where no GPU is billed
 */
export function idealUsdPerMtok(plan: Plan, envelope: Envelope, lines: readonly LedgerLine[]): number | undefined {
  const rate = meanGpuHour(lines);
  return rate === undefined ? undefined : replicaPrice(plan, rate, envelope.saturation.requestsPerSecond);
}

function meanGpuHour(lines: readonly LedgerLine[]): number | undefined {
  const capacity = lines.filter((entry) => entry.group === 'capacity' && entry.basis.includes('loaded'));
  const hours = capacity.reduce((sum, entry) => sum + entry.quantity, 0);
  return hours > 0 ? totalUsd(capacity, 'loaded') / hours : undefined;
}

type CapacityLevel = [id: string, label: string, usdPerMtok: number];

/** What is billed beyond what the busiest hour needs, by why. */
function redundancyLabel(plan: Plan, { needed, replicas }: FleetMonth['size']): string {
  if (replicas < needed) return 'fewer replicas than needed';
  const hasIdle = billedGpus(plan, replicas) > replicas * replicaGpus(plan.serving);
  if (hasIdle) return replicas > needed ? 'redundancy and whole instances' : 'whole instances';
  return 'redundancy';
}

/**
 * What a million served tokens cost in rent alone, each level with one more fact taken into account.
 *
 * @param rate price of a GPU-hour
 */
function capacityLevels(
  plan: Plan,
  envelope: Envelope,
  first: FleetMonth,
  rate: number,
  servedMtok: number,
): CapacityLevel[] {
  const { saturation, target } = envelope;
  const atTarget = replicaPrice(plan, rate, target.requestsPerSecond);
  const perMonth = (gpus: number) => (gpus * rate * plan.hoursPerMonth) / servedMtok;
  const offeredOverServed = first.result.traffic.offered / first.result.traffic.served;
  const offeredRate = first.result.traffic.offered / (plan.hoursPerMonth * 3600);
  const peak = offeredRate * sizingOverMean(plan);
  const sized = (atTarget * sizingOverMean(plan)) / sizedUtilization(plan);

  const levels: CapacityLevel[] = [
    ['ideal', 'full batch, never idle', replicaPrice(plan, rate, saturation.requestsPerSecond)],
    ['latency_target', 'latency target', atTarget],
    ['idle', 'nights and weekends', atTarget * sizingOverMean(plan)],
    ['headroom', 'headroom in the busiest hour', sized],
    [
      'whole_replicas',
      plan.traffic.overflow === 'api' ? 'whole replicas, peaks left to the API' : 'whole replicas',
      (atTarget * sizingOverMean(plan) * first.size.needed * target.requestsPerSecond) / peak,
    ],
    [
      'redundancy',
      redundancyLabel(plan, first.size),
      perMonth(billedGpus(plan, first.size.replicas)) / offeredOverServed,
    ],
    ['lost_requests', 'requests not served here', perMonth(billedGpus(plan, first.size.replicas))],
  ];
  const isLeftOut = (id: string) =>
    (id === 'whole_replicas' && first.size.needed === 0) || (id === 'headroom' && sizedUtilization(plan) === 1);
  return levels.filter(([id]) => !isLeftOut(id));
}

/**
 * The walk from the ideal to the real price. Each step is the price with one more fact taken into account, less the
 * price before it, so the steps telescope to the real one and none is counted twice.
 *
 * Idle, headroom and redundancy are attributions of the rent, not lines of their own.
 *
 * @param lines month 1's bill
 * @returns no steps where nothing is served: the price is then unbounded
 */
export function waterfall(
  plan: Plan,
  envelope: Envelope,
  first: FleetMonth,
  lines: readonly LedgerLine[],
): WaterfallStep[] {
  const servedMtok = (first.result.traffic.served * requestTokens(plan.traffic.mix).total) / 1e6;
  const rate = meanGpuHour(lines);
  if (first.result.traffic.served < LEAST_REQUESTS || rate === undefined) return [];

  const levels = capacityLevels(plan, envelope, first, rate, servedMtok);
  const steps: WaterfallStep[] = [];
  let before = 0;
  for (const [id, label, price] of levels) {
    steps.push({ id, label, usd_per_mtok: price - before });
    before = price;
  }
  const group = (id: string, label: string, groups: Parameters<typeof totalUsd>[2]) =>
    steps.push({ id, label, usd_per_mtok: totalUsd(lines, 'loaded', groups) / servedMtok });
  group('facility', 'power and facility', ['facility']);
  group('software', 'software and data', ['software']);
  group('people', 'people', ['people']);
  group('one_off', 'one-off costs, spread', ['one_off']);
  return steps;
}
