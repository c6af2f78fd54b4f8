import { billedGpus } from '../cost/capacity-cost.ts';
import { totalUsd } from '../cost/ledger.ts';
import { replicasFor } from '../fleet/availability.ts';
import { sizingOverMean } from '../fleet/simulate-fleet.ts';
import type { Plan } from '../scenario/plan.ts';
import type { Envelope } from '../serving/envelope.ts';
import { monthBill } from './month-bill.ts';

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

/** Treads listed one by one; larger fleets are sampled by doubling (see `breakevenIntervals`). */
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
 * The step curve of own cost over volume. A given number of replicas is one tread; `auto` climbs.
 */
export function costTreads(plan: Plan, envelope: Envelope): CostTread[] {
  const { replicas } = plan.serving;
  if (replicas !== 'auto') return [fixedTread(plan, envelope, replicas)];
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
