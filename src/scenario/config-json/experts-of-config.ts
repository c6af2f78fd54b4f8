import type { ModelCard } from '../../schema/model.ts';
import type { ConfigFields } from './config-fields.ts';
import type { Family } from './families.ts';

const EXPERTS = ['num_local_experts', 'num_experts', 'n_routed_experts'] as const;

/** Every how many layers experts stand, by the name that each family gives it. */
function stepOf(config: ConfigFields): number {
  return config.maybe('interleave_moe_layer_step', 'decoder_sparse_step', 'moe_layer_freq') ?? 1;
}

/** Layers with experts, where they are not all those after the first dense ones. */
function layersOf(config: ConfigFields, family: Family, layers: number, firstDense: number): number | undefined {
  if (config.list('mlp_only_layers')?.length) {
    config.refuse('mlp_only_layers', 'single dense layers among those with experts are not understood');
  }
  const step = stepOf(config);
  if (step < 1 || step > layers) config.refuse('decoder_sparse_step', 'expected a number of layers');
  if (step <= 1 || family.special === 'nemotron_h') return undefined;
  if (firstDense > 0) config.refuse('first_k_dense_replace', 'first dense layers beside a step are not understood');
  return Math.floor(layers / step);
}

/** Experts of a model, or undefined of a dense one. */
export function expertsOfConfig(config: ConfigFields, family: Family, layers: number): ModelCard['moe'] {
  const experts = config.maybe(...EXPERTS);
  if (experts === undefined || experts < 2) return undefined;
  const firstDense = config.maybe('first_k_dense_replace') ?? 0;
  const each = config.count('moe_intermediate_size', 'intermediate_size');
  // Llama 4 has one shared expert and no field for it; Qwen gives the size of one.
  const sharedSize = config.maybe('shared_expert_intermediate_size', 'moe_shared_expert_intermediate_size');
  const given = config.maybe('n_shared_experts', 'num_shared_experts');
  const shared = given ?? (family.special === 'llama4' || (sharedSize ?? 0) > 0 ? 1 : 0);
  const withExperts = layersOf(config, family, layers, firstDense);
  const latent = config.maybe('moe_latent_size');
  return {
    experts,
    experts_per_token: config.count('num_experts_per_tok', 'num_experts_per_token', 'experts_per_token'),
    expert_intermediate_size: each,
    shared_experts: shared,
    ...(shared > 0 ? { shared_expert_intermediate_size: sharedSize || each } : {}),
    first_dense_layers: firstDense,
    ...(withExperts === undefined ? {} : { layers: withExperts }),
    ...(latent === undefined ? {} : { latent_size: latent }),
  };
}
