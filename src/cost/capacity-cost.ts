import type { CapacityPlan, OwnPlan, Plan, RentPlan } from '../scenario/plan.ts';
import { replicaGpus } from '../scenario/replica-gpus.ts';
import { type LedgerLine, line } from './ledger.ts';
import { type NodeMove, nodeMoves, nodesHeld } from './own-cost.ts';
import { priceFactor } from './price-path.ts';

function billingUnit(capacity: CapacityPlan): number {
  return capacity.kind === 'rent' ? capacity.gpusPerBillingUnit : capacity.gpusPerNode;
}

/**
 * GPUs on the bill for a number of replicas, rounded up to whole billing units.
 * @source provider price lists: an instance is rented whole
 * @checkedBy test/cost/capacity-cost.test.ts
 */
export function billedGpus(plan: Plan, replicas: number): number {
  const unit = billingUnit(plan.capacity);
  return Math.ceil((replicas * replicaGpus(plan.serving)) / unit - 1e-9) * unit;
}

/**
 * Billed GPUs by month. What is rented follows the need; what is owned stays until the end of its life.
 *
 * @param replicas by month, month 1 first
 * @source see `billedGpus` and `nodeMoves`
 * @checkedBy test/cost/own-cost.test.ts
 */
export function billedByMonth(plan: Plan, replicas: readonly number[]): number[] {
  const needed = replicas.map((count) => billedGpus(plan, count));
  const { capacity } = plan;
  if (capacity.kind === 'rent') return needed;
  return nodesHeld(movesOf(plan, capacity, replicas)).map((nodes) => nodes * capacity.gpusPerNode);
}

/**
 * Purchases and sales of nodes over the months.
 * @source see `nodeMoves`
 */
export function movesOf(plan: Plan, own: OwnPlan, replicas: readonly number[]): NodeMove[] {
  return nodeMoves(
    own,
    replicas.map((count) => billedGpus(plan, count) / own.gpusPerNode),
  );
}

/**
 * GPUs committed in each month: what month 1 of each term uses, for the length of that term.
 *
 * @param billed billed GPUs by month, month 1 first
 * @source provider terms: a reservation is paid whether used or not
 */
export function committedGpus(rent: CapacityPlan, billed: readonly number[]): number[] {
  if (rent.kind === 'own' || rent.commitmentMonths === 0) return billed.map(() => 0);
  return billed.map((_, index) => billed[index - (index % rent.commitmentMonths)] as number);
}

/**
 * The month's GPU rent: every billed GPU for every hour, at any utilisation; committed ones whether used or not, at the
 * price of the month their term began in; spot ones also while they are lost, which errs high by the share lost.
 *
 * @param month 1-based
 * @source `rent` of the scenario
 * @checkedBy test/cost/capacity-cost.test.ts
 */
export function rentLines(plan: Plan, rent: RentPlan, month: number, gpus: number, committed: number): LedgerLine[] {
  const { hoursPerMonth } = plan;
  const rentLine = (id: string, label: string, count: number, rate: number, source: string) =>
    line({ id, label, group: 'capacity', month, quantity: count * hoursPerMonth, unit: 'GPU-h', rate, source });
  const { usdPerGpuHour, source, pricePath, commitmentMonths } = rent;
  const now = priceFactor(pricePath, month);
  const atSigning = commitmentMonths === 0 ? now : priceFactor(pricePath, month - ((month - 1) % commitmentMonths));
  const spot = rent.spot !== undefined;
  const onDemand = Math.max(0, gpus - committed);
  const reserved = rent.reserved ?? { usdPerGpuHour, source };
  return [
    ...(committed > 0
      ? [
          rentLine(
            'rent.reserved',
            'GPU rent, committed',
            committed,
            reserved.usdPerGpuHour * atSigning,
            reserved.source,
          ),
        ]
      : []),
    ...(onDemand > 0 || committed === 0
      ? [
          rentLine(
            spot ? 'rent.spot' : 'rent.on_demand',
            spot ? 'GPU rent, spot' : 'GPU rent',
            onDemand,
            usdPerGpuHour * now,
            source,
          ),
        ]
      : []),
  ];
}
