import type { Plan } from '../scenario/plan.ts';
import type { Watts } from '../units/quantity.ts';

/**
 * Mean power of one GPU and its share of the host, at the wall of the IT equipment.
 *
 * Board power rises from rest to a decoding floor as soon as there is work, then with load towards full:
 *
 *   P = TDP · (idle + busy·(decoding − idle) + load·(full − decoding)) + server
 *
 * Linear in throughput because that is what the measured runs show: four H100 on a 70B take 443 W each at 7 % of the
 * top rate, 502 W at 37 %, 590 W at 72 %, 637 W at 100 %.
 *
 * A draw that the scenario states for its own nodes takes the place of all of it.
 *
 * @returns undefined where the card lists no TDP
 * @source ML.ENERGY leaderboard, Llama-3.1-70B BF16 on 4 x H100
 * @checkedBy test/energy/power.test.ts
 */
export function powerPerGpu(plan: Plan, busy: number, load: number): Watts | undefined {
  if (plan.capacity.kind === 'own' && plan.capacity.wattsPerGpu !== undefined) return plan.capacity.wattsPerGpu;
  const { tdp } = plan.gpu;
  if (tdp === undefined) return undefined;
  const { power } = plan.facility;
  const board =
    power.gpu_idle + busy * (power.gpu_decoding - power.gpu_idle) + load * (power.gpu_full - power.gpu_decoding);
  return tdp * board + power.server_per_gpu;
}

/**
 * Energy of a month at the meter, cooling included, whoever pays for it.
 * @source PUE = facility power over IT power (The Green Grid 2007)
 */
export function monthEnergyKwh(plan: Plan, gpus: number, busy: number, load: number): number | undefined {
  const watts = powerPerGpu(plan, busy, load);
  if (watts === undefined) return undefined;
  return (watts * plan.facility.power.pue * gpus * plan.hoursPerMonth) / 1000;
}
