import type { ServingPlan } from './plan.ts';

/** Instances of the engine that make one replica: one, or those of both pools. */
export function replicaInstances({ scheduling }: Pick<ServingPlan, 'scheduling'>): number {
  if (scheduling.kind !== 'disaggregated') return 1;
  const { prefillInstances, decodeInstances } = scheduling;
  if (prefillInstances === 'auto' || decodeInstances === 'auto') {
    throw new RangeError('the pools of a replica must be settled before its GPUs are counted');
  }
  return prefillInstances + decodeInstances;
}

/** GPUs that one replica takes. */
export function replicaGpus(serving: Pick<ServingPlan, 'scheduling' | 'tensorParallel'>): number {
  return serving.tensorParallel * replicaInstances(serving);
}
