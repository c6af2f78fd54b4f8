import type { Axis } from '../analysis/axis.ts';
import { type ComparisonBasis, comparisonBasis, winningVolumes } from '../analysis/comparison.ts';
import { buildLedger } from '../analysis/month-bill.ts';
import { treadAt } from '../analysis/staircase.ts';
import { COMPARABLE_UNSERVED_SHARE } from '../analysis/verdict.ts';
import { requestBill } from '../api/bill.ts';
import { oneOffUsd } from '../cost/people-cost.ts';
import { missedPhrase } from '../fleet/capacity.ts';
import { simulateFleet } from '../fleet/simulate-fleet.ts';
import type { Lookups } from '../scenario/lookups.ts';
import type { OfferPlan, Plan } from '../scenario/plan.ts';
import { requestTokens } from '../scenario/request-tokens.ts';
import { requestsPerSession } from '../scenario/session-moments.ts';
import { InfeasibleError } from '../schema/problem.ts';
import { settlePools } from '../serving/pools.ts';
import { serviceCurve } from '../serving/service-curve.ts';
import type { Cell } from './columns.ts';
import type { MonthRecord } from './record.ts';
import { type PointOutcome, type Setting, simulateVariant } from './sweep-point.ts';

/**
 * Rows of a break-even table. A `curve` row is a point of both cost curves; a `crossing` row is a point where the
 * cheaper side changes, `cheaper` naming who is cheaper from there on; a `none` row says that they never cross.
 * Both costs are month 1's, loaded, the one-off cost spread over the horizon.
 */
export type BreakevenRow = Record<string, Cell>;

interface CostPair {
  self: number | undefined;
  api: number;
}

function cheaper({ self, api }: CostPair): 'self' | 'api' | 'neither' {
  if (self === undefined) return 'neither';
  if (self === api) return 'neither';
  return self < api ? 'self' : 'api';
}

/** Paths that are a volume, and what turns one of their units into total tokens a month. */
function tokensPerUnit(plan: Plan, path: string): number | undefined {
  const days = plan.hoursPerMonth / 24;
  const { mix, load, session } = plan.traffic;
  const { output, total } = requestTokens(mix);
  if (path === 'traffic.requests_per_day') return days * total;
  if (path === 'traffic.sessions_per_day' && session !== undefined) {
    return days * total * requestsPerSession(plan.traffic);
  }
  if (path === 'traffic.tokens_per_day') {
    return load.kind === 'tokens' && load.count === 'output' ? (days * total) / output : days;
  }
  return undefined;
}

function row(
  kind: string,
  offer: string,
  months: number,
  path: string,
  x: Cell,
  tokens: number | undefined,
  costs: CostPair | undefined,
  who: string,
): BreakevenRow {
  return {
    kind,
    comparison: offer,
    horizon_months: months,
    [path]: x,
    tokens_per_month: tokens,
    self_usd_per_month: costs?.self,
    api_usd_per_month: costs?.api,
    cheaper: who,
  };
}

/** Undefined for volumes that a fleet of a given size cannot carry. */
function ownCostAt(basis: ComparisonBasis, tokens: number, oneOff: number): number | undefined {
  const tread = treadAt(basis.stairs, tokens);
  return tread === undefined ? undefined : tread.fixedUsd + tread.usdPerToken * tokens + oneOff;
}

/** Who is cheaper behind the end of an interval: the API, unless the fleet simply ends there. */
function sideAbove(costs: CostPair): 'api' | 'neither' {
  return costs.self === undefined ? 'neither' : 'api';
}

/** A riser of the step curve belongs to the volumes above it. */
const JUST_ABOVE = 1 + 1e-9;

/** Both curves over a volume, and their crossings exactly, from the step curve. */
function volumeRows(
  basis: ComparisonBasis,
  offer: OfferPlan,
  months: number,
  path: string,
  values: readonly number[],
  unit: number,
): BreakevenRow[] {
  const { plan } = basis;
  const { mix } = plan.traffic;
  const perToken = requestBill(offer, mix).total / requestTokens(mix).total;
  const oneOff = oneOffUsd(plan) / months;
  const costs = (tokens: number): CostPair => ({
    self: ownCostAt(basis, tokens, oneOff),
    api: tokens * perToken,
  });
  const intervals = winningVolumes(basis, perToken, months);
  const crossings = intervals.flatMap(([from, to]) => [
    row('crossing', offer.name, months, path, from / unit, from, costs(from), 'self'),
    ...(to === null
      ? []
      : [
          row(
            'crossing',
            offer.name,
            months,
            path,
            to / unit,
            to,
            costs(to * JUST_ABOVE),
            sideAbove(costs(to * JUST_ABOVE)),
          ),
        ]),
  ]);
  const none =
    crossings.length === 0 ? [row('none', offer.name, months, path, undefined, undefined, undefined, 'api')] : [];
  const curve = values.map((x) =>
    row('curve', offer.name, months, path, x, x * unit, costs(x * unit), cheaper(costs(x * unit))),
  );
  return [...crossings, ...none, ...curve];
}

/** Break-even over a volume, from one plan. */
export function breakevenOverVolume(
  given: Plan,
  path: string,
  values: readonly number[],
  horizons: readonly number[],
  seed: number,
): BreakevenRow[] {
  const plan = settlePools(given);
  const curve = serviceCurve(plan, seed);
  const { envelope } = curve;
  if (!envelope.targetMet) throw new InfeasibleError('slo_missed', missedPhrase(envelope));
  const fleet = simulateFleet(plan, envelope, 1);
  const basis = comparisonBasis(plan, curve, fleet, buildLedger(plan, curve, fleet));
  const unit = tokensPerUnit(plan, path) ?? 1;
  return horizons.flatMap((months) =>
    plan.offers.flatMap((offer) => volumeRows(basis, offer, months, path, values, unit)),
  );
}

