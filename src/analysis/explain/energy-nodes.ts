import { monthEnergyKwh, powerPerGpu } from '../../energy/power.ts';
import { formula } from './explanation.ts';
import { gpusNode, hoursNode, peakRateNode, replicasNode } from './fleet-nodes.ts';
import { facilitySource, gpuSource } from './provenance.ts';
import { bySimulation, saturationNode } from './replica-nodes.ts';
import type { Explaining } from './run-facts.ts';

type PowerKey = keyof Explaining['facts']['plan']['facility']['power'];

function power(e: Explaining, key: PowerKey, label: string, unit: string): string {
  const value = e.facts.plan.facility.power[key];
  return e.table.stated({ id: `power_${key}`, label, unit, value }, facilitySource(e.origins, `power.${key}`));
}

/** Mean power of a GPU and its share of the host. */
function wattsNode(e: Explaining, value: number): string {
  const { plan, use } = e.facts;
  return e.table.computed({ id: 'watts_per_gpu', label: 'a GPU with its share of the host', unit: 'W', value }, () => {
    const tdp = e.table.stated(
      { id: 'gpu_tdp', label: 'rated power of a GPU', unit: 'W', value: plan.gpu.tdp ?? 0 },
      gpuSource(e.origins, plan, 'tdp'),
    );
    const over = "over the fleet's week, read off its service curve";
    const busy = e.table.found(
      { id: 'busy_share', label: 'share of time that a replica works', unit: 'share', value: use.busyMean },
      () => ({ method: bySimulation(e, over), inputs: [peakRateNode(e), replicasNode(e)] }),
    );
    const load = e.table.found(
      { id: 'load_share', label: 'load over saturation, mean', unit: 'share', value: use.saturationShareMean },
      () => ({
        method: `load over what a full replica does, ${over}`,
        inputs: [peakRateNode(e), replicasNode(e), saturationNode(e)],
      }),
    );
    const idle = power(e, 'gpu_idle', 'board at rest over its rating', 'share');
    const decoding = power(e, 'gpu_decoding', 'board decoding a small batch', 'share');
    const full = power(e, 'gpu_full', 'board with every unit busy', 'share');
    const server = power(e, 'server_per_gpu', 'host, network, fans', 'W');
    return formula`${tdp} * (${idle} + ${busy} * (${decoding} - ${idle}) + ${load} * (${full} - ${decoding})) + ${server}`;
  });
}

/** Undefined where the card lists no power. */
export function energyNode(e: Explaining): string | undefined {
  const { plan, use } = e.facts;
  const watts = powerPerGpu(plan, use.busyMean, use.saturationShareMean);
  const gpus = gpusNode(e);
  const value = monthEnergyKwh(plan, e.table.get(gpus).value, use.busyMean, use.saturationShareMean);
  if (watts === undefined || value === undefined) return undefined;
  const quantity = { id: 'energy_kwh_per_month', label: 'energy at the meter', unit: 'kWh/month', value };
  return e.table.computed(quantity, () => {
    const pue = power(e, 'pue', 'power of the site over that of its machines', '');
    return formula`${wattsNode(e, watts)} * ${pue} * ${gpus} * ${hoursNode(e)} / 1000`;
  });
}
