import { atLeast, binomialWindow } from '../math/binomial.ts';
import type { Share } from '../units/quantity.ts';

/**
 * Share of time that at least `needed` of `replicas` independent replicas are up: P(Bin(n, a) ≥ k).
 *
 * A common cause (a bad release, a lost region) is not independent, so this overstates; zones cover part of it.
 *
 * @source Barlow and Proschan 1965, k-out-of-n systems
 */
export function availabilityOf(replicas: number, needed: number, replicaAvailability: Share): Share {
  if (needed === 0) return 1;
  return atLeast(replicas, needed, replicaAvailability);
}

/** What redundancy must reach. */
export interface RedundancyRule {
  replicaAvailability: Share;
  targetAvailability?: Share;
  zones: number;
}

/** Replicas beyond this are a mistake in the scenario, not a fleet. */
export const MOST_REPLICAS = 1_000_000;

/**
 * Fewest replicas, so that `needed` are up for the target share of time, and still run when any one zone is lost.
 * Zones hold equal parts: k/(z−1) each.
 *
 * @param atLeastReplicas a number known not to be too many, such as one more than one fewer needed takes
 * @returns undefined where no number reaches the target
 */
export function replicasFor(needed: number, rule: RedundancyRule, atLeastReplicas = 0): number | undefined {
  if (needed === 0) return 0;
  const { zones, targetAvailability: target, replicaAvailability } = rule;
  const least = zones > 1 ? zones * Math.ceil(needed / (zones - 1)) : needed;
  if (target === undefined) return least;
  if (replicaAvailability <= 0) return undefined;
  const enough = (groups: number) => availabilityOf(groups * zones, needed, replicaAvailability) >= target;
  let low = Math.ceil(Math.max(least, atLeastReplicas) / zones);
  if (enough(low)) return low * zones;
  let step = 1;
  while (!enough(low + step)) {
    low += step;
    step *= 2;
    if ((low + step) * zones > MOST_REPLICAS) return undefined;
  }
  let high = low + step;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high * zones;
}

/** More states than this are told apart by no result. */
export const MOST_STATES = 48;

/** Neighbouring states taken together, at their mean. */
function merged(
  states: readonly { up: number; probability: Share }[],
  size: number,
): { up: number; probability: Share }[] {
  const groups: { up: number; probability: Share }[] = [];
  for (let start = 0; start < states.length; start += size) {
    const part = states.slice(start, start + size);
    const probability = part.reduce((sum, state) => sum + state.probability, 0);
    const up = part.reduce((sum, state) => sum + state.probability * state.up, 0) / probability;
    groups.push({ up, probability });
  }
  return groups;
}

/**
 * Chances that exactly j replicas are up, the negligible ones dropped and the rest rescaled to sum to 1. Of very large
 * fleets neighbouring counts are taken together at their mean.
 */
export function upStates(
  replicas: number,
  replicaAvailability: Share,
  most = MOST_STATES,
): { up: number; probability: Share }[] {
  if (replicaAvailability >= 1) return [{ up: replicas, probability: 1 }];
  const { from, mass } = binomialWindow(replicas, replicaAvailability);
  const states = mass
    .map((probability, i) => ({ up: from + i, probability }))
    .filter((state) => state.probability >= 1e-12)
    .reverse();
  const kept = states.reduce((sum, state) => sum + state.probability, 0);
  const scaled = states.map((state) => ({ up: state.up, probability: state.probability / kept }));
  return scaled.length <= most ? scaled : merged(scaled, Math.ceil(scaled.length / most));
}
