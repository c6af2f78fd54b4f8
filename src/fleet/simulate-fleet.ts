import type { Plan } from '../scenario/plan.ts';
import { statedRate } from '../scenario/stated-rate.ts';
import { InputError } from '../schema/problem.ts';
import type { Envelope } from '../serving/envelope.ts';
import { availabilityOf } from './availability.ts';
import { type FleetSize, fleetForUtilization, sizeFleet } from './capacity.ts';
import { type MonthResult, simulateMonth } from './month.ts';

/** One month of the horizon, 1-based. */
export interface FleetMonth {
  month: number;
  size: FleetSize;
  result: MonthResult;
}

const NO_RATE =
  'users who wait for their answers make no rate that a fleet could be sized by; add a load such as requests_per_day, or replay them';

/** Requests a second, weekly mean, in month 1. */
export function offeredRate(plan: Plan, envelope: Envelope): number {
  const stated = statedRate(plan.traffic);
  if (stated !== undefined) return stated;
  const { load } = plan.traffic;
  if (load.kind !== 'utilization') throw new InputError([{ path: ['traffic'], message: NO_RATE }]);
  return load.share * fleetForUtilization(plan) * envelope.target.requestsPerSecond;
}

/** Busiest hour of the week over its mean. */
export function peakOverMean(plan: Plan): number {
  return Math.max(...plan.traffic.shape);
}

/**
 * What the fleet is sized for, over the mean: the busiest hour; the mean itself where requests may queue and no latency
 * is promised, because then the backlog of the day only has to be gone within the week.
 */
export function sizingOverMean(plan: Plan): number {
  return plan.traffic.overflow === 'queue' && plan.slo.length === 0 ? 1 : peakOverMean(plan);
}

/** Where overflow goes to an API, no more replicas are needed than there are: the rest of the load is the API's. */
function burstsElsewhere(plan: Plan, size: FleetSize): FleetSize {
  if (plan.traffic.overflow !== 'api' || size.needed <= size.replicas) return size;
  const availability = availabilityOf(size.replicas, size.replicas, plan.reliability?.replicaAvailability ?? 1);
  return { ...size, needed: size.replicas, availability };
}

/**
 * The fleet over `months` months. Growth is stepwise: month m carries (1+g)^(m−1) of month 1, and `auto` sizes the
 * fleet anew for each month. Months alike in load and size are simulated once.
 */
export function simulateFleet(plan: Plan, envelope: Envelope, months: number): FleetMonth[] {
  const first = offeredRate(plan, envelope);
  const fixed = plan.traffic.load.kind === 'utilization' ? fleetForUtilization(plan) : undefined;
  const overMean = sizingOverMean(plan);
  const asked: Plan = fixed === undefined ? plan : { ...plan, serving: { ...plan.serving, replicas: fixed } };
  const known = new Map<string, MonthResult>();
  return Array.from({ length: months }, (_, index) => {
    const rate = first * (1 + plan.traffic.growthPerMonth) ** index;
    const size = burstsElsewhere(plan, sizeFleet(asked, envelope, rate * overMean));
    const key = `${rate}/${size.replicas}`;
    const result = known.get(key) ?? simulateMonth(plan, envelope, size.replicas, rate);
    known.set(key, result);
    return { month: index + 1, size, result };
  });
}
