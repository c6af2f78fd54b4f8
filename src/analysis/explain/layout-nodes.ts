import { instanceGpus } from '../../scenario/replica-gpus.ts';
import { formula } from './explanation.ts';
import { settingSource } from './provenance.ts';
import type { Explaining } from './run-facts.ts';
import { tensorParallelNode } from './shape-nodes.ts';

type Split = 'pipeline_parallel' | 'expert_parallel' | 'attention_data_parallel';

const SPLITS: Record<Split, string> = {
  pipeline_parallel: 'stages that share the layers',
  expert_parallel: 'parts that the experts are dealt to',
  attention_data_parallel: 'copies of attention that share the experts',
};

export function splitNode(e: Explaining, split: Split): string {
  const { serving } = e.facts.plan;
  const value = {
    pipeline_parallel: serving.pipelineParallel,
    expert_parallel: serving.expertParallel,
    attention_data_parallel: serving.attentionDataParallel,
  }[split];
  const source = settingSource(e.origins, e.facts.plan, ['serving', split]);
  return e.table.stated({ id: split, label: SPLITS[split], unit: '', value }, source);
}

/** Whether one tensor-parallel group does it all: no stages, no ranks. */
export function isOneGroup({ facts: { plan } }: Explaining): boolean {
  return plan.serving.pipelineParallel === 1 && plan.serving.attentionDataParallel === 1;
}

/** How an instance lies on its GPUs. */
export function layoutNodes(e: Explaining): string[] {
  const splits = ['pipeline_parallel', 'expert_parallel', 'attention_data_parallel'] as const;
  return [tensorParallelNode(e), ...splits.map((split) => splitNode(e, split))];
}

/** GPUs of one instance of the engine. */
export function instanceGpusNode(e: Explaining): string {
  if (isOneGroup(e)) return tensorParallelNode(e);
  const quantity = { id: 'gpus_per_instance', label: 'GPUs of an instance', unit: 'GPU' };
  return e.table.computed(
    { ...quantity, value: instanceGpus(e.facts.plan.serving) },
    () =>
      formula`${tensorParallelNode(e)} * ${splitNode(e, 'pipeline_parallel')} * ${splitNode(e, 'attention_data_parallel')}`,
  );
}
