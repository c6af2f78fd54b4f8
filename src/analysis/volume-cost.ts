import { billedGpus } from '../cost/capacity-cost.ts';
import { totalUsd } from '../cost/ledger.ts';
import { replicasFor } from '../fleet/availability.ts';
import { sizingOverMean } from '../fleet/simulate-fleet.ts';
import type { Plan } from '../scenario/plan.ts';
import type { Envelope } from '../serving/envelope.ts';
import { monthBill, overflowUsdPerRequest } from './month-bill.ts';

/**
 * Own cost of a month as a function of volume, over one tread of the step curve: for volumes above `from` and up to
 * `to` the fleet is `gpus` GPUs, and the cost is `fixedUsd + usdPerToken · volume`. Total tokens at the scenario's mix.
 */
export interface CostTread {
  from: number;
  to: number;
  gpus: number;
  fixedUsd: number;
  usdPerToken: number;
}

/** Treads listed one by one; larger fleets are searched (see `treadsBeyond`). */
const MOST_TREADS = 1024;

/** Total tokens a month that one replica carries when what the fleet is sized for is at its target. */
export function tokensPerReplicaMonth(plan: Plan, envelope: Envelope): number {
  const perRequest = plan.traffic.mix.input.mean + plan.traffic.mix.output.mean;
  return (envelope.target.requestsPerSecond * perRequest * plan.hoursPerMonth * 3600) / sizingOverMean(plan);
}

/** Loaded cost of month 1 for a fleet and a volume, one-off sums left out. Affine in the volume. */
function monthCost(plan: Plan, gpus: number, tokens: number): number {
  const perRequest = plan.traffic.mix.input.mean + plan.traffic.mix.output.mean;
  const committed = plan.rent.commitmentMonths > 0 ? gpus : 0;
  const usage = { month: 1, gpus, committedGpus: committed, servedRequests: tokens / perRequest, overflowRequests: 0 };
  return totalUsd(monthBill(plan, usage), 'loaded', ['capacity', 'facility', 'software', 'people']);
}

/** Own cost of a month: `fixedUsd + usdPerGpu · GPUs + usdPerToken · volume`, read off the bill itself. */
interface CostLaw {
  fixedUsd: number;
  usdPerGpu: number;
  usdPerToken: number;
}

/** The bill is affine in GPUs and in volume (tested), so three bills give its law for every fleet. */
export function costLaw(plan: Plan): CostLaw {
  const span = { gpus: 1e6, tokens: 1e15 };
  const fixedUsd = monthCost(plan, 0, 0);
  return {
    fixedUsd,
    usdPerGpu: (monthCost(plan, span.gpus, 0) - fixedUsd) / span.gpus,
    usdPerToken: (monthCost(plan, 0, span.tokens) - fixedUsd) / span.tokens,
  };
}

function tread(plan: Plan, law: CostLaw, from: number, to: number, replicas: number): CostTread {
  const gpus = billedGpus(plan, replicas);
  return { from, to, gpus, fixedUsd: law.fixedUsd + law.usdPerGpu * gpus, usdPerToken: law.usdPerToken };
}

/** The tread on which `needed` replicas carry the busiest hour; undefined where no redundancy reaches the target. */
export function treadFor(
  plan: Plan,
  envelope: Envelope,
  needed: number,
  law = costLaw(plan),
  width = tokensPerReplicaMonth(plan, envelope),
): CostTread | undefined {
  const replicas = replicasFor(needed, {
    replicaAvailability: plan.reliability?.replicaAvailability ?? 1,
    zones: plan.reliability?.zones ?? 1,
    ...(plan.reliability?.targetAvailability === undefined
      ? {}
      : { targetAvailability: plan.reliability.targetAvailability }),
  });
  if (replicas === undefined) return undefined;
  return tread(plan, law, (needed - 1) * width, needed * width, replicas);
}

