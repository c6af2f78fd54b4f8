import { billedGpus } from '../../cost/capacity-cost.ts';
import { sizedUtilization } from '../../fleet/capacity.ts';
import { offeredRate, peakOverMean, sizingOverMean } from '../../fleet/simulate-fleet.ts';
import type { Plan } from '../../scenario/plan.ts';
import { replicaGpus, replicaInstances } from '../../scenario/replica-gpus.ts';
import { requestsPerSession } from '../../scenario/session-moments.ts';
import { formula } from './explanation.ts';
import { instanceGpusNode } from './layout-nodes.ts';
import { cardFieldSource, cardOf, facilitySource, settingSource, statedSource } from './provenance.ts';
import { targetNode } from './replica-nodes.ts';
import { inputNode, outputNode } from './request-nodes.ts';
import type { Explaining } from './run-facts.ts';

function trafficSetting(e: Explaining, key: string, label: string, unit: string, value: number): string {
  const source = settingSource(e.origins, e.facts.plan, ['traffic', key]);
  return e.table.stated({ id: key, label, unit, value }, source);
}

export function hoursNode(e: Explaining): string {
  const { plan } = e.facts;
  return e.table.stated(
    { id: 'hours_per_month', label: 'hours of a month', unit: 'h', value: plan.hoursPerMonth },
    settingSource(e.origins, plan, ['hours_per_month']),
  );
}

function loadFormula(e: Explaining, plan: Plan) {
  const { load } = plan.traffic;
  const { traffic } = e.origins.scenario;
  switch (load.kind) {
    case 'requests': {
      if (traffic.sessions_per_day === undefined) {
        return formula`${trafficSetting(e, 'requests_per_day', 'requests a day', '1/d', load.perDay)} / 86400`;
      }
      const sessions = trafficSetting(e, 'sessions_per_day', 'sessions a day', '1/d', traffic.sessions_per_day);
      return formula`${sessions} * ${sessionRequestsNode(e)} / 86400`;
    }
    case 'tokens': {
      const tokens = trafficSetting(e, 'tokens_per_day', `${load.count} tokens a day`, 'token/d', load.perDay);
      return load.count === 'output'
        ? formula`${tokens} / 86400 / ${outputNode(e)}`
        : formula`${tokens} / 86400 / (${inputNode(e)} + ${outputNode(e)})`;
    }
    case 'utilization': {
      const share = trafficSetting(e, 'utilization', 'load over what the fleet can do', 'share', load.share);
      return formula`${share} * ${replicasNode(e)} * ${targetNode(e)}`;
    }
    case 'closed':
      throw new RangeError('a fleet is not sized by users who wait');
  }
}

function sessionRequestsNode(e: Explaining): string {
  const { plan } = e.facts;
  const quantity = { id: 'requests_per_session', label: 'requests of a session, mean', unit: '' };
  const place = e.origins.placeOf(['traffic', 'session']) ?? 'traffic.session';
  return e.table.found({ ...quantity, value: requestsPerSession(plan.traffic) }, () => ({
    method: `sum over the turns of the session at ${place} of the chance that it gets there`,
    inputs: [],
  }));
}

/** Requests a second, on average over the week. */
export function offeredRateNode(e: Explaining): string {
  const { plan, envelope } = e.facts;
  const quantity = { id: 'offered_per_second', label: 'requests a second, weekly mean', unit: '1/s' };
  return e.table.computed({ ...quantity, value: offeredRate(plan, envelope) }, () => loadFormula(e, plan));
}

export function offeredNode(e: Explaining): string {
  const quantity = { id: 'offered_requests', label: 'requests of the month', unit: '1/month' };
  return e.table.computed(
    { ...quantity, value: e.facts.first.result.traffic.offered },
    () => formula`${offeredRateNode(e)} * 3600 * ${hoursNode(e)}`,
  );
}

/** What the fleet is sized for, over the mean load. */
function sizingNode(e: Explaining): string {
  const { plan } = e.facts;
  const value = sizingOverMean(plan);
  if (value !== peakOverMean(plan)) {
    return e.table.stated(
      { id: 'sizing_over_mean', label: 'sized for the mean load', unit: '', value },
      {
        basis: 'definition',
        ref: 'requests queue and no latency is promised: the backlog only has to be gone within the week',
      },
    );
  }
  const { shape } = e.origins.scenario.traffic;
  const isCard = typeof shape === 'string' && shape !== 'constant';
  const source = isCard
    ? cardFieldSource(cardOf(e.origins, 'traffic', shape), 'hours')
    : settingSource(e.origins, plan, ['traffic', 'shape']);
  const note = 'the largest of its hours over their mean';
  const quantity = { id: 'busiest_hour_over_mean', label: 'busiest hour over the weekly mean', unit: '', value };
  return e.table.stated(quantity, { ...source, note: `${note}, ${source.note ?? 'given as a list'}` });
}

