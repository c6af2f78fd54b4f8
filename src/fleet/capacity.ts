import type { Plan } from '../scenario/plan.ts';
import { InfeasibleError } from '../schema/problem.ts';
import type { Envelope } from '../serving/envelope.ts';
import { formatSeconds } from '../units/format.ts';
import { availabilityOf, MOST_REPLICAS, type RedundancyRule, replicasFor } from './availability.ts';

/** Replicas of one month. */
export interface FleetSize {
  /** Enough for the busiest hour inside the target, with the headroom asked for and no redundancy. */
  needed: number;
  /** With redundancy; what is billed. */
  replicas: number;
  availability: number;
}

/** The reliability block as the rule that sizes a fleet; without one nothing is ever down. */
export function redundancyRule(plan: Plan): RedundancyRule {
  const { reliability } = plan;
  return {
    replicaAvailability: reliability?.replicaAvailability ?? 1,
    zones: reliability?.zones ?? 1,
    ...(reliability?.targetAvailability === undefined ? {} : { targetAvailability: reliability.targetAvailability }),
  };
}

/**
 * Replicas that carry `peak` requests a second inside the target, each using at most a share of what it can do; a hair
 * of tolerance forgives rounding at a step.
 */
export function replicasNeeded(envelope: Envelope, peak: number, utilization = 1): number {
  if (peak <= 0) return 0;
  return Math.max(1, Math.ceil(peak / (envelope.target.requestsPerSecond * utilization) - 1e-9));
}

/**
 * Share of a replica that the busiest hour may use: as asked of a fleet that is sized for its load, all of one that is
 * what it is.
 */
export function sizedUtilization({ serving, traffic }: Plan): number {
  const isSized = serving.replicas === 'auto' && traffic.load.kind !== 'utilization';
  return isSized ? serving.targetUtilization : 1;
}

/** Which target even the lightest load misses, and by how much. */
export function missedPhrase({ missed }: Envelope): string {
  if (missed === undefined) return 'even the lightest load misses it';
  const name = `${missed.target.metric.toUpperCase()} p${missed.target.quantile * 100}`;
  const advice =
    missed.target.metric === 'tpot'
      ? 'more tensor parallelism or fewer bytes a step'
      : 'more tensor parallelism or shorter prompts';
  return `at the lightest load a replica has a ${name} of ${formatSeconds(missed.seconds)}, the target is ${formatSeconds(missed.target.seconds)}; relax it, or try ${advice}`;
}

/**
 * Sizes the fleet for a busiest-hour load: the given number, or the fewest that meet the target and the availability.
 *
 * An `auto` fleet never falls below one needed replica: a service that is on has something to answer with.
 *
 * @throws InfeasibleError `slo_missed` where `auto` finds nothing inside the target
 */
export function sizeFleet(plan: Plan, envelope: Envelope, peak: number): FleetSize {
  const rule = redundancyRule(plan);
  const availability = (replicas: number, needed: number) => availabilityOf(replicas, needed, rule.replicaAvailability);
  const needed = replicasNeeded(envelope, peak, sizedUtilization(plan));
  if (plan.serving.replicas !== 'auto') {
    return { needed, replicas: plan.serving.replicas, availability: availability(plan.serving.replicas, needed) };
  }
  if (!envelope.targetMet) {
    throw new InfeasibleError(
      'slo_missed',
      `no number of replicas meets the latency target: ${missedPhrase(envelope)}`,
    );
  }
  const atLeastOne = Math.max(1, needed);
  const replicas = atLeastOne > MOST_REPLICAS ? atLeastOne : replicasFor(atLeastOne, rule);
  if (replicas === undefined) {
    throw new InfeasibleError('slo_missed', 'no number of replicas reaches the availability asked for');
  }
  if (replicas > MOST_REPLICAS) {
    const most = MOST_REPLICAS.toLocaleString('en-US');
    throw new InfeasibleError('slo_missed', `the busiest hour takes more than ${most} replicas; check load and growth`);
  }
  return { needed, replicas, availability: availability(replicas, atLeastOne) };
}

/**
 * The fleet of a scenario whose load is given as a utilisation: `auto` then means the redundancy one replica needs,
 * because the load follows from the fleet and not the fleet from the load.
 */
export function fleetForUtilization(plan: Plan): number {
  if (plan.serving.replicas !== 'auto') return plan.serving.replicas;
  return replicasFor(1, redundancyRule(plan)) ?? 1;
}
