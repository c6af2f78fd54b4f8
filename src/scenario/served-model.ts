import type { ModelCard, WeightFormat } from '../schema/model.ts';
import type { Problem } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { ServedModel } from './plan.ts';

type Serving = Scenario['serving'];

/** The format of most layers, which names the whole. */
export function mainFormat(weights: Serving['weights']): WeightFormat | undefined {
  if (!Array.isArray(weights)) return weights;
  return weights.toSorted((a, b) => b.layers - a.layers)[0]?.format;
}

/** What the physics of a feature does not reach, by the key that asks for it. */
function problemsOf(serving: Serving, model: ModelCard): Problem[] {
  const problems: Problem[] = [];
  const refuse = (key: keyof Serving, message: string) => problems.push({ path: ['serving', key], message });
  if (Array.isArray(serving.weights)) {
    const sum = serving.weights.reduce((total, { layers }) => total + layers, 0);
    if (sum !== model.layers) refuse('weights', `these are ${sum} layers, the model has ${model.layers}`);
  }
  const isPlain = model.mla === undefined && model.linear === undefined && model.compressed === undefined;
  if (serving.adapters !== undefined && !isPlain) {
    refuse('adapters', 'adapters are known for plain attention, not for latent, compressed or linear');
  }
  const alone = serving.pipeline_parallel === 1 && serving.attention_data_parallel === 1;
  if (serving.early_exit !== undefined && (serving.speculation !== undefined || !alone)) {
    refuse('early_exit', 'goes with one tensor-parallel group and without speculation only');
  }
  if (serving.prefix_cache && model.linear !== undefined) {
    refuse('prefix_cache', 'linear layers keep no state to begin a prompt from, so nothing of it can be shared');
  }
  return problems;
}

/** The model as it is served: stored layer by layer, with adapters, with part of its cache, leaving early. */
export function servedModel(serving: Serving, model: ModelCard, problems: Problem[]): ServedModel {
  problems.push(...problemsOf(serving, model));
  const { weights, adapters, kv_cache_kept: kept, early_exit: exit } = serving;
  return {
    ...model,
    ...(Array.isArray(weights) ? { precision: weights } : {}),
    ...(adapters === undefined ? {} : { adapters }),
    ...(kept === undefined ? {} : { kvKept: kept }),
    ...(exit === undefined ? {} : { earlyExit: exit }),
  };
}
