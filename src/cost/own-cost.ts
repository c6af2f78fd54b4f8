import { monthEnergyKwh } from '../energy/power.ts';
import type { OwnPlan, Plan, Sourced } from '../scenario/plan.ts';
import type { Share, Usd } from '../units/quantity.ts';
import { annualCapitalCharge } from './finance.ts';
import { type LedgerLine, line } from './ledger.ts';

/** Nodes bought at the start of a month (month 1's before it), and those sold then at the end of their life. */
export interface NodeMove {
  bought: number;
  retired: number;
}

/**
 * Purchases and sales month by month. Nodes are bought when first needed, kept to the end of their life however the
 * load falls, and replaced then as far as they are still needed.
 *
 * @param needed nodes by month, month 1 first
 * @source first in, first out by age
 * @checkedBy test/cost/own-cost.test.ts
 */
export function nodeMoves(own: OwnPlan, needed: readonly number[]): NodeMove[] {
  const moves: NodeMove[] = [];
  let held = 0;
  for (const [index, nodes] of needed.entries()) {
    const retired = moves[index - own.lifeMonths]?.bought ?? 0;
    const bought = Math.max(0, nodes - (held - retired));
    held += bought - retired;
    moves.push({ bought, retired });
  }
  return moves;
}

/**
 * Nodes held in each month.
 * @source see `nodeMoves`
 */
export function nodesHeld(moves: readonly NodeMove[]): number[] {
  let held = 0;
  return moves.map(({ bought, retired }) => {
    held += bought - retired;
    return held;
  });
}

/**
 * What of one node can be sold again, in USD: everything but its installation.
 * @source hardware = node + network + ancillary nodes + spares
 */
function hardwareUsd(own: OwnPlan): Usd {
  return own.server.value + own.network.value + own.ancillary.value + own.spares.value;
}

/**
 * Resale share at an age: straight lines between the years of the curve, from 1 when new; flat behind its end, which
 * errs high for what is kept longer.
 *
 * @param months age
 * @source the residual curve of the scenario or the facility card
 * @checkedBy test/cost/own-cost.test.ts
 */
export function residualShare(own: OwnPlan, months: number): Share {
  let before = { months: 0, share: 1 };
  for (const point of own.residualByAge) {
    if (months <= point.months) {
      const part = (months - before.months) / (point.months - before.months);
      return before.share + part * (point.share - before.share);
    }
    before = point;
  }
  return before.share;
}

/**
 * What the nodes held at the end of a month would fetch, in USD.
 *
 * @param months length of the horizon
 * @source Σ nodes · hardware · residual share at their age
 * @checkedBy test/cost/own-cost.test.ts
 */
export function residualUsd(own: OwnPlan, moves: readonly NodeMove[], months: number): Usd {
  let value = 0;
  for (let index = Math.max(0, months - own.lifeMonths); index < months; index++) {
    value += (moves[index]?.bought ?? 0) * hardwareUsd(own) * residualShare(own, months - index);
  }
  return value;
}

/**
 * The price of a node and what comes back at the end of its life, in USD.
 * @source hardware and its installation; hardware · residual share
 * @checkedBy test/acceptance/own.test.ts
 */
export function nodeCapital(own: OwnPlan): { capex: Usd; residual: Usd } {
  const hardware = hardwareUsd(own);
  return { capex: hardware + own.install.value, residual: hardware * residualShare(own, own.lifeMonths) };
}

/**
 * Capital of a node for a month, in USD, at the cost of capital.
 * @source Hamilton 2010, Overall Data Center Costs: every asset as its annuity
 * @checkedBy test/cost/own-cost.test.ts
 */
export function monthlyCapitalCharge(own: OwnPlan): Usd {
  const { capex, residual } = nodeCapital(own);
  return annualCapitalCharge(capex, residual, own.lifeMonths / 12, own.costOfCapital) / 12;
}

