import { billedGpus, committedGpus } from '../cost/capacity-cost.ts';
import { totalUsd } from '../cost/ledger.ts';
import { sizingOverMean } from '../fleet/simulate-fleet.ts';
import type { Plan } from '../scenario/plan.ts';
import { requestTokens } from '../scenario/request-tokens.ts';
import type { Envelope } from '../serving/envelope.ts';
import { monthBill, overflowUsdPerRequest } from './month-bill.ts';

/**
 * Own cost of a month as a function of volume, over one tread of the step curve: for volumes above `from` and up to
 * `to` the fleet is one and the same, and the cost is `fixedUsd + usdPerToken · volume`. Total tokens at the scenario's mix.
 */
export interface CostTread {
  from: number;
  to: number;
  fixedUsd: number;
  usdPerToken: number;
}

/** Total tokens a month that one replica carries when what the fleet is sized for is at its target. */
export function tokensPerReplicaMonth(plan: Plan, envelope: Envelope): number {
  const perRequest = requestTokens(plan.traffic.mix).total;
  return (envelope.target.requestsPerSecond * perRequest * plan.hoursPerMonth * 3600) / sizingOverMean(plan);
}

/** Loaded cost of month 1 for a fleet and a volume, one-off sums left out. Affine in the volume. */
function monthCost(plan: Plan, workKwh: number, gpus: number, tokens: number): number {
  const perRequest = requestTokens(plan.traffic.mix).total;
  const [committed = 0] = committedGpus(plan.capacity, [gpus]);
  const usage = {
    month: 1,
    gpus,
    committedGpus: committed,
    servedRequests: tokens / perRequest,
    overflowRequests: 0,
    workKwhPerRequest: workKwh,
  };
  return totalUsd(monthBill(plan, usage), 'loaded', ['capacity', 'facility', 'software', 'people']);
}

/** Own cost of a month: `fixedUsd + usdPerGpu · GPUs + usdPerToken · volume`, read off the bill itself. */
export interface CostLaw {
  fixedUsd: number;
  usdPerGpu: number;
  usdPerToken: number;
}

/**
 * The bill is affine in GPUs and in volume (tested), so three bills give its law for every fleet.
 *
 * @param workKwh energy of a request above that of idle nodes, see `workKwhPerRequest`
 */
export function costLaw(plan: Plan, workKwh: number): CostLaw {
  const span = { gpus: 1e6, tokens: 1e15 };
  const fixedUsd = monthCost(plan, workKwh, 0, 0);
  return {
    fixedUsd,
    usdPerGpu: (monthCost(plan, workKwh, span.gpus, 0) - fixedUsd) / span.gpus,
    usdPerToken: (monthCost(plan, workKwh, 0, span.tokens) - fixedUsd) / span.tokens,
  };
}

/** What `replicas` replicas cost a month before their first token. */
export function fleetUsd(plan: Plan, law: CostLaw, replicas: number): number {
  return law.fixedUsd + law.usdPerGpu * billedGpus(plan, replicas);
}

/** The one tread of a fleet that is what it is: it ends where its busiest hour leaves the target. */
export function fixedTread(plan: Plan, envelope: Envelope, workKwh: number, replicas: number): CostTread {
  const law = costLaw(plan, workKwh);
  const to = replicas * tokensPerReplicaMonth(plan, envelope);
  return { from: 0, to, fixedUsd: fleetUsd(plan, law, replicas), usdPerToken: law.usdPerToken };
}

/**
 * Treads of a given fleet whose overflow goes to an API: each hour of the week that fills up starts a new one, on which
 * less of every further token is served here. The last has no end.
 */
export function overflowTreads(plan: Plan, envelope: Envelope, workKwh: number, replicas: number): CostTread[] {
  const own = fixedTread(plan, envelope, workKwh, replicas);
  const overflowUsdPerToken = overflowUsdPerRequest(plan) / requestTokens(plan.traffic.mix).total;
  const { shape } = plan.traffic;
  const full = own.to * sizingOverMean(plan);
  const weights = [...new Set(shape)].filter((weight) => weight > 0).sort((a, b) => b - a);
  const treads = [own];
  weights.forEach((weight, i) => {
    const filled = shape.filter((entry) => entry >= weight).length / shape.length;
    const rest = shape.reduce((sum, entry) => sum + (entry < weight ? entry : 0), 0) / shape.length;
    const next = weights[i + 1];
    const gap = own.usdPerToken - overflowUsdPerToken;
    treads.push({
      // The same number, not the same but for its last digit: treads that touch make one interval.
      from: (treads.at(-1) as CostTread).to,
      to: next === undefined ? Number.POSITIVE_INFINITY : full / next,
      fixedUsd: own.fixedUsd + gap * full * filled,
      usdPerToken: overflowUsdPerToken + gap * rest,
    });
  });
  return treads;
}
