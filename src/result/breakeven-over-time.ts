import {
  apiByMonth,
  type Comparison,
  type ComparisonBasis,
  compareWith,
  comparisonBasis,
} from '../analysis/comparison.ts';
import { buildLedger } from '../analysis/month-bill.ts';
import { simulateFleet } from '../fleet/simulate-fleet.ts';
import type { Plan } from '../scenario/plan.ts';
import { settlePools } from '../serving/pools.ts';
import { serviceCurve } from '../serving/service-curve.ts';
import type { BreakevenRow } from './breakeven-table.ts';

type Side = 'self' | 'api' | 'neither';

interface TimePoint {
  months: number;
  self: number;
  api: number;
  cheaper: Side;
}

function basisOver(given: Plan, months: readonly number[], seed: number): ComparisonBasis {
  const plan = settlePools({ ...given, horizonMonths: months });
  const curve = serviceCurve(plan, seed);
  const fleet = simulateFleet(plan, curve.envelope, Math.max(...months));
  return comparisonBasis(plan, curve, fleet, buildLedger(plan, curve, fleet));
}

/** A curve over time, and every month from which the other side is the cheaper. */
function timeRows(
  offer: string,
  axis: 'month' | 'horizon',
  unit: string,
  points: readonly TimePoint[],
): BreakevenRow[] {
  const row = (kind: string, point: TimePoint | undefined, cheaper: Side): BreakevenRow => ({
    kind,
    comparison: offer,
    [axis]: point?.months,
    [`self_${unit}`]: point?.self,
    [`api_${unit}`]: point?.api,
    cheaper,
  });
  const crossings = points.flatMap((point, i) => {
    const before = points[i - 1];
    return before !== undefined && before.cheaper !== point.cheaper ? [row('crossing', point, point.cheaper)] : [];
  });
  const none = crossings.length === 0 ? [row('none', undefined, points[0]?.cheaper ?? 'neither')] : [];
  return [...crossings, ...none, ...points.map((point) => row('curve', point, point.cheaper))];
}

function cashPoints(basis: ComparisonBasis, perMonth: readonly number[], months: readonly number[]): TimePoint[] {
  const points: TimePoint[] = [];
  let [self, api] = [basis.cash.now, 0];
  perMonth.forEach((usd, index) => {
    self += basis.cash.byMonth[index] as number;
    api += usd;
    const cheaper = self <= api ? 'self' : 'api';
    if (months.includes(index + 1)) points.push({ months: index + 1, self, api, cheaper });
  });
  return points;
}

/**
 * Cash spent so far by month, undiscounted and without what nodes would still fetch: the month from which the own fleet
 * has cost no more than the API is `breakeven_month` of a run. Where a fleet grows the sides may change more than once.
 *
 * @param months in rising order
 */
export function breakevenOverMonths(plan: Plan, months: readonly number[], seed: number): BreakevenRow[] {
  const basis = basisOver(plan, months, seed);
  return plan.offers.flatMap((offer) => {
    const api = apiByMonth(offer, compareWith(offer, basis).usd_per_request, basis.fleet);
    return timeRows(offer.name, 'month', 'usd', cashPoints(basis, api, months));
  });
}

function horizonPoints({ horizons }: Comparison): TimePoint[] {
  return horizons.map(({ months, self_npv_usd: self, api_npv_usd: api, winner }) => ({
    months,
    self,
    api,
    cheaper: winner === 'tie' ? 'neither' : winner,
  }));
}

/**
 * Net present value by the length of the horizon, nodes sold at its end: how long the decision has to stand to pay.
 *
 * @param months in rising order
 */
export function breakevenOverHorizons(plan: Plan, months: readonly number[], seed: number): BreakevenRow[] {
  const basis = basisOver(plan, months, seed);
  return plan.offers.flatMap((offer) =>
    timeRows(offer.name, 'horizon', 'npv_usd', horizonPoints(compareWith(offer, basis))),
  );
}