/** Requests a second that the fleet is sized for. */
export function peakRateNode(e: Explaining): string {
  const { plan, envelope } = e.facts;
  const value = offeredRate(plan, envelope) * sizingOverMean(plan);
  return e.table.computed(
    { id: 'sized_per_second', label: 'requests a second that the fleet is sized for', unit: '1/s', value },
    () => formula`${offeredRateNode(e)} * ${sizingNode(e)}`,
  );
}

/** The failure rate and the mixture of repairs that a replica's availability follows from. */
function failureFormula(e: Explaining) {
  const { failures } = cardOf(e.origins, 'facility', e.origins.scenario.facility);
  const fact = (key: string, label: string, value: number, unit = '') =>
    e.table.stated(
      { id: `failures_${key}`, label, unit, value },
      facilitySource(e.origins, key.startsWith('repair') ? 'failures.repairs' : `failures.${key}`),
    );
  const rate = fact('per_1000_node_days', 'failures in 1000 days of a node', failures.per_1000_node_days);
  const gpus = fact('gpus_per_node', 'GPUs of a node', failures.gpus_per_node);
  const value = failures.repairs.reduce((sum, repair) => sum + repair.share * repair.duration, 0);
  const repair = e.table.computed({ id: 'repair_hours', label: 'hours of a repair, mean', unit: 'h', value }, () =>
    failures.repairs
      .map((one, i) => {
        const share = fact(`repair_share_${i + 1}`, `share: ${one.what}`, one.share, 'share');
        return formula`${share} * ${fact(`repair_hours_${i + 1}`, `time: ${one.what}`, one.duration, 'h')}`;
      })
      .reduce((sum, part) => formula`${sum} + ${part}`),
  );
  return formula`1 / (1 + ${rate} / 1000 / 24 / ${gpus} * ${instanceGpusNode(e)} * ${repair})`;
}

/** Share of time that one replica is up; on spot capacity, that of its machines and that of keeping its instances. */
export function replicaAvailabilityNode(e: Explaining): string {
  const { plan } = e.facts;
  const value = plan.reliability?.replicaAvailability ?? 1;
  const quantity = { id: 'replica_availability', label: 'share of time that a replica is up', unit: 'share', value };
  const spot = plan.capacity.kind === 'rent' ? plan.capacity.spot : undefined;
  if (spot === undefined) return machineAvailabilityNode(e, quantity);
  return e.table.computed(quantity, () => {
    const lost = (key: string, label: string, unit: string, amount: number) =>
      e.table.stated(
        { id: `spot_${key}`, label, unit, value: amount },
        settingSource(e.origins, plan, ['capacity', 'rent', 'spot', key]),
      );
    const losses = lost('losses_per_hour', 'losses of a spot instance', '1/h', spot.lossesPerHour);
    const recovery = lost('recovery', 'time until another serves', 'h', spot.recoveryHours);
    const downPerUp =
      spot.lossesPerHour * spot.recoveryHours * Math.ceil(e.table.get(instanceGpusNode(e)).value / unitOf(e));
    const machines = machineAvailabilityNode(e, {
      id: 'machine_availability',
      label: 'the same without losses of spot capacity',
      unit: 'share',
      value: value * (1 + downPerUp),
    });
    return formula`${machines} / (1 + ${losses} * ceil(${instanceGpusNode(e)} / ${billingUnitNode(e)}) * ${recovery})`;
  });
}

function unitOf(e: Explaining): number {
  return e.table.get(billingUnitNode(e)).value;
}

/** Share of time that the machines of a replica work. */
function machineAvailabilityNode(e: Explaining, quantity: { id: string; label: string; unit: string; value: number }) {
  const { plan, origins } = { ...e, ...e.facts };
  const path = ['reliability', 'replica_availability'];
  if (origins.scenario.reliability === undefined)
    return e.table.stated(quantity, settingSource(origins, plan, ['reliability']));
  const stated = statedSource(origins, path);
  return stated === undefined ? e.table.computed(quantity, () => failureFormula(e)) : e.table.stated(quantity, stated);
}

/** Replicas that what the fleet is sized for needs, without redundancy. */
export function neededNode(e: Explaining): string {
  const { plan, first } = e.facts;
  const quantity = {
    id: 'needed_replicas',
    label: 'replicas needed at the busiest',
    unit: '',
    value: first.size.needed,
  };
  return e.table.computed(quantity, () => {
    const peak = peakRateNode(e);
    if (e.table.get(peak).value <= 0) return formula`ceil(${peak})`;
    const share = sizedUtilization(plan) === 1 ? formula`` : formula` / ${targetUtilizationNode(e)}`;
    const own = formula`max(1, ceil(${peak} / ${targetNode(e)}${share} - 1e-9))`;
    return plan.traffic.overflow === 'api' && !isSized(e) ? formula`min(${replicasNode(e)}, ${own})` : own;
  });
}

