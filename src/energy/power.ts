import type { Plan } from '../scenario/plan.ts';
import type { FacilityCard } from '../schema/facility.ts';
import type { Share, Watts } from '../units/quantity.ts';

/** What a GPU does while it works, in shares of that time; the rest it waits for launches, hosts and other GPUs. */
export interface BoardWork {
  multiplying: Share;
  reading: Share;
}

/**
 * Mean power of a GPU's board over its rating. At rest it draws little; as soon as there is work its clocks rise, and
 * multiplying and reading memory come on top, up to the limit that the board holds itself to:
 *
 *   idle + busy · (min(1, working + compute · multiplying + memory · reading) − idle)
 *
 * Eight GPUs that decode a few sequences draw half of their rating, full batches nine tenths: energy per token follows
 * the batch.
 *
 * @param busy share of time with any work
 * @source Choi, Bedard, Fowler, Vuduc 2013 (A Roofline Model of Energy): constant power, and energy by FLOP and by byte;
 *   values: the facility card
 * @checkedBy test/energy/power.test.ts
 */
export function boardShare(power: FacilityCard['power'], busy: Share, { multiplying, reading }: BoardWork): Share {
  const working = Math.min(1, power.gpu_working + power.gpu_compute * multiplying + power.gpu_memory * reading);
  return power.gpu_idle + busy * (working - power.gpu_idle);
}

/**
 * Mean power of one GPU and its share of the host, at the wall of the IT equipment.
 *
 * A draw that the scenario states for its own nodes takes the place of all of it.
 *
 * @param board mean of `boardShare`
 * @returns undefined where the card lists no TDP
 * @source nodes of eight: the facility card
 * @checkedBy test/energy/power.test.ts
 */
export function powerPerGpu(plan: Plan, board: Share): Watts | undefined {
  if (plan.capacity.kind === 'own' && plan.capacity.wattsPerGpu !== undefined) return plan.capacity.wattsPerGpu;
  const { tdp } = plan.gpu;
  return tdp === undefined ? undefined : tdp * (board + plan.facility.power.server);
}

/**
 * Energy of a month at the meter, cooling included, whoever pays for it.
 * @source PUE = facility power over IT power (The Green Grid 2007)
 */
export function monthEnergyKwh(plan: Plan, gpus: number, board: Share): number | undefined {
  const watts = powerPerGpu(plan, board);
  if (watts === undefined) return undefined;
  return (watts * plan.facility.power.pue * gpus * plan.hoursPerMonth) / 1000;
}
