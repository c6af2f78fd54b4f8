import type { Catalog } from '../catalog/catalog.ts';
import type { GpuCard } from '../schema/gpu.ts';
import type { ModelCard } from '../schema/model.ts';
import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { Defaults } from './defaults.ts';
import type { Parallelism, ServingPlan } from './plan.ts';
import { instanceGpus } from './replica-gpus.ts';

type Layout = Parallelism & Pick<ServingPlan, 'network'>;

/** Stands in where the name is at fault, which is reported elsewhere. */
const UNKNOWN_NETWORK = { bandwidth: 1, latency: 0 };

/** A network by its id or in full; an unknown id is reported by `referenceProblems`. */
export function networkOf(network: NonNullable<Scenario['serving']['network']>, catalog: Catalog) {
  const { bandwidth, latency } =
    typeof network === 'string' ? (catalog.find('network', network) ?? UNKNOWN_NETWORK) : network;
  return { bandwidth, latency };
}

/** What no engine starts with, whatever the GPUs. */
function layoutProblems(layout: Parallelism, model: ModelCard): Problem[] {
  const { tensorParallel, pipelineParallel, expertParallel, attentionDataParallel } = layout;
  const problems: Problem[] = [];
  const refuse = (key: string, message: string) => problems.push({ path: ['serving', key], message });
  if (pipelineParallel > model.layers) {
    refuse('pipeline_parallel', `${pipelineParallel} stages are more than the model's ${model.layers} layers`);
  }
  if (model.moe === undefined) {
    if (expertParallel > 1) refuse('expert_parallel', 'this model has no experts to deal out');
    if (attentionDataParallel > 1) {
      refuse('attention_data_parallel', 'ranks share experts and this model has none; give it more replicas instead');
    }
    return problems;
  }
  const group = tensorParallel * attentionDataParallel;
  if (group % expertParallel !== 0) {
    refuse(
      'expert_parallel',
      `${expertParallel} does not divide the ${group} GPUs that share a layer's experts (tensor_parallel x attention_data_parallel)`,
    );
  }
  if (model.moe.experts % expertParallel !== 0) {
    refuse('expert_parallel', `${model.moe.experts} experts cannot be dealt evenly to ${expertParallel} parts`);
  }
  return problems;
}

/** A replica of more GPUs than one link joins must say what joins the machines. */
function networkProblem(layout: Layout, gpu: GpuCard): Problem[] {
  const gpus = instanceGpus(layout);
  const linked = gpu.link?.gpus ?? 1;
  if (layout.network !== undefined || gpus <= linked || layout.tensorParallel === gpus) return [];
  const joins = gpu.link === undefined ? 'no link joins this GPU to others' : `this GPU's link joins ${linked}`;
  const message = `${gpus} GPUs a replica, and ${joins}: name the network between them, such as infiniband-ndr-400`;
  return [{ path: ['serving', 'network'], message }];
}

/**
 * How an instance of the engine lies on its GPUs.
 *
 * @param isBound whether GPUs are bound by what joins them: an ideal engine is not
 */
export function resolveLayout(
  scenario: Scenario,
  catalog: Catalog,
  model: ModelCard,
  gpu: GpuCard,
  isBound: boolean,
  defaults: Defaults,
  problems: Problem[],
): Layout {
  const { serving } = scenario;
  defaults.use('serving.tensor_parallel', serving.tensor_parallel, 'one GPU a replica');
  const layout: Layout = {
    tensorParallel: serving.tensor_parallel,
    pipelineParallel: serving.pipeline_parallel,
    expertParallel: serving.expert_parallel,
    attentionDataParallel: serving.attention_data_parallel,
    ...(serving.network === undefined ? {} : { network: networkOf(serving.network, catalog) }),
  };
  problems.push(...layoutProblems(layout, model), ...(isBound ? networkProblem(layout, gpu) : []));
  return layout;
}