/**
 * What is paid for nodes bought, and received for those sold, in cash.
 *
 * @param month 0 for what is bought before month 1
 * @source `capacity.own` of the scenario
 * @checkedBy test/cost/own-cost.test.ts
 */
export function purchaseLines(own: OwnPlan, month: number, { bought, retired }: NodeMove): LedgerLine[] {
  const common = { group: 'capacity', month, unit: 'node', basis: 'cash' } as const;
  const parts: [id: string, label: string, price: Sourced][] = [
    ['own.servers', own.nodeName, own.server],
    ['own.network', 'Switches and cables', own.network],
    ['own.ancillary', 'Storage, CPU and management nodes', own.ancillary],
    ['own.spares', 'Spares', own.spares],
    ['own.install', 'Freight, installation, burn-in', own.install],
  ];
  const buy = parts
    .filter(([, , price]) => bought > 0 && price.value > 0)
    .map(([id, label, { value: rate, source }]) => line({ ...common, id, label, quantity: bought, rate, source }));
  if (retired === 0) return buy;
  const rate = -nodeCapital(own).residual;
  return [
    ...buy,
    line({ ...common, id: 'own.resale', label: 'Nodes sold', quantity: retired, rate, source: own.server.source }),
  ];
}

/** What the month's owning lines are counted from. */
export interface OwnUse {
  month: number;
  gpus: number;
  servedRequests: number;
  /** Energy at the meter above that of idle nodes. */
  workKwhPerRequest: number;
}

/**
 * A month of owning: capital (loaded only), floor space, power, support, tax and insurance. Affine in GPUs and requests.
 *
 * Support, tax and insurance are shares of the price paid, not of a falling book value: that errs high late in life.
 *
 * @source `capacity.own` of the scenario; power as `monthEnergyKwh`
 * @checkedBy test/acceptance/own.test.ts
 */
export function ownLines(plan: Plan, own: OwnPlan, use: OwnUse): LedgerLine[] {
  const { month, gpus } = use;
  const nodes = gpus / own.gpusPerNode;
  const gpuHours = gpus * plan.hoursPerMonth;
  const perGpuHour = monthlyCapitalCharge(own) / own.gpusPerNode / plan.hoursPerMonth;
  const facility = { group: 'facility', month, unit: 'node-month', quantity: nodes } as const;
  const energy = { group: 'facility', month, unit: 'kWh', basis: 'marginal, cash and loaded' } as const;
  const { value: tariff, source: tariffSource } = own.electricity;
  return [
    line({
      id: 'own.capital',
      label: 'Capital of the nodes, annuity',
      group: 'capacity',
      month,
      quantity: gpuHours,
      unit: 'GPU-h',
      rate: perGpuHour,
      basis: 'loaded',
      source: own.server.source,
    }),
    line({
      ...facility,
      id: 'own.colocation',
      label: 'Colocation',
      rate: own.colocation.value,
      source: own.colocation.source,
    }),
    line({
      ...energy,
      id: 'own.power.idle',
      label: 'Electricity of idle nodes',
      quantity: monthEnergyKwh(plan, gpus, plan.facility.power.gpu_idle) ?? 0,
      rate: tariff,
      source: tariffSource,
    }),
    line({
      ...energy,
      id: 'own.power.work',
      label: 'Electricity of work',
      quantity: use.workKwhPerRequest * use.servedRequests,
      rate: tariff,
      source: tariffSource,
    }),
    line({
      ...facility,
      id: 'own.support',
      label: 'Support and repair',
      rate: own.support.value,
      source: own.support.source,
    }),
    line({
      ...facility,
      id: 'own.tax_and_insurance',
      label: 'Property tax and insurance',
      rate: own.taxAndInsurance.value,
      source: own.taxAndInsurance.source,
    }),
    line({
      ...facility,
      id: 'own.transit',
      label: 'Cross-connects and transit',
      unit: 'month',
      quantity: 1,
      rate: own.transit.value,
      source: own.transit.source,
    }),
  ];
}
