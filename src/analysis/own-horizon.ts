import { netPresentValue } from '../cost/finance.ts';
import { type LedgerLine, totalUsd } from '../cost/ledger.ts';
import { residualUsd } from '../cost/own-cost.ts';
import type { FleetMonth } from '../fleet/simulate-fleet.ts';
import type { Plan } from '../scenario/plan.ts';
import { fleetMoves } from './month-bill.ts';

/** Cash of the own fleet, out positive. */
export interface OwnCash {
  /** Paid before month 1. */
  now: number;
  /** By month, month 1 first. */
  byMonth: readonly number[];
}

/** The own side of one horizon, the same against every offer. */
export interface OwnHorizon {
  months: number;
  /** What owned nodes would fetch at the end; 0 where they are rented. */
  residualUsd: number;
  /** Cash, less the residual. */
  usd: number;
  npvUsd: number;
  /** Net present value without what rent would take the place of. */
  npvWithoutGpusUsd: number;
  /** GPU-hours that rent would be paid for, each discounted like the money. */
  discountedGpuHours: number;
  /** Share of the horizon's tokens that the own fleet refuses or leaves queued. */
  unservedShare: number;
}

export function ownCash(ledger: readonly LedgerLine[], months: number): OwnCash {
  const byMonth = new Array<number>(months).fill(0);
  for (const { month, amount, basis } of ledger) {
    if (month >= 1 && month <= months && basis.includes('cash')) {
      byMonth[month - 1] = (byMonth[month - 1] as number) + amount;
    }
  }
  const before = ledger.filter((entry) => entry.month === 0);
  return { now: totalUsd(before, 'cash'), byMonth };
}

/** Whether rent would take the place of a line: all of what owning costs, or the rent itself. */
function isReplacedByRent(entry: LedgerLine): boolean {
  return entry.group === 'capacity' || entry.id.startsWith('own.');
}

function gpuHoursByMonth(replaced: readonly LedgerLine[], months: number): number[] {
  const hours = new Array<number>(months).fill(0);
  for (const { unit, month, quantity } of replaced) {
    if (unit === 'GPU-h' && month >= 1 && month <= months) hours[month - 1] = (hours[month - 1] as number) + quantity;
  }
  return hours;
}

function unservedShare(fleet: readonly FleetMonth[], months: number): number {
  let offered = 0;
  let unserved = 0;
  for (const { result } of fleet.slice(0, months)) {
    offered += result.traffic.offered;
    unserved += result.traffic.refused + result.traffic.queued;
  }
  return offered > 0 ? unserved / offered : 0;
}

/** The flows of a horizon, what its end brings included. */
function upTo(months: number, flows: readonly number[], residual = 0): number[] {
  const cut = flows.slice(0, months);
  cut[months - 1] = (cut[months - 1] as number) - residual;
  return cut;
}

/** What the fleet costs over each of a scenario's horizons, and what of it rent would replace. */
export function ownHorizons(
  plan: Plan,
  fleet: readonly FleetMonth[],
  ledger: readonly LedgerLine[],
  cash: OwnCash,
): OwnHorizon[] {
  const { capacity, discountRate } = plan;
  const replacedLines = ledger.filter(isReplacedByRent);
  const replaced = ownCash(replacedLines, fleet.length);
  const hours = gpuHoursByMonth(replacedLines, fleet.length);
  const moves = fleetMoves(plan, fleet);
  return plan.horizonMonths.map((months) => {
    const residual = capacity.kind === 'own' ? residualUsd(capacity, moves, months) : 0;
    const flows = upTo(months, cash.byMonth, residual);
    const npvUsd = netPresentValue(cash.now, flows, discountRate);
    const replacedNpv = netPresentValue(replaced.now, upTo(months, replaced.byMonth, residual), discountRate);
    return {
      months,
      residualUsd: residual,
      usd: flows.reduce((total, flow) => total + flow, cash.now),
      npvUsd,
      npvWithoutGpusUsd: npvUsd - replacedNpv,
      discountedGpuHours: netPresentValue(0, upTo(months, hours), discountRate),
      unservedShare: unservedShare(fleet, months),
    };
  });
}
