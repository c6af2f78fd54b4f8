import { callsPerRequest, requestBill } from '../api/bill.ts';
import { type RateLimitUse, rateLimitUse } from '../api/rate-limits.ts';
import { billedGpus } from '../cost/capacity-cost.ts';
import { netPresentValue } from '../cost/finance.ts';
import { type LedgerLine, totalUsd } from '../cost/ledger.ts';
import { residualUsd } from '../cost/own-cost.ts';
import { oneOffUsd } from '../cost/people-cost.ts';
import { type FleetMonth, sizingOverMean } from '../fleet/simulate-fleet.ts';
import type { OfferPlan, Plan } from '../scenario/plan.ts';
import { requestTokens } from '../scenario/request-tokens.ts';
import type { Envelope } from '../serving/envelope.ts';
import type { ServiceCurve } from '../serving/service-curve.ts';
import { breakevenIntervals, breakevenMonth, isWonThroughout, type VolumeInterval } from './breakeven.ts';
import { fleetMoves, workKwhPerRequest } from './month-bill.ts';
import { offerTerms } from './offer-notes.ts';
import { type Staircase, staircase, treadsBeyond } from './staircase.ts';
import { fixedTread } from './volume-cost.ts';

export interface HorizonComparison {
  months: number;
  /** What the owned nodes would fetch at the end, which `self_usd` and its present value are net of. */
  residual_usd?: number;
  self_usd: number;
  api_usd: number;
  self_npv_usd: number;
  api_npv_usd: number;
  winner: 'self' | 'api' | 'tie';
  /** Share of the horizon's tokens that the own fleet refuses or leaves queued, while the API is paid for all of them. */
  unserved_share: number;
  /** Rent per GPU-hour, on average, at which both have the same net present value; null where free GPUs would lose. */
  breakeven_rent_usd_per_gpu_h: number | null;
  breakeven_tokens_per_month: VolumeInterval[];
}

/**
 * Self-hosting against one offer. Volumes are total tokens a month at the scenario's mix, and an API's price of a token
 * is that of the scenario's load in month 1 at every volume: a cache that forgets is dearer at fewer requests.
 */
export interface Comparison {
  name: string;
  same_model: boolean;
  baseline: boolean;
  price_as_of: string;
  source: string;
  usd_per_request: number;
  /** The same by what is paid for. */
  request_bill: RequestBillRecord;
  /** What makes the bill other than tokens times price, in words. */
  terms: string[];
  /** What the offer's limits let through; null where it has none. */
  rate_limit: RateLimitUse | null;
  /** Calls until one is answered, those turned away and those that fail included; and those of them that are charged. */
  sent_calls_per_request: number;
  billed_calls_per_request: number;
  usd_per_1k_requests: number;
  usd_per_month: number;
  usd_per_mtok_total: number;
  horizons: HorizonComparison[];
  breakeven_month: number | null;
  breakeven_tokens_per_month: VolumeInterval[];
  /** Mean utilisation of month 1's fleet at which both cost the same; null where its busiest hour would not allow it. */
  breakeven_utilization: number | null;
}

/** One request at an API, USD. */
export interface RequestBillRecord {
  new_input: number;
  cache_write: number;
  cached_input: number;
  cache_storage: number;
  output: number;
  hidden_output: number;
  per_request: number;
}

/** What every comparison of one run shares. */
export interface ComparisonBasis {
  plan: Plan;
  envelope: Envelope;
  fleet: readonly FleetMonth[];
  ledger: readonly LedgerLine[];
  stairs: Staircase;
  /** Energy of a request above that of idle nodes, as found in month 1. */
  workKwh: number;
  /** What owned nodes would fetch after so many months; 0 where they are rented. */
  residualUsd: (months: number) => number;
}

export function comparisonBasis(
  plan: Plan,
  curve: ServiceCurve,
  fleet: readonly FleetMonth[],
  ledger: readonly LedgerLine[],
): ComparisonBasis {
  const { envelope } = curve;
  const first = fleet[0] as FleetMonth;
  const workKwh = workKwhPerRequest(plan, curve, first, billedGpus(plan, first.size.replicas));
  const { capacity } = plan;
  const moves = fleetMoves(plan, fleet);
  return {
    plan,
    envelope,
    fleet,
    ledger,
    stairs: staircase(plan, envelope, workKwh),
    workKwh,
    residualUsd: (months) => (capacity.kind === 'own' ? residualUsd(capacity, moves, months) : 0),
  };
}

/** Winning volumes against a price per token, the one-off cost spread over `months` or left out. */
export function winningVolumes(basis: ComparisonBasis, apiUsdPerToken: number, months?: number): VolumeInterval[] {
  const { plan, stairs } = basis;
  const oneOff = months === undefined ? 0 : oneOffUsd(plan) / months;
  const beyond = treadsBeyond(stairs, (tread) => isWonThroughout(tread, apiUsdPerToken, oneOff));
  return breakevenIntervals([...stairs.listed, ...beyond], apiUsdPerToken, oneOff);
}

/** Own cash before month 1. */
function cashBefore(ledger: readonly LedgerLine[]): number {
  return totalUsd(
    ledger.filter((entry) => entry.month === 0),
    'cash',
  );
}

function sellingAtEnd(flows: readonly number[], residual: number): number[] {
  return flows.map((flow, index) => (index === flows.length - 1 ? flow - residual : flow));
}

