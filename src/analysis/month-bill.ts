import { requestBill } from '../api/bill.ts';
import { billedByMonth, committedGpus, movesOf, rentLines } from '../cost/capacity-cost.ts';
import { type LedgerLine, line } from '../cost/ledger.ts';
import { type NodeMove, ownLines, purchaseLines } from '../cost/own-cost.ts';
import { peopleLines, setupLines } from '../cost/people-cost.ts';
import { priceFactor } from '../cost/price-path.ts';
import { overheadLines } from '../cost/running-cost.ts';
import { transferLines } from '../cost/transfer-cost.ts';
import { monthEnergyKwh } from '../energy/power.ts';
import { monthPower } from '../fleet/month-power.ts';
import type { FleetMonth } from '../fleet/simulate-fleet.ts';
import type { OfferPlan, Plan } from '../scenario/plan.ts';
import { replicaGpus } from '../scenario/replica-gpus.ts';
import { requestTokens } from '../scenario/request-tokens.ts';
import type { ServiceCurve } from '../serving/service-curve.ts';

/** What a month's bill is made from. */
export interface MonthUsage {
  month: number;
  gpus: number;
  committedGpus: number;
  servedRequests: number;
  overflowRequests: number;
  /** Energy at the meter above that of idle nodes, where the energy is on the bill. */
  workKwhPerRequest: number;
}

/** The offer a scenario is judged against: the named baseline, else the cheapest of the same model, else the cheapest. */
export function baselineOffer(plan: Plan): OfferPlan | undefined {
  const named = plan.offers.find((offer) => offer.baseline);
  if (named !== undefined) return named;
  const cheapest = (offers: readonly OfferPlan[]) => {
    const price = (offer: OfferPlan) => requestBill(offer, plan.traffic.mix).total;
    return offers.reduce<OfferPlan | undefined>(
      (best, offer) => (best === undefined || price(offer) < price(best) ? offer : best),
      undefined,
    );
  };
  return cheapest(plan.offers.filter((offer) => offer.sameModel)) ?? cheapest(plan.offers);
}

/** What a request that the own fleet cannot take costs at the API it goes to, in month 1. */
export function overflowUsdPerRequest(plan: Plan): number {
  const offer = baselineOffer(plan);
  return offer === undefined ? 0 : requestBill(offer, plan.traffic.mix).total;
}

function overflowLines(plan: Plan, usage: MonthUsage): LedgerLine[] {
  const offer = baselineOffer(plan);
  if (usage.overflowRequests === 0 || offer === undefined) return [];
  return [
    line({
      id: 'overflow.api',
      label: `Overflow at ${offer.name}`,
      group: 'overflow',
      month: usage.month,
      quantity: usage.overflowRequests,
      unit: 'request',
      rate: overflowUsdPerRequest(plan) * priceFactor(offer.pricePath, usage.month),
      source: offer.source,
    }),
  ];
}

/** Lines of the GPUs themselves, rented or owned. */
function capacityLines(plan: Plan, usage: MonthUsage): LedgerLine[] {
  const { capacity } = plan;
  if (capacity.kind === 'own') return ownLines(plan, capacity, usage);
  return rentLines(plan, capacity, usage.month, usage.gpus, usage.committedGpus);
}

/** Every line of one month's bill. The only place where a month is priced, for the horizon and for break-even alike. */
export function monthBill(plan: Plan, usage: MonthUsage): LedgerLine[] {
  const servedOutputTokens = usage.servedRequests * requestTokens(plan.traffic.mix).output;
  return [
    ...capacityLines(plan, usage),
    ...overheadLines(plan, { month: usage.month, gpus: usage.gpus, servedOutputTokens }),
    ...transferLines(plan.transfers, usage.month),
    ...peopleLines(plan, usage.month),
    ...setupLines(plan, usage.month),
    ...overflowLines(plan, usage),
  ];
}

/**
 * Energy that a request takes above that of idle nodes, as found in a month; 0 where the energy is in the rent.
 *
 * Taken as the same for every request at other volumes: exact for a fleet that grows with its load, and a few per cent
 * of the power bill off for one that does not.
 */
export function workKwhPerRequest(plan: Plan, curve: ServiceCurve, { result }: FleetMonth, gpus: number): number {
  if (plan.capacity.kind === 'rent' || result.traffic.served === 0) return 0;
  const { power } = plan.facility;
  const { boardMean } = monthPower(curve, gpus / replicaGpus(plan.serving), result.records, power);
  const idle = monthEnergyKwh(plan, gpus, power.gpu_idle) ?? 0;
  const all = monthEnergyKwh(plan, gpus, boardMean) ?? 0;
  return (all - idle) / result.traffic.served;
}

const NO_MOVE: NodeMove = { bought: 0, retired: 0 };

/** Nodes bought and sold month by month; none where they are rented. */
export function fleetMoves(plan: Plan, fleet: readonly FleetMonth[]): NodeMove[] {
  if (plan.capacity.kind === 'rent') return fleet.map(() => NO_MOVE);
  return movesOf(plan, plan.capacity, replicasOf(fleet));
}

function replicasOf(fleet: readonly FleetMonth[]): number[] {
  return fleet.map((entry) => entry.size.replicas);
}

function moveLines(plan: Plan, month: number, move: NodeMove | undefined): LedgerLine[] {
  return plan.capacity.kind === 'rent' ? [] : purchaseLines(plan.capacity, month, move ?? NO_MOVE);
}

/** The whole bill: what is paid before month 1, then month by month. */
export function buildLedger(plan: Plan, curve: ServiceCurve, fleet: readonly FleetMonth[]): LedgerLine[] {
  const billed = billedByMonth(plan, replicasOf(fleet));
  const committed = committedGpus(plan.capacity, billed);
  const moves = fleetMoves(plan, fleet);
  const months = fleet.flatMap((entry, index) => {
    const gpus = billed[index] as number;
    const { traffic } = entry.result;
    const usage = {
      month: entry.month,
      gpus,
      committedGpus: committed[index] as number,
      servedRequests: traffic.served,
      overflowRequests: traffic.overflow,
      workKwhPerRequest: workKwhPerRequest(plan, curve, entry, gpus),
    };
    return [...(index === 0 ? [] : moveLines(plan, entry.month, moves[index])), ...monthBill(plan, usage)];
  });
  return [...moveLines(plan, 0, moves[0]), ...setupLines(plan, 0), ...months];
}
