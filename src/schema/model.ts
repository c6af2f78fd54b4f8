import * as z from 'zod';
import { cardId, count, name, number, sources } from './fields.ts';

/** The formats weights are stored in. Bits per weight, scales included, stand in model/precision.ts. */
export const weightFormat = z.enum(['fp32', 'bf16', 'fp16', 'fp8', 'int8', 'int4', 'nvfp4', 'mxfp4']);
export type WeightFormat = z.infer<typeof weightFormat>;

export const kvFormat = z.enum(['bf16', 'fp16', 'fp8', 'int8']);
export type KvFormat = z.infer<typeof kvFormat>;

/** The parts of a model that a quantised checkpoint may leave in 16 bits. */
export const component = z.enum(['embedding', 'head', 'attention', 'router', 'dense_ffn', 'shared_experts', 'experts']);
export type Component = z.infer<typeof component>;

/** Multi-head latent attention: the cache holds one compressed vector per token for all heads (DeepSeek-V2, 2024). */
const latentAttention = z.strictObject({
  q_lora_rank: count({ min: 0, max: 1e5 }),
  kv_lora_rank: count({ min: 1, max: 1e5 }),
  qk_nope_head_dim: count({ min: 1, max: 4096 }),
  qk_rope_head_dim: count({ min: 0, max: 4096 }),
  v_head_dim: count({ min: 1, max: 4096 }),
});

const slidingAttention = z.strictObject({
  window: count({ min: 1, max: 1e7 }),
  layers: count({ min: 1, max: 2000 }),
});

const mixtureOfExperts = z.strictObject({
  experts: count({ min: 2, max: 4096 }),
  experts_per_token: count({ min: 1, max: 512 }),
  expert_intermediate_size: count({ min: 1, max: 1e6 }),
  shared_experts: count({ min: 0, max: 64 }).default(0),
  shared_expert_intermediate_size: count({ min: 1, max: 1e6 }).optional(),
  first_dense_layers: count({ min: 0, max: 2000 }).default(0),
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