/** Own cash by month, month 1 first. */
export function cashByMonth(ledger: readonly LedgerLine[], months: number): number[] {
  const sums = new Array<number>(months).fill(0);
  for (const entry of ledger) {
    if (entry.month >= 1 && entry.month <= months && entry.basis.includes('cash')) {
      sums[entry.month - 1] = (sums[entry.month - 1] as number) + entry.amount;
    }
  }
  return sums;
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

function winnerOf(self: number, api: number): 'self' | 'api' | 'tie' {
  if (Math.abs(self - api) <= 1e-9 * Math.max(Math.abs(self), Math.abs(api))) return 'tie';
  return self < api ? 'self' : 'api';
}

function horizon(
  basis: ComparisonBasis,
  months: number,
  own: readonly number[],
  api: readonly number[],
  perToken: number,
): HorizonComparison {
  const { plan } = basis;
  const now = cashBefore(basis.ledger);
  const residual = basis.residualUsd(months);
  const ownFlows = sellingAtEnd(own.slice(0, months), residual);
  const apiFlows = api.slice(0, months);
  const sum = (flows: readonly number[]) => flows.reduce((total, flow) => total + flow, 0);
  const selfNpv = netPresentValue(now, ownFlows, plan.discountRate);
  const apiNpv = netPresentValue(0, apiFlows, plan.discountRate);
  return {
    months,
    ...(residual > 0 ? { residual_usd: residual } : {}),
    self_usd: now + sum(ownFlows),
    api_usd: sum(apiFlows),
    self_npv_usd: selfNpv,
    api_npv_usd: apiNpv,
    winner: winnerOf(selfNpv, apiNpv),
    unserved_share: unservedShare(basis.fleet, months),
    breakeven_rent_usd_per_gpu_h: breakevenRent(basis, months, selfNpv, apiNpv),
    breakeven_tokens_per_month: winningVolumes(basis, perToken, months),
  };
}

function breakevenUtilization(basis: ComparisonBasis, perToken: number): number | null {
  const { replicas } = (basis.fleet[0] as FleetMonth).size;
  if (replicas === 0) return null;
  const tread = fixedTread(basis.plan, basis.envelope, basis.workKwh, replicas);
  if (perToken <= tread.usdPerToken) return null;
  const volume = tread.fixedUsd / (perToken - tread.usdPerToken);
  const capacity = tread.to * sizingOverMean(basis.plan);
  return volume <= tread.to ? volume / capacity : null;
}

/** Whether rent would take the place of a line: all of what owning costs, or the rent itself. */
function isReplacedByRent(entry: LedgerLine): boolean {
  return entry.group === 'capacity' || entry.id.startsWith('own.');
}

/** The rent at which the own net present value, all else alike, would be the API's. */
function breakevenRent(basis: ComparisonBasis, months: number, selfNpv: number, apiNpv: number): number | null {
  const replaced = basis.ledger.filter(isReplacedByRent);
  const paid = sellingAtEnd(cashByMonth(replaced, months), basis.residualUsd(months));
  const hours = new Array<number>(months).fill(0);
  for (const entry of replaced) {
    if (entry.unit !== 'GPU-h' || entry.month < 1 || entry.month > months) continue;
    hours[entry.month - 1] = (hours[entry.month - 1] as number) + entry.quantity;
  }
  const discounted = (now: number, flows: readonly number[]) => netPresentValue(now, flows, basis.plan.discountRate);
  const gpuHours = discounted(0, hours);
  if (gpuHours <= 0) return null;
  const price = (apiNpv - (selfNpv - discounted(cashBefore(replaced), paid))) / gpuHours;
  return price > 0 ? price : null;
}

/** One offer against the run, on every axis that the contract names. */
export function compareWith(offer: OfferPlan, basis: ComparisonBasis): Comparison {
  const { plan, fleet, ledger } = basis;
  const { mix } = plan.traffic;
  const bill = requestBill(offer, mix);
  const perRequest = bill.total;
  const perToken = perRequest / requestTokens(mix).total;
  const calls = callsPerRequest(offer);
  const requests = fleet.map((entry) => entry.result.traffic.offered);
  const api = requests.map((count) => count * perRequest);
  const perMinute = requests.map((count) => count / (plan.hoursPerMonth * 60));
  const own = cashByMonth(ledger, fleet.length);
  return {
    name: offer.name,
    same_model: offer.sameModel,
    baseline: offer.baseline,
    price_as_of: offer.asOf,
    source: offer.source,
    usd_per_request: perRequest,
    request_bill: {
      new_input: bill.newInput,
      cache_write: bill.cacheWrite,
      cached_input: bill.cachedInput,
      cache_storage: bill.cacheStorage,
      output: bill.output,
      hidden_output: bill.hiddenOutput,
      per_request: bill.perRequest,
    },
    terms: offerTerms(offer, mix),
    rate_limit: rateLimitUse(offer, mix, plan.traffic.shape, perMinute) ?? null,
    sent_calls_per_request: calls.sent,
    billed_calls_per_request: calls.billed,
    usd_per_1k_requests: perRequest * 1000,
    usd_per_month: api[0] as number,
    usd_per_mtok_total: perToken * 1e6,
    horizons: plan.horizonMonths.map((months) => horizon(basis, months, own, api, perToken)),
    breakeven_month: breakevenMonth(cashBefore(ledger), own, api),
    breakeven_tokens_per_month: winningVolumes(basis, perToken),
    breakeven_utilization: breakevenUtilization(basis, perToken),
  };
}
