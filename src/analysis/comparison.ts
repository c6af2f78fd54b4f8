import { callsPerRequest, requestBill } from '../api/bill.ts';
import { type RateLimitUse, rateLimitUse } from '../api/rate-limits.ts';
import { billedGpus } from '../cost/capacity-cost.ts';
import { netPresentValue } from '../cost/finance.ts';
import type { LedgerLine } from '../cost/ledger.ts';
import { oneOffUsd } from '../cost/people-cost.ts';
import { priceFactor } from '../cost/price-path.ts';
import { type FleetMonth, sizingOverMean } from '../fleet/simulate-fleet.ts';
import type { OfferPlan, Plan } from '../scenario/plan.ts';
import { requestTokens } from '../scenario/request-tokens.ts';
import type { Envelope } from '../serving/envelope.ts';
import type { ServiceCurve } from '../serving/service-curve.ts';
import {
  breakevenIntervals,
  breakevenMonth,
  isWonThroughout,
  mergedIntervals,
  type VolumeInterval,
} from './breakeven.ts';
import { workKwhPerRequest } from './month-bill.ts';
import { offerTerms } from './offer-notes.ts';
import { type OwnCash, type OwnHorizon, ownCash, ownHorizons } from './own-horizon.ts';
import { type Staircase, staircase, treadsBeyond } from './staircase.ts';
import { type TreadTable, tableOf } from './tread-table.ts';
import { type CostTread, fixedTread } from './volume-cost.ts';

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
  /** Whether that month's lead is still there at the end of the longest horizon; null where there is no such month. */
  paid_back_to_end: boolean | null;
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
  cash: OwnCash;
  horizons: readonly OwnHorizon[];
  stairs: Staircase;
  /** The cost of month 1's fleet over volume. */
  first: CostTread;
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
  const cash = ownCash(ledger, fleet.length);
  return {
    plan,
    envelope,
    fleet,
    cash,
    horizons: ownHorizons(plan, fleet, ledger, cash),
    stairs: staircase(plan, envelope, workKwh),
    first: fixedTread(plan, envelope, workKwh, first.size.replicas),
  };
}

/** Winning volumes against a price per token, the one-off cost spread over `months` or left out. */
export function winningVolumes(basis: ComparisonBasis, apiUsdPerToken: number, months?: number): VolumeInterval[] {
  const { plan, stairs } = basis;
  const oneOff = months === undefined ? 0 : oneOffUsd(plan) / months;
  const intervals = (treads: TreadTable) => breakevenIntervals(treads, apiUsdPerToken, oneOff);
  const near = intervals(stairs.listed);
  const beyond = treadsBeyond(stairs, (tread) => isWonThroughout(tread, apiUsdPerToken, oneOff));
  return beyond.length === 0 ? near : mergedIntervals(near, intervals(tableOf(beyond)));
}

function winnerOf(self: number, api: number): 'self' | 'api' | 'tie' {
  if (Math.abs(self - api) <= 1e-9 * Math.max(Math.abs(self), Math.abs(api))) return 'tie';
  return self < api ? 'self' : 'api';
}

/** The rent at which the own net present value, all else alike, would be the API's. */
function breakevenRent({ discountedGpuHours, npvWithoutGpusUsd }: OwnHorizon, apiNpv: number): number | null {
  if (discountedGpuHours <= 0) return null;
  const price = (apiNpv - npvWithoutGpusUsd) / discountedGpuHours;
  return price > 0 ? price : null;
}

function horizon(basis: ComparisonBasis, own: OwnHorizon, api: readonly number[], perToken: number): HorizonComparison {
  const { months, residualUsd } = own;
  const apiFlows = api.slice(0, months);
  const apiNpv = netPresentValue(0, apiFlows, basis.plan.discountRate);
  return {
    months,
    ...(residualUsd > 0 ? { residual_usd: residualUsd } : {}),
    self_usd: own.usd,
    api_usd: apiFlows.reduce((total, flow) => total + flow, 0),
    self_npv_usd: own.npvUsd,
    api_npv_usd: apiNpv,
    winner: winnerOf(own.npvUsd, apiNpv),
    unserved_share: own.unservedShare,
    breakeven_rent_usd_per_gpu_h: breakevenRent(own, apiNpv),
    breakeven_tokens_per_month: winningVolumes(basis, perToken, months),
  };
}

function breakevenUtilization(basis: ComparisonBasis, perToken: number): number | null {
  const tread = basis.first;
  if (tread.to === 0) return null;
  if (perToken <= tread.usdPerToken) return null;
  const volume = tread.fixedUsd / (perToken - tread.usdPerToken);
  const capacity = tread.to * sizingOverMean(basis.plan);
  return volume <= tread.to ? volume / capacity : null;
}

/** The same traffic at an offer, month by month. */
export function apiByMonth({ pricePath }: OfferPlan, usdPerRequest: number, fleet: readonly FleetMonth[]): number[] {
  return fleet.map(({ month, result }) => result.traffic.offered * usdPerRequest * priceFactor(pricePath, month));
}

/** One offer against the run, on every axis that the contract names. */
export function compareWith(offer: OfferPlan, basis: ComparisonBasis): Comparison {
  const { plan, fleet, cash } = basis;
  const { mix } = plan.traffic;
  const bill = requestBill(offer, mix);
  const perRequest = bill.total;
  const perToken = perRequest / requestTokens(mix).total;
  const calls = callsPerRequest(offer);
  const requests = fleet.map((entry) => entry.result.traffic.offered);
  const api = apiByMonth(offer, perRequest, fleet);
  const perMinute = requests.map((count) => count / (plan.hoursPerMonth * 60));
  const month = breakevenMonth(cash.now, cash.byMonth, api);
  const sum = (flows: readonly number[]) => flows.reduce((total, flow) => total + flow, 0);
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
    horizons: basis.horizons.map((own) => horizon(basis, own, api, perToken)),
    breakeven_month: month,
    paid_back_to_end: month === null ? null : cash.now + sum(cash.byMonth) <= sum(api),
    breakeven_tokens_per_month: winningVolumes(basis, perToken),
    breakeven_utilization: breakevenUtilization(basis, perToken),
  };
}