function targetUtilizationNode(e: Explaining): string {
  const { plan } = e.facts;
  return e.table.stated(
    {
      id: 'target_utilization',
      label: 'share of a replica that the busiest hour may use',
      unit: 'share',
      value: plan.serving.targetUtilization,
    },
    settingSource(e.origins, plan, ['serving', 'target_utilization']),
  );
}

/** Whether the number of replicas follows from the load. */
function isSized({ facts: { plan } }: Explaining): boolean {
  return plan.serving.replicas === 'auto' && plan.traffic.load.kind !== 'utilization';
}

export function replicasNode(e: Explaining): string {
  const { plan, first } = e.facts;
  const quantity = { id: 'replicas', label: 'replicas, redundancy included', unit: '', value: first.size.replicas };
  if (plan.serving.replicas !== 'auto') {
    return e.table.stated(quantity, settingSource(e.origins, plan, ['serving', 'replicas']));
  }
  return e.table.computed(quantity, () => {
    const needed = isSized(e) ? formula`max(1, ${neededNode(e)})` : formula`1`;
    const target = plan.reliability?.targetAvailability;
    const zones = plan.reliability?.zones ?? 1;
    if (target === undefined && zones === 1) return needed;
    const asked =
      target === undefined
        ? formula`0`
        : formula`${e.table.stated(
            { id: 'target_availability', label: 'availability asked for', unit: 'share', value: target },
            settingSource(e.origins, plan, ['reliability', 'availability']),
          )}`;
    const inZones = e.table.stated(
      { id: 'zones', label: 'zones', unit: '', value: zones },
      settingSource(e.origins, plan, ['reliability', 'zones']),
    );
    return formula`fewest(${needed}, ${replicaAvailabilityNode(e)}, ${asked}, ${inZones})`;
  });
}

export function availabilityNode(e: Explaining): string {
  const { first } = e.facts;
  const quantity = { id: 'availability', label: 'share of time with enough replicas up', unit: 'share' };
  return e.table.computed({ ...quantity, value: first.size.availability }, () => {
    const needed = isSized(e) ? formula`max(1, ${neededNode(e)})` : formula`${neededNode(e)}`;
    return formula`atLeast(${replicasNode(e)}, ${needed}, ${replicaAvailabilityNode(e)})`;
  });
}

/** GPUs of one replica. */
export function replicaGpusNode(e: Explaining): string {
  const { plan } = e.facts;
  const quantity = { id: 'gpus_per_replica', label: 'GPUs of a replica', unit: 'GPU' };
  return e.table.computed({ ...quantity, value: replicaGpus(plan.serving) }, () => {
    if (plan.serving.scheduling.kind !== 'disaggregated') return formula`${instanceGpusNode(e)}`;
    const instances = e.table.found(
      {
        id: 'instances_per_replica',
        label: 'instances of both pools',
        unit: '',
        value: replicaInstances(plan.serving),
      },
      () => ({ method: 'as stated; where left open, in proportion to the work of prompts and answers', inputs: [] }),
    );
    return formula`${instanceGpusNode(e)} * ${instances}`;
  });
}

/** GPUs that are rented or bought together. */
export function billingUnitNode(e: Explaining): string {
  const { plan, origins } = { ...e, ...e.facts };
  const { rent, own } = origins.scenario.capacity;
  const { capacity } = plan;
  if (capacity.kind === 'own') {
    const quantity = { id: 'gpus_per_node', label: 'GPUs of a node', unit: 'GPU', value: capacity.gpusPerNode };
    const card = own?.node === undefined ? undefined : cardFieldSource(cardOf(origins, 'node', own.node), 'gpus');
    return e.table.stated(quantity, settingSource(origins, plan, ['capacity', 'own', 'gpus_per_node'], card));
  }
  const stated =
    statedSource(origins, ['capacity', 'rent', 'gpus_per_instance']) ??
    statedSource(origins, ['capacity', 'rent', 'billing_unit']);
  const card =
    rent?.id === undefined ? undefined : cardFieldSource(cardOf(origins, 'rental', rent.id), 'gpus_per_instance');
  const quantity = { id: 'gpus_per_billing_unit', label: 'GPUs rented together', unit: 'GPU' };
  return e.table.stated(
    { ...quantity, value: capacity.gpusPerBillingUnit },
    stated ?? card ?? { basis: 'default', ref: 'each GPU is rented by itself' },
  );
}

export function gpusNode(e: Explaining): string {
  const { plan, first } = e.facts;
  const quantity = { id: 'gpus', label: 'GPUs billed', unit: 'GPU', value: billedGpus(plan, first.size.replicas) };
  return e.table.computed(quantity, () => {
    const unit = billingUnitNode(e);
    return formula`ceil(${replicasNode(e)} * ${replicaGpusNode(e)} / ${unit} - 1e-9) * ${unit}`;
  });
}
