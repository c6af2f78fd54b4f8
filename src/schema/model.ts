import * as z from 'zod';
import { cardId, count, name, number, sources } from './fields.ts';

/** The formats weights are stored in. Bits per weight, scales included, stand in model/precision.ts. */
export const weightFormat = z.enum(['fp32', 'bf16', 'fp16', 'fp8', 'int8', 'int4', 'nvfp4', 'mxfp4']);
export type WeightFormat = z.infer<typeof weightFormat>;

export const kvFormat = z.enum(['bf16', 'fp16', 'fp8', 'int8']);
export type KvFormat = z.infer<typeof kvFormat>;

/** The parts of a model that a quantised checkpoint may leave in 16 bits. */
export const component = z.enum([
  'embedding',
  'head',
  'attention',
  'linear_attention',
  'router',
  'dense_ffn',
  'shared_experts',
  'experts',
]);
export type Component = z.infer<typeof component>;

/** Multi-head latent attention: the cache holds one compressed vector per token for all heads (DeepSeek-V2, 2024). */
const latentAttention = z.strictObject({
  q_lora_rank: count({ min: 0, max: 1e5 }),
  kv_lora_rank: count({ min: 1, max: 1e5 }),
  qk_nope_head_dim: count({ min: 1, max: 4096 }),
  qk_rope_head_dim: count({ min: 0, max: 4096 }),
  v_head_dim: count({ min: 1, max: 4096 }),
});

/** Layers that see no further back than a window. Their heads have the model's shape unless one is given here. */
const slidingAttention = z.strictObject({
  window: count({ min: 1, max: 1e7 }),
  layers: count({ min: 1, max: 2000 }),
  kv_heads: count({ min: 1, max: 4096 }).optional(),
  head_dim: count({ min: 1, max: 4096 }).optional(),
});

/** Layers that attend to the tokens an indexer selects (DeepSeek-V3.2, 2025), or that come in selected blocks. */
const sparseAttention = z.strictObject({
  top_k: count({ min: 1, max: 1e7 }),
  /** All that attend, unless said. */
  layers: count({ min: 1, max: 2000 }).optional(),
  indexer_heads: count({ min: 1, max: 4096 }).optional(),
  indexer_dim: count({ min: 1, max: 4096 }).optional(),
});

/** A cache whose entries stand for `ratio` tokens each, in lanes of layers, beside a window of single tokens (DeepSeek-V4). */
const compressedAttention = z.strictObject({
  window: count({ min: 1, max: 1e7 }),
  lanes: z
    .array(
      z.strictObject({
        ratio: count({ min: 1, max: 1e5 }),
        layers: count({ min: 1, max: 2000 }),
        /** Entries that the indexer selects; all are read where absent. */
        top_k: count({ min: 1, max: 1e7 }).optional(),
      }),
    )
    .min(1)
    .max(8),
  indexer_heads: count({ min: 1, max: 4096 }),
  indexer_dim: count({ min: 1, max: 4096 }),
  q_lora_rank: count({ min: 1, max: 1e5 }),
  o_lora_rank: count({ min: 1, max: 1e5 }),
  o_groups: count({ min: 1, max: 4096 }),
});

/** Layers that keep a state of constant size in place of a cache: linear attention and state spaces. */
const linearAttention = z.strictObject({
  kind: z.enum(['mamba2', 'gated_delta', 'kda']),
  layers: count({ min: 1, max: 2000 }),
  /** Of Mamba-2: its groups and its state size; heads and their size are those of the values. */
  key_heads: count({ min: 1, max: 4096 }),
  key_head_dim: count({ min: 1, max: 4096 }),
  value_heads: count({ min: 1, max: 4096 }),
  value_head_dim: count({ min: 1, max: 4096 }),
  conv_kernel: count({ min: 1, max: 64 }),
  /** What engines keep the state in. */
  state: z.enum(['fp32', 'bf16']),
});

const mixtureOfExperts = z.strictObject({
  experts: count({ min: 2, max: 4096 }),
  experts_per_token: count({ min: 1, max: 512 }),
  expert_intermediate_size: count({ min: 1, max: 1e6 }),
  shared_experts: count({ min: 0, max: 64 }).default(0),
  shared_expert_intermediate_size: count({ min: 1, max: 1e6 }).optional(),
  first_dense_layers: count({ min: 0, max: 2000 }).default(0),
  /** Layers with experts, where not all after the first dense ones have them. */
  layers: count({ min: 1, max: 2000 }).optional(),
  /** Experts work in a space this wide, which a token is projected into and out of. */
  latent_size: count({ min: 1, max: 1e6 }).optional(),
});

