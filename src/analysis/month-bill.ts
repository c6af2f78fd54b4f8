import { requestBill } from '../api/bill.ts';
import { billedGpus, committedGpus, rentLines } from '../cost/capacity-cost.ts';
import { type LedgerLine, line } from '../cost/ledger.ts';
import { peopleLines, setupLines } from '../cost/people-cost.ts';
import { overheadLines } from '../cost/running-cost.ts';
import type { FleetMonth } from '../fleet/simulate-fleet.ts';
import type { OfferPlan, Plan } from '../scenario/plan.ts';
import { requestTokens } from '../scenario/request-tokens.ts';

/** What a month's bill is made from. */
export interface MonthUsage {
  month: number;
  gpus: number;
  committedGpus: number;
  servedRequests: number;
  overflowRequests: number;
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

/** What a request that the own fleet cannot take costs at the API it goes to. */
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
      rate: overflowUsdPerRequest(plan),
      source: offer.source,
    }),
  ];
}

/** Every line of one month's bill. The only place where a month is priced, for the horizon and for break-even alike. */
export function monthBill(plan: Plan, usage: MonthUsage): LedgerLine[] {
  const servedOutputTokens = usage.servedRequests * requestTokens(plan.traffic.mix).output;
  return [
    ...rentLines(plan, usage.month, usage.gpus, usage.committedGpus),
    ...overheadLines(plan, { month: usage.month, gpus: usage.gpus, servedOutputTokens }),
    ...peopleLines(plan, usage.month),
    ...setupLines(plan, usage.month),
    ...overflowLines(plan, usage),
  ];
}

/** The whole bill: what is paid before month 1, then month by month. */
export function buildLedger(plan: Plan, fleet: readonly FleetMonth[]): LedgerLine[] {
  const billed = fleet.map((entry) => billedGpus(plan, entry.size.replicas));
  const committed = committedGpus(plan.rent, billed);
  const months = fleet.flatMap(({ month, result }, index) =>
    monthBill(plan, {
      month,
      gpus: billed[index] as number,
      committedGpus: committed[index] as number,
      servedRequests: result.traffic.served,
      overflowRequests: result.traffic.overflow,
    }),
  );
  return [...setupLines(plan, 0), ...months];
}
