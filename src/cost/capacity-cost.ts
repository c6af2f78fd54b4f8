import type { Plan, RentPlan } from '../scenario/plan.ts';
import { replicaGpus } from '../scenario/replica-gpus.ts';
import { type LedgerLine, line } from './ledger.ts';

/**
 * GPUs on the bill for a number of replicas, rounded up to whole billing units.
 * @source provider price lists: an instance is rented whole
 * @checkedBy test/cost/capacity-cost.test.ts
 */
export function billedGpus(plan: Plan, replicas: number): number {
  const unit = plan.rent.gpusPerBillingUnit;
  return Math.ceil((replicas * replicaGpus(plan.serving)) / unit - 1e-9) * unit;
}

/**
 * GPUs committed in each month: what month 1 of each term uses, for the length of that term.
 *
 * @param billed billed GPUs by month, month 1 first
 * @source provider terms: a reservation is paid whether used or not
 */
export function committedGpus(rent: RentPlan, billed: readonly number[]): number[] {
  if (rent.commitmentMonths === 0) return billed.map(() => 0);
  return billed.map((_, index) => billed[index - (index % rent.commitmentMonths)] as number);
}

/**
 * The month's GPU rent: every billed GPU for every hour, at any utilisation; committed ones whether used or not.
 *
 * @param month 1-based
 * @source `rent` of the scenario
 * @checkedBy test/cost/capacity-cost.test.ts
 */
export function rentLines(plan: Plan, month: number, gpus: number, committed: number): LedgerLine[] {
  const { rent, hoursPerMonth } = plan;
  const rentLine = (id: string, label: string, count: number, rate: number, source: string) =>
    line({ id, label, group: 'capacity', month, quantity: count * hoursPerMonth, unit: 'GPU-h', rate, source });
  const { usdPerGpuHour, source } = rent;
  const onDemand = Math.max(0, gpus - committed);
  const reserved = rent.reserved ?? { usdPerGpuHour, source };
  return [
    ...(committed > 0
      ? [rentLine('rent.reserved', 'GPU rent, committed', committed, reserved.usdPerGpuHour, reserved.source)]
      : []),
    ...(onDemand > 0 || committed === 0
      ? [rentLine('rent.on_demand', 'GPU rent', onDemand, usdPerGpuHour, source)]
      : []),
  ];
}