/** The one tread of a fleet that is what it is: it ends where its busiest hour leaves the target. */
export function fixedTread(plan: Plan, envelope: Envelope, replicas: number): CostTread {
  return tread(plan, costLaw(plan), 0, replicas * tokensPerReplicaMonth(plan, envelope), replicas);
}

/**
 * Treads of a given fleet whose overflow goes to an API: each hour of the week that fills up starts a new one, on which
 * less of every further token is served here. The last has no end.
 */
function overflowTreads(plan: Plan, envelope: Envelope, replicas: number): CostTread[] {
  const own = fixedTread(plan, envelope, replicas);
  const overflowUsdPerToken =
    overflowUsdPerRequest(plan) / (plan.traffic.mix.input.mean + plan.traffic.mix.output.mean);
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
      from: full / weight,
      to: next === undefined ? Number.POSITIVE_INFINITY : full / next,
      gpus: own.gpus,
      fixedUsd: own.fixedUsd + gap * full * filled,
      usdPerToken: overflowUsdPerToken + gap * rest,
    });
  });
  return treads;
}

/** Treads of a fleet that grows with the volume, one for each replica needed. */
function climbingTreads(plan: Plan, envelope: Envelope): CostTread[] {
  const treads: CostTread[] = [];
  const law = costLaw(plan);
  const width = tokensPerReplicaMonth(plan, envelope);
  for (let needed = 1; needed <= MOST_TREADS; needed++) {
    const next = treadFor(plan, envelope, needed, law, width);
    if (next === undefined) break;
    treads.push(next);
  }
  return treads;
}

/** The curve of own cost over volume, as treads that touch: one, with overflow behind it, or a staircase. */
export function costTreads(plan: Plan, envelope: Envelope): CostTread[] {
  const { replicas } = plan.serving;
  if (replicas === 'auto') return climbingTreads(plan, envelope);
  return plan.traffic.overflow === 'api'
    ? overflowTreads(plan, envelope, replicas)
    : [fixedTread(plan, envelope, replicas)];
}

/** The tread a volume lies on; undefined beyond what a fleet of a given size can carry. */
export function treadAt(
  plan: Plan,
  envelope: Envelope,
  treads: readonly CostTread[],
  tokens: number,
): CostTread | undefined {
  const listed = treads.find((entry) => tokens <= entry.to);
  if (listed !== undefined || plan.serving.replicas !== 'auto') return listed;
  const needed = Math.ceil(tokens / tokensPerReplicaMonth(plan, envelope));
  return needed <= FARTHEST ? treadFor(plan, envelope, needed) : undefined;
}

/** Fleets this large are the last that are looked at. */
const FARTHEST = 2 ** 20;

/**
 * Beyond the listed treads of a growing fleet: the treads that still matter, given which are won throughout. Far out a
 * staircase is either won on every tread or on none; if it is won, the first such tread is searched by halving and
 * stands, without an end, for all that follow.
 */
export function treadsBeyond(
  plan: Plan,
  envelope: Envelope,
  treads: readonly CostTread[],
  isWon: (tread: CostTread) => boolean,
): CostTread[] {
  const last = treads.at(-1);
  if (plan.serving.replicas !== 'auto' || last === undefined || treads.length < MOST_TREADS) return [];
  const law = costLaw(plan);
  const width = tokensPerReplicaMonth(plan, envelope);
  const wonAt = (needed: number) => {
    const far = treadFor(plan, envelope, needed, law, width);
    return far !== undefined && isWon(far);
  };
  if (!wonAt(FARTHEST / 2)) return [];
  let [lost, won] = [MOST_TREADS, FARTHEST / 2];
  while (won - lost > 1) {
    const middle = Math.floor((lost + won) / 2);
    if (wonAt(middle)) won = middle;
    else lost = middle;
  }
  const first = treadFor(plan, envelope, won, law, width) as CostTread;
  const before = won - 1 > MOST_TREADS ? treadFor(plan, envelope, won - 1, law, width) : undefined;
  return [...(before === undefined ? [] : [before]), { ...first, to: Number.POSITIVE_INFINITY }];
}