export function isVolumePath(plan: Plan, path: string): boolean {
  return tokensPerUnit(plan, path) !== undefined;
}

/** A scenario that can be changed along an axis and priced. */
export interface VariantSource {
  raw: unknown;
  axis: Pick<Axis, 'path' | 'whole'>;
  /** What to change for a value of the axis. */
  settings: (value: unknown) => readonly Setting[];
  lookups: Lookups;
  seed: number;
}

interface PricedPoint {
  tokens: number;
  oneOff: number;
  /** Undefined where the own fleet leaves undone what the API is paid for. */
  own: number | undefined;
  api: Map<string, number>;
}

function price(source: VariantSource, value: unknown): PricedPoint | undefined {
  const outcome: PointOutcome = simulateVariant(source.raw, source.settings(value), source.lookups, source.seed);
  if (!('result' in outcome)) return undefined;
  const { metrics, comparisons, ledger, months } = outcome.result;
  const { offered_tokens: offered, refused_tokens: refused, queued_tokens: queued } = months[0] as MonthRecord;
  const isServed = refused + queued <= COMPARABLE_UNSERVED_SHARE * offered;
  const { cost_usd_per_month: cost } = metrics;
  const oneOff = ledger
    .filter((entry) => entry.month === 0 && entry.group === 'one_off')
    .reduce((sum, entry) => sum + entry.amount, 0);
  const spread = ledger
    .filter((entry) => entry.month === 1 && entry.group === 'one_off')
    .reduce((sum, entry) => sum + entry.amount, 0);
  return {
    tokens: (metrics.input_tokens_per_month ?? 0) + (metrics.output_tokens_per_month ?? 0),
    oneOff,
    own: cost === undefined || !isServed ? undefined : cost - spread,
    api: new Map(comparisons.map((entry) => [entry.name, entry.usd_per_month])),
  };
}

function pairAt(point: PricedPoint | undefined, offer: string, months: number): CostPair | undefined {
  const api = point?.api.get(offer);
  if (point === undefined || api === undefined) return undefined;
  return { self: point.own === undefined ? undefined : point.own + point.oneOff / months, api };
}

/** Halvings of the interval between two grid points: enough for nine digits. */
const HALVINGS = 30;

/** Where the cheaper side changes between two numbers, by bisection; a jump is found as its edge. */
function crossing(
  source: VariantSource,
  offer: string,
  months: number,
  low: number,
  high: number,
): { x: number; point: PricedPoint } | undefined {
  const sideAt = (x: number) => {
    const point = price(source, x);
    const pair = pairAt(point, offer, months);
    return { point, side: pair === undefined ? undefined : cheaper(pair) };
  };
  const start = sideAt(low).side;
  let [near, far] = [low, high];
  let found = sideAt(high);
  for (let i = 0; i < HALVINGS; i++) {
    const middle = source.axis.whole ? Math.round((near + far) / 2) : (near + far) / 2;
    if (middle === near || middle === far) break;
    const at = sideAt(middle);
    if (at.side === start) near = middle;
    else {
      far = middle;
      found = at;
    }
  }
  return found.point === undefined ? undefined : { x: far, point: found.point };
}

/**
 * Break-even over anything else: the scenario is priced at every value, and each change of sides between two numbers
 * is narrowed down. A pair of crossings between two neighbouring values goes unseen; more values show it.
 *
 * @param onPoint told the number of values done
 */
export function breakevenOverValues(
  source: VariantSource,
  values: readonly unknown[],
  horizons: readonly number[],
  onPoint: (done: number) => void,
): BreakevenRow[] {
  const points = values.map((value, i) => {
    const point = price(source, value);
    onPoint(i + 1);
    return point;
  });
  const offers = [...new Set(points.flatMap((point) => [...(point?.api.keys() ?? [])]))];
  return horizons.flatMap((months) => offers.flatMap((offer) => valueRows(source, values, points, offer, months)));
}

function valueRows(
  source: VariantSource,
  values: readonly unknown[],
  points: readonly (PricedPoint | undefined)[],
  offer: string,
  months: number,
): BreakevenRow[] {
  const sides = points.map((point) => {
    const pair = pairAt(point, offer, months);
    return pair === undefined ? undefined : cheaper(pair);
  });
  const cellOf = (value: unknown): Cell => (typeof value === 'number' ? value : String(value));
  const crossings: BreakevenRow[] = [];
  for (let i = 1; i < values.length; i++) {
    const [low, high] = [values[i - 1], values[i]];
    const changed = sides[i] !== undefined && sides[i - 1] !== undefined && sides[i] !== sides[i - 1];
    if (!changed || typeof low !== 'number' || typeof high !== 'number') continue;
    const found = crossing(source, offer, months, low, high);
    if (found === undefined) continue;
    const pair = pairAt(found.point, offer, months);
    crossings.push(
      row('crossing', offer, months, source.axis.path, found.x, found.point.tokens, pair, sides[i] as string),
    );
  }
  const only = sides.find((side) => side !== undefined) ?? 'neither';
  const none =
    crossings.length === 0 ? [row('none', offer, months, source.axis.path, undefined, undefined, undefined, only)] : [];
  const curve = values.map((value, i) => {
    const pair = pairAt(points[i], offer, months);
    return row(
      'curve',
      offer,
      months,
      source.axis.path,
      cellOf(value),
      points[i]?.tokens,
      pair,
      pair === undefined ? 'cannot run' : cheaper(pair),
    );
  });
  return [...crossings, ...none, ...curve];
}
