import type { ModelCard } from '../../schema/model.ts';
import type { ConfigFields } from './config-fields.ts';
import type { Family } from './families.ts';

/** Layers by what they do, as far as the configuration lists them. */
const LAYER_TYPES = ['full_attention', 'sliding_attention', 'chunked_attention', 'linear_attention'] as const;
type LayerType = (typeof LAYER_TYPES)[number];

function isLayerType(value: unknown): value is LayerType {
  return LAYER_TYPES.some((type) => type === value);
}

/** Layers of each type by `layer_types`, or undefined where there is no such list. */
function listedTypes(config: ConfigFields, layers: number): Record<LayerType, number> | undefined {
  const listed = config.list('layer_types')?.slice(0, layers);
  if (listed === undefined) return undefined;
  const counts = { full_attention: 0, sliding_attention: 0, chunked_attention: 0, linear_attention: 0 };
  for (const type of listed) {
    if (isLayerType(type)) counts[type] += 1;
    else config.refuse('layer_types', `holds a type of layer that is not understood; known: ${LAYER_TYPES.join(', ')}`);
  }
  if (listed.length < layers) config.refuse('layer_types', 'has fewer entries than there are layers');
  return counts;
}

/** Layers with a window, by the list, by the family's pattern, or all of them. */
export function slidingOfConfig(config: ConfigFields, family: Family, layers: number): ModelCard['sliding'] {
  const window = config.maybe('sliding_window', 'attention_chunk_size');
  const context = config.maybe('max_position_embeddings');
  if (window === undefined || config.flag('use_sliding_window') === false) return undefined;
  const listed = listedTypes(config, layers);
  const every = config.maybe('sliding_window_pattern') ?? (family.special === 'llama4' ? 4 : family.fullEvery);
  const patterned = every === undefined ? undefined : layers - Math.floor(layers / every);
  const all = family.windowed && window < (context ?? Number.POSITIVE_INFINITY) ? layers : 0;
  const counted = listed === undefined ? (patterned ?? all) : listed.sliding_attention + listed.chunked_attention;
  return counted === 0 ? undefined : { window, layers: counted };
}

/** Gated delta layers of Qwen3-Next and Qwen3.5: all but every fourth. */
export function gatedDeltaOfConfig(config: ConfigFields, family: Family, layers: number): ModelCard['linear'] {
  const every = config.maybe('full_attention_interval') ?? family.fullEvery ?? 4;
  const listed = listedTypes(config, layers)?.linear_attention;
  return {
    kind: 'gated_delta',
    layers: listed ?? layers - Math.floor(layers / Math.max(1, every)),
    key_heads: config.count('linear_num_key_heads'),
    key_head_dim: config.count('linear_key_head_dim'),
    value_heads: config.count('linear_num_value_heads'),
    value_head_dim: config.count('linear_value_head_dim'),
    conv_kernel: config.count('linear_conv_kernel_dim'),
    state: 'fp32',
  };
}

/** Kimi delta attention, whose layers `linear_attn_config` counts from 1. */
export function deltaOfKimi(config: ConfigFields): ModelCard['linear'] {
  const block = config.block('linear_attn_config');
  const whole = (name: string): number => {
    const value = block?.[name];
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
    config.refuse('linear_attn_config', `expected a whole number for ${name}`);
    return 1;
  };
  const listed = block?.['kda_layers'];
  if (!Array.isArray(listed)) config.refuse('linear_attn_config', 'expected a list for kda_layers');
  const [heads, dim] = [whole('num_heads'), whole('head_dim')];
  return {
    kind: 'kda',
    layers: Array.isArray(listed) ? listed.length : 1,
    key_heads: heads,
    key_head_dim: dim,
    value_heads: heads,
    value_head_dim: dim,
    conv_kernel: whole('short_conv_kernel_size'),
    state: 'fp32',
  };
}

/** Nemotron-H writes its layers as letters: M a Mamba-2 mixer, * attention, E experts, - a dense feed-forward part. */
export function letteredLayers(config: ConfigFields): Record<'M' | '*' | 'E' | '-', number> {
  const pattern = config.text('hybrid_override_pattern') ?? '';
  const counts = { M: 0, '*': 0, E: 0, '-': 0 };
  if (!/^[M*E-]{1,2000}$/.test(pattern)) {
    config.refuse('hybrid_override_pattern', 'expected one of M, *, E and - for each layer');
    return counts;
  }
  for (const letter of pattern) counts[letter as keyof typeof counts] += 1;
  return counts;
}

/** The Mamba-2 layers of such a model. */
export function mambaOfConfig(config: ConfigFields, layers: number): ModelCard['linear'] {
  return {
    kind: 'mamba2',
    layers,
    key_heads: config.count('n_groups'),
    key_head_dim: config.count('ssm_state_size'),
    value_heads: config.count('mamba_num_heads'),
    value_head_dim: config.count('mamba_head_dim'),
    conv_kernel: config.count('conv_kernel'),
    state: 'fp32',
  };
}

/** Lanes of DeepSeek V4 by the ratio each layer compresses at; 0 is a layer with its window alone. */
export function compressedOfConfig(config: ConfigFields, layers: number): ModelCard['compressed'] {
  const counts = new Map<number, number>();
  for (const ratio of config.list('compress_ratios')?.slice(0, layers) ?? []) {
    if (typeof ratio === 'number' && Number.isInteger(ratio) && ratio >= 0 && ratio <= 1e5) {
      if (ratio > 0) counts.set(ratio, (counts.get(ratio) ?? 0) + 1);
    } else config.refuse('compress_ratios', 'expected whole numbers');
  }
  const ratios = [...counts.keys()].sort((a, b) => a - b);
  if (ratios.length === 0) config.refuse('compress_ratios', 'expected the ratio of each layer');
  const top_k = config.count('index_topk');
  return {
    window: config.count('sliding_window'),
    // The finest ratio has too many entries to read them all: the indexer is for that one.
    lanes: ratios.map((ratio, i) => ({ ratio, layers: counts.get(ratio) as number, ...(i === 0 ? { top_k } : {}) })),
    indexer_heads: config.count('index_n_heads'),
    indexer_dim: config.count('index_head_dim'),
    q_lora_rank: config.count('q_lora_rank'),
    o_lora_rank: config.count('o_lora_rank'),
    o_groups: config.count('o_groups'),
  };
}
