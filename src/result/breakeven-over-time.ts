import {
  apiByMonth,
  type Comparison,
  type ComparisonBasis,
  compareWith,
  comparisonBasis,
} from '../analysis/comparison.ts';
import { buildLedger } from '../analysis/month-bill.ts';
import { COMPARABLE_UNSERVED_SHARE } from '../analysis/verdict.ts';
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

/** Every month up to the last asked for, so that a crossing is found where it is and not at the next that is shown. */
function basisOver(given: Plan, months: readonly number[], seed: number): ComparisonBasis {
  const last = Math.max(...months);
  const plan = settlePools({ ...given, horizonMonths: Array.from({ length: last }, (_, index) => index + 1) });
  const curve = serviceCurve(plan, seed);
  const fleet = simulateFleet(plan, curve.envelope, last);
  return comparisonBasis(plan, curve, fleet, buildLedger(plan, curve, fleet));
}

/**
 * A curve over time, and every month from which the other side is the cheaper.
 *
 * @param points of every month, the first first
 * @param shown months of the curve
 */
function timeRows(
  offer: string,
  axis: 'month' | 'horizon',
  unit: string,
  points: readonly TimePoint[],
  shown: readonly number[],
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
  const curve = shown.map((months) => points[months - 1] as TimePoint);
  return [...crossings, ...none, ...curve.map((point) => row('curve', point, point.cheaper))];
}

/** Nobody is cheaper where the own fleet leaves undone what the API is paid for, as in a run. */
function sideOf(unservedShare: number, cheaper: Side): Side {
  return unservedShare > COMPARABLE_UNSERVED_SHARE ? 'neither' : cheaper;
}

function cashPoints({ cash, horizons }: ComparisonBasis, perMonth: readonly number[]): TimePoint[] {
  let [self, api] = [cash.now, 0];
  return horizons.map(({ months, unservedShare }, index) => {
    self += cash.byMonth[index] as number;
    api += perMonth[index] as number;
    return { months, self, api, cheaper: sideOf(unservedShare, self <= api ? 'self' : 'api') };
  });
}

/**
 * Cash spent so far by month, undiscounted and without what nodes would still fetch: the month from which the own fleet
 * has cost no more than the API is `breakeven_month` of a run. Where a fleet grows the sides may change more than once.
 *
 * @param months of the curve, in rising order; crossings are those of every month up to the last
 */
export function breakevenOverMonths(plan: Plan, months: readonly number[], seed: number): BreakevenRow[] {
  const basis = basisOver(plan, months, seed);
  return plan.offers.flatMap((offer) => {
    const api = apiByMonth(offer, compareWith(offer, basis).usd_per_request, basis.fleet);
    return timeRows(offer.name, 'month', 'usd', cashPoints(basis, api), months);
  });
}

function horizonPoints({ horizons }: Comparison): TimePoint[] {
  return horizons.map(({ months, self_npv_usd: self, api_npv_usd: api, winner, unserved_share: unserved }) => ({
    months,
    self,
    api,
    cheaper: sideOf(unserved, winner === 'tie' ? 'neither' : winner),
  }));
}

/**
 * Net present value by the length of the horizon, nodes sold at its end: how long the decision has to stand to pay.
 *
 * @param months of the curve, in rising order; crossings are those of every length up to the last
 */
export function breakevenOverHorizons(plan: Plan, months: readonly number[], seed: number): BreakevenRow[] {
  const basis = basisOver(plan, months, seed);
  return plan.offers.flatMap((offer) =>
    timeRows(offer.name, 'horizon', 'npv_usd', horizonPoints(compareWith(offer, basis)), months),
  );
}
