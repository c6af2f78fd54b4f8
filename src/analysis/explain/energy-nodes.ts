import { monthEnergyKwh, powerPerGpu } from '../../energy/power.ts';
import { type Formula, formula } from './explanation.ts';
import { billingUnitNode, gpusNode, hoursNode } from './fleet-nodes.ts';
import { batchNode, peakStepNode, promptShareNode } from './operation-nodes.ts';
import { facilitySource, gpuSource, settingSource } from './provenance.ts';
import { bySimulation, promptStepNode } from './replica-nodes.ts';
import type { Explaining } from './run-facts.ts';

type PowerKey = keyof Explaining['facts']['plan']['facility']['power'];

function power(e: Explaining, key: PowerKey, label: string, unit: string): string {
  const value = e.facts.plan.facility.power[key];
  const typical = facilitySource(e.origins, `power.${key}`);
  const isOfSite = key === 'pue' && e.facts.plan.capacity.kind === 'own';
  const source = isOfSite ? settingSource(e.origins, e.facts.plan, ['capacity', 'own', 'pue'], typical) : typical;
  return e.table.stated({ id: `power_${key}`, label, unit, value }, source);
}

/** Shares of the month that a replica works, and that its GPUs multiply and read. */
function useNode(e: Explaining, id: string, label: string, value: number): string {
  return e.table.found({ id, label, unit: 'share', value }, () => ({
    method: bySimulation(
      e,
      "read off its service curve at each step of the fleet's week, by what its iterations wait for",
    ),
    inputs: [batchNode(e), peakStepNode(e), promptStepNode(e), promptShareNode(e)],
  }));
}

/** Mean power of a GPU's board over its rating. */
function boardNode(e: Explaining): string {
  const { power: use, plan } = e.facts;
  const { gpu_idle, gpu_working, gpu_compute, gpu_memory } = plan.facility.power;
  const quantity = {
    id: 'board_share',
    label: 'board power over its rating, mean',
    unit: 'share',
    value: use.boardMean,
  };
  const busy = useNode(e, 'busy_share', 'share of time that a replica works', use.busyMean);
  const multiplying = useNode(e, 'multiplying_share', 'share of time that GPUs multiply', use.multiplyingMean);
  const reading = useNode(e, 'reading_share', 'share of time that they read memory', use.readingMean);
  const idle = power(e, 'gpu_idle', 'board at rest over its rating', 'share');
  const working = power(e, 'gpu_working', 'board with any work', 'share');
  const compute = power(e, 'gpu_compute', 'more while it multiplies', 'share');
  const memory = power(e, 'gpu_memory', 'more while it reads memory', 'share');
  const sum =
    gpu_idle +
    use.busyMean * (gpu_working - gpu_idle) +
    gpu_compute * use.multiplyingMean +
    gpu_memory * use.readingMean;
  const isLimited = Math.abs(sum - use.boardMean) > 1e-9;
  if (isLimited) {
    const method = "mean over the fleet's week of what its work asks for, no more than the rating at any time";
    return e.table.found(quantity, () => ({
      method,
      inputs: [idle, working, compute, memory, busy, multiplying, reading],
    }));
  }
  return e.table.computed(
    quantity,
    () => formula`${idle} + ${busy} * (${working} - ${idle}) + ${compute} * ${multiplying} + ${memory} * ${reading}`,
  );
}

/** Mean power of a GPU and its share of the host. */
function wattsNode(e: Explaining, value: number): string {
  const { plan } = e.facts;
  const { capacity } = plan;
  if (capacity.kind === 'own' && capacity.wattsPerGpu !== undefined) {
    const node = { id: 'watts_per_node', label: 'draw of a node', unit: 'W', value: value * capacity.gpusPerNode };
    return e.table.computed({ id: 'watts_per_gpu', label: 'draw of a node for each GPU', unit: 'W', value }, () => {
      const draw = e.table.stated(node, settingSource(e.origins, plan, ['capacity', 'own', 'power_per_node']));
      return formula`${draw} / ${billingUnitNode(e)}`;
    });
  }
  return e.table.computed({ id: 'watts_per_gpu', label: 'a GPU with its share of the host', unit: 'W', value }, () =>
    gpuWatts(e, boardNode(e)),
  );
}

/** Power of a GPU and its share of the host, its board at a share of its rating. */
function gpuWatts(e: Explaining, board: string): Formula {
  const { plan } = e.facts;
  const tdp = e.table.stated(
    { id: 'gpu_tdp', label: 'rated power of a GPU', unit: 'W', value: plan.gpu.tdp ?? 0 },
    gpuSource(e.origins, plan, 'tdp'),
  );
  return formula`${tdp} * (${board} + ${power(e, 'server', 'host, network, fans over the rating', 'share')})`;
}

const pueNode = (e: Explaining) => power(e, 'pue', 'power of the site over that of its machines', '');

/** Energy of the month if no GPU had work; undefined where the card lists no power. */
export function idleEnergyNode(e: Explaining): string | undefined {
  const { plan } = e.facts;
  const { gpu_idle } = plan.facility.power;
  const gpus = gpusNode(e);
  const [watts, value] = [powerPerGpu(plan, gpu_idle), monthEnergyKwh(plan, e.table.get(gpus).value, gpu_idle)];
  if (watts === undefined || value === undefined) return undefined;
  const quantity = { id: 'idle_kwh_per_month', label: 'energy of idle nodes', unit: 'kWh/month', value };
  return e.table.computed(quantity, () => {
    const isStated = plan.capacity.kind === 'own' && plan.capacity.wattsPerGpu !== undefined;
    const idle = isStated
      ? formula`${wattsNode(e, watts)}`
      : gpuWatts(e, power(e, 'gpu_idle', 'board at rest over its rating', 'share'));
    return formula`${idle} * ${pueNode(e)} * ${gpus} * ${hoursNode(e)} / 1000`;
  });
}

/** Undefined where the card lists no power. */
export function energyNode(e: Explaining): string | undefined {
  const { plan, power: use } = e.facts;
  const watts = powerPerGpu(plan, use.boardMean);
  const gpus = gpusNode(e);
  const value = monthEnergyKwh(plan, e.table.get(gpus).value, use.boardMean);
  if (watts === undefined || value === undefined) return undefined;
  const quantity = { id: 'energy_kwh_per_month', label: 'energy at the meter', unit: 'kWh/month', value };
  return e.table.computed(quantity, () => {
    return formula`${wattsNode(e, watts)} * ${pueNode(e)} * ${gpus} * ${hoursNode(e)} / 1000`;
  });
}