/**
 * The numbers of a Hugging Face `config.json` that decide memory, traffic and compute.
 *
 * `parameters` overrides the count that follows from the shape. A stated count stands for the whole model: all of it
 * is resident and all of it is streamed in every step, as in the field's 2·P FLOP per token.
 */
const modelShape = {
  name: name().optional(),
  parameters: number({ min: 1e5, max: 1e14 }).optional(),
  active_parameters: number({ min: 1e5, max: 1e14 }).optional(),
  layers: count({ min: 1, max: 2000 }),
  hidden_size: count({ min: 16, max: 1e6 }),
  intermediate_size: count({ min: 1, max: 1e7 }),
  vocab_size: count({ min: 2, max: 1e7 }),
  heads: count({ min: 1, max: 4096 }),
  kv_heads: count({ min: 1, max: 4096 }),
  head_dim: count({ min: 1, max: 4096 }),
  ffn_matrices: count({ min: 2, max: 3 }).default(3),
  tied_embeddings: z.boolean().default(false),
  mla: latentAttention.optional(),
  sliding: slidingAttention.optional(),
  moe: mixtureOfExperts.optional(),
  linear: linearAttention.optional(),
  sparse: sparseAttention.optional(),
  compressed: compressedAttention.optional(),
  /** Where a layer is a mixer or a feed-forward part: how many attend, and how many feed forward. */
  attention_layers: count({ min: 1, max: 2000 }).optional(),
  ffn_layers: count({ min: 1, max: 2000 }).optional(),
  /** One tensor serves as key and as value on full layers. */
  shared_key_value: z.boolean().optional(),
  /** Attention's output is gated by a projection as wide as the queries. */
  output_gate: z.boolean().optional(),
  max_context: count({ min: 16, max: 1e8 }).optional(),
  sixteen_bit: z.array(component).default([]),
};

const shapeObject = z.strictObject(modelShape);
export type ModelCard = z.infer<typeof shapeObject>;

/** What a config.json would not say: parts larger than the whole. */
function contradictions(model: ModelCard): { path: string[]; message: string }[] {
  const found: { path: string[]; message: string }[] = [];
  const most = (path: string[], value: number | undefined, limit: number | undefined, what: string) => {
    if (value !== undefined && limit !== undefined && value > limit) {
      found.push({ path, message: `${value} is more than ${what} ${limit}` });
    }
  };
  most(['kv_heads'], model.kv_heads, model.heads, 'the query heads,');
  most(['sliding', 'layers'], model.sliding?.layers, model.layers, 'all layers,');
  most(['linear', 'layers'], model.linear?.layers, model.layers - 1, 'what leaves one layer that attends,');
  most(['sparse', 'layers'], model.sparse?.layers, model.layers, 'all layers,');
  most(['moe', 'layers'], model.moe?.layers, model.layers, 'all layers,');
  most(['attention_layers'], model.attention_layers, model.layers - (model.linear?.layers ?? 0), 'what is left,');
  most(['ffn_layers'], model.ffn_layers, model.layers, 'all layers,');
  if (model.mla !== undefined && model.sliding !== undefined) {
    found.push({ path: ['sliding'], message: 'a window on latent attention is not understood' });
  }
  if (model.sparse !== undefined && model.sliding !== undefined) {
    found.push({ path: ['sparse'], message: 'selected tokens and a sliding window in one model are not understood' });
  }
  most(['moe', 'first_dense_layers'], model.moe?.first_dense_layers, model.layers - 1, 'what leaves one MoE layer,');
  most(['moe', 'experts_per_token'], model.moe?.experts_per_token, model.moe?.experts, 'all experts,');
  most(['active_parameters'], model.active_parameters, model.parameters, 'all parameters,');
  return found;
}

/** A card in a scenario. */
export const inlineModel = shapeObject.superRefine((model, context) => {
  for (const { path, message } of contradictions(model)) context.addIssue({ code: 'custom', path, message });
});
/** The fields of a card that physics reads. */
export const MODEL_FIELDS = Object.keys(modelShape);

export const modelCard = z
  .strictObject({
    id: cardId(),
    ...modelShape,
    name: name(),
    aliases: z.array(name()).default([]),
    released: z.string(),
    licence: name(),
    published_parameters: number({ min: 1e5, max: 1e14 }),
    published_active_parameters: number({ min: 1e5, max: 1e14 }).optional(),
    native_weights: weightFormat,
    sources,
  })
  .superRefine((model, context) => {
    for (const { path, message } of contradictions(model)) context.addIssue({ code: 'custom', path, message });
  });
