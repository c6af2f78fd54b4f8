import { didYouMean } from '../../math/edit-distance.ts';
import { inlineModel, type ModelCard, type WeightFormat } from '../../schema/model.ts';
import { InputError, type Problem } from '../../schema/problem.ts';
import { ConfigFields, isFields } from './config-fields.ts';
import { expertsOfConfig } from './experts-of-config.ts';
import { FAMILIES, type Family, WRAPPERS } from './families.ts';
import {
  compressedOfConfig,
  deltaOfKimi,
  gatedDeltaOfConfig,
  letteredLayers,
  mambaOfConfig,
  slidingOfConfig,
} from './layers-of-config.ts';
import { weightsOfConfig } from './weights-of-config.ts';

/** A model as its checkpoint's configuration describes it. */
export interface ConfiguredModel {
  model: ModelCard;
  native: WeightFormat;
}

type Shape = Partial<Record<keyof ModelCard, unknown>>;

/** KV heads, which old families count by a flag. */
function kvHeadsOf(config: ConfigFields, family: Family, heads: number): number {
  if (family.special === 'falcon' && config.flag('new_decoder_architecture') !== true) {
    return config.flag('multi_query') === false ? heads : 1;
  }
  return config.maybe('num_key_value_heads', 'num_kv_heads') ?? heads;
}

function baseOf(config: ConfigFields, family: Family): Shape & { layers: number } {
  const hidden = config.count('hidden_size', 'n_embd', 'd_model');
  const heads = config.count('num_attention_heads', 'n_head', 'n_heads');
  const rope = config.maybe('qk_rope_head_dim') ?? 0;
  const latent = config.has('kv_lora_rank') ? (config.maybe('qk_nope_head_dim') ?? 0) + rope : undefined;
  const widths = ['intermediate_size_mlp', 'intermediate_size', 'ffn_dim', 'n_inner', 'ffn_hidden_size'] as const;
  const width = config.maybe(...widths);
  const context = config.maybe(
    'max_position_embeddings',
    'n_positions',
    'max_seq_len',
    'seq_length',
    'model_max_length',
  );
  return {
    layers: config.count('num_hidden_layers', 'n_layer', 'n_layers'),
    hidden_size: hidden,
    intermediate_size:
      width ?? (family.fourfold ? 4 * hidden : config.count('intermediate_size', 'moe_intermediate_size')),
    vocab_size: config.count('vocab_size'),
    heads,
    kv_heads: kvHeadsOf(config, family, heads),
    head_dim: latent ?? config.maybe('head_dim') ?? Math.floor(hidden / Math.max(1, heads)),
    ffn_matrices: family.matrices,
    tied_embeddings: config.flag('tie_word_embeddings') ?? family.tied,
    ...(context === undefined ? {} : { max_context: context }),
  };
}

function latentOf(config: ConfigFields): ModelCard['mla'] {
  if (!config.has('kv_lora_rank')) return undefined;
  return {
    q_lora_rank: config.maybe('q_lora_rank') ?? 0,
    kv_lora_rank: config.count('kv_lora_rank'),
    qk_nope_head_dim: config.count('qk_nope_head_dim'),
    qk_rope_head_dim: config.count('qk_rope_head_dim'),
    v_head_dim: config.count('v_head_dim'),
  };
}

function sparseOf(config: ConfigFields): ModelCard['sparse'] {
  if (!config.has('index_topk')) return undefined;
  return {
    top_k: config.count('index_topk'),
    indexer_heads: config.count('index_n_heads'),
    indexer_dim: config.count('index_head_dim'),
  };
}

/** What kinds of layers there are, beside the widths. */
function layersOf(config: ConfigFields, family: Family, layers: number): Shape {
  switch (family.special) {
    case 'nemotron_h': {
      const { M, '*': attention, E, '-': dense } = letteredLayers(config);
      return { attention_layers: attention, ffn_layers: E + dense, linear: mambaOfConfig(config, M) };
    }
    case 'deepseek_v4':
      return { shared_key_value: true, compressed: compressedOfConfig(config, layers) };
    case 'kimi_linear':
      return { linear: deltaOfKimi(config), mla: latentOf(config) };
    case 'qwen3_next':
      return { linear: gatedDeltaOfConfig(config, family, layers), output_gate: true };
    default:
      return { sliding: slidingOfConfig(config, family, layers), mla: latentOf(config), sparse: sparseOf(config) };
  }
}

/** Nemotron 3 has as many layers of experts as letters say so; their number is not that of all layers. */
function expertsOf(config: ConfigFields, family: Family, layers: number): ModelCard['moe'] {
  const moe = expertsOfConfig(config, family, layers);
  if (moe === undefined || family.special !== 'nemotron_h') return moe;
  const { E, '-': dense } = letteredLayers(config);
  return dense === 0 ? moe : { ...moe, layers: E };
}

/** The text model's fields and family; a configuration of several models keeps them in a block of their own. */
function textModel(whole: ConfigFields, problems: Problem[]): { config: ConfigFields; family: Family } | undefined {
  const type = whole.text('model_type');
  const nested = whole.block('text_config');
  const config = nested === undefined ? whole : new ConfigFields(nested, problems);
  const named = (nested === undefined ? undefined : config.text('model_type')) ?? WRAPPERS[type ?? ''] ?? type;
  const known = named !== undefined && Object.hasOwn(FAMILIES, named) ? FAMILIES[named] : undefined;
  if (known !== undefined) return { config, family: known };
  const near = named === undefined ? '' : didYouMean(named, Object.keys(FAMILIES));
  whole.refuse('model_type', `not a kind of model that is understood${near}`);
  return undefined;
}

/**
 * The card that a Hugging Face `config.json` amounts to.
 *
 * @throws InputError with every field that is missing or not understood, by name
 */
export function modelOfConfig(parsed: unknown): ConfiguredModel {
  const problems: Problem[] = [];
  if (!isFields(parsed)) throw new InputError([{ path: [], message: 'expected the fields of a config.json' }]);
  const whole = new ConfigFields(parsed, problems);
  const text = textModel(whole, problems);
  if (text === undefined) throw new InputError(problems);
  const { config, family } = text;
  const base = baseOf(config, family);
  // A text model tied by its wrapper is tied all the same.
  const tied = config.flag('tie_word_embeddings') ?? whole.flag('tie_word_embeddings') ?? family.tied;
  const moe = expertsOf(config, family, base.layers);
  const { native, sixteenBit } = weightsOfConfig(config, whole, moe !== undefined);
  const shape = {
    ...base,
    tied_embeddings: tied,
    ...layersOf(config, family, base.layers),
    moe,
    sixteen_bit: sixteenBit,
  };
  const given = Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined));
  if (problems.length > 0) throw new InputError(problems);
  const checked = inlineModel.safeParse(given);
  if (checked.success) return { model: checked.data, native };
  throw new InputError(
    checked.error.issues.map(({ path, message }) => ({
      path: path.map(String),
      message: `${path.join('.')}: ${message}`,
    })),
  );
}
