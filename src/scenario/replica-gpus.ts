import type { Parallelism, ServingPlan } from './plan.ts';

/** Instances of the engine that make one replica: one, or those of both pools. */
export function replicaInstances({ scheduling }: Pick<ServingPlan, 'scheduling'>): number {
  if (scheduling.kind !== 'disaggregated') return 1;
  const { prefillInstances, decodeInstances } = scheduling;
  if (prefillInstances === 'auto' || decodeInstances === 'auto') {
    throw new RangeError('the pools of a replica must be settled before its GPUs are counted');
  }
  return prefillInstances + decodeInstances;
}

/** GPUs that one instance takes. */
export function instanceGpus(layout: Parallelism): number {
  return layout.tensorParallel * layout.pipelineParallel * layout.attentionDataParallel;
}

/** "TP8", "TP8 EP8", "TP4 PP2", "DP8 EP8": what is not 1, and a tensor parallelism unless ranks stand alone. */
export function layoutName(layout: Parallelism): string {
  const { tensorParallel, pipelineParallel, expertParallel, attentionDataParallel } = layout;
  const parts = [
    tensorParallel > 1 || attentionDataParallel === 1 ? `TP${tensorParallel}` : '',
    attentionDataParallel > 1 ? `DP${attentionDataParallel}` : '',
    pipelineParallel > 1 ? `PP${pipelineParallel}` : '',
    expertParallel > 1 ? `EP${expertParallel}` : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** GPUs that one replica takes. */
export function replicaGpus(serving: Parallelism & Pick<ServingPlan, 'scheduling'>): number {
  return instanceGpus(serving) * replicaInstances(serving);
}
