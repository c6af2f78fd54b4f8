import * as z from 'zod';
import { cardId, count, name, number, quantity, share, sources } from './fields.ts';
import { kvFormat } from './model.ts';

const seconds = quantity('s', '0.3 ms', { min: 0, max: 100 });

/**
 * How an engine turns a card's memory into KV room.
 *
 * of_card: fraction of the whole card, weights included (vLLM). of_free: fraction of what is left after the weights
 * (TensorRT-LLM).
 */
const memoryRule = z.strictObject({
  rule: z.enum(['of_card', 'of_free']),
  fraction: share(),
  /** Activations, graphs and library buffers taken before the KV pool, per GPU. */
  workspace: quantity('B', '2 GB', { min: 0, max: 1e12 }),
});

export const engineCard = z.strictObject({
  id: cardId(),
  name: name(),
  aliases: z.array(name()).default([]),
  version: name(),
  /** A hard maximum with nothing lost: results are labelled an upper bound. */
  upper_bound: z.boolean().default(false),
  memory: memoryRule,
  block_tokens: count({ min: 1, max: 4096 }),
  max_batch: count({ min: 1, max: 1e6 }),
  token_budget: count({ min: 1, max: 1e7 }),
  /** The defaults an engine takes on cards with less memory than this, where they differ. */
  small_cards: z
    .strictObject({
      below: quantity('B', '70 GiB', { min: 0, max: 1e13 }),
      max_batch: count({ min: 1, max: 1e6 }),
      token_budget: count({ min: 1, max: 1e7 }),
    })
    .optional(),
  /** The cache's format beside weights in fp8 or nvfp4, where a published run does not name it. */
  quantized_kv_cache: kvFormat.optional(),
  /** Whether a request is admitted only if its cache has room at its longest (no eviction), not block by block. */
  reserves_longest: z.boolean().default(false),
  calibration: cardId(),
  host: z.strictObject({
    per_iteration: seconds,
    per_sequence: seconds,
    /** Fixed times of layers and collectives in this generation of software, relative to the calibration's. */
    launch_scale: number({ min: 0.1, max: 10 }).default(1),
    /** Its speed relative to what the shared efficiencies and its own times say; all step times are divided by it. */
    rate: number({ min: 0.05, max: 5 }).default(1),
    /** More per MoE layer whose weights the GPU has no units for, where the engine lacks one fused kernel for them. */
    unpacked_moe_layer: seconds.default(0),
    /**
     * What a server does with a request before its engine sees it: a latency of its own beside all others, and work
     * that its one process does request by request. It delays the first token and takes no time of the GPUs.
     */
    front_end: z.strictObject({ latency: seconds, per_request: seconds, per_prompt_token: seconds }).optional(),
  }),
  sources,
});
export type EngineCard = z.infer<typeof engineCard>;

/** Share of the nominal rate that the linear layers reach, by the width of what they move or compute in. */
const byWidth = z.strictObject({ bits_16: share(), bits_8: share(), bits_4: share() });

/**
 * Fitted efficiencies, few and shared. `combine` says how an operator's compute and memory times make one time: the
 * plain sum has no parameter and the measured rows hardly tell it from a smooth maximum; `max` is the roofline.
 */
export const calibrationCard = z.strictObject({
  id: cardId(),
  name: name(),
  combine: z.enum(['sum', 'max']),
  memory_efficiency: byWidth,
  compute_efficiency: share(),
  /** Share of the bf16 rate a GEMM reaches on weights that must be unpacked to 16 bits first. */
  unpacked_compute_efficiency: share(),
  /** Share of that which grouped GEMMs over experts reach. */
  expert_compute: share(),
  /** Whether a token's copies for its experts are moved through memory between kernels. */
  expert_activations: z.boolean(),
  /** Squared coefficient of variation of the experts' popularity; 0 is uniform routing. */
  expert_dispersion: number({ min: 0, max: 20 }),
  kv_memory_efficiency: share(),
  attention_compute_efficiency: share(),
  layer_overhead: seconds,
  moe_layer_overhead: seconds,
  /** More per dense layer computing in 4 bits, and per MoE layer computing in 8, where activations are scaled by block. */
  fp4_layer_overhead: seconds,
  fp8_moe_layer_overhead: seconds,
  /** Floor of a prefill iteration's layer, which runs without captured graphs. */
  eager_layer_floor: seconds,
  /** More of it in an MoE layer computing in 8 bits, whose block scaling is many small kernels. */
  eager_fp8_moe_layer_floor: seconds,
  all_reduce: z.strictObject({
    /** Time of one call at two GPUs, growing with log2 of the group by `growth` of itself. */
    latency: seconds,
    growth: number({ min: 0, max: 10 }),
    /** The same growth where every GPU reads all others' messages at once. */
    one_shot_growth: number({ min: 0, max: 10 }),
    /** Time of one call that the switch sums, whatever the group. */
    in_switch_latency: seconds,
    link_efficiency: share(),
    collectives: z.boolean(),
  }),
  expert_parallel: z.strictObject({
    /** Tokens of the fullest part of the experts, over what uniform routing would bring it. */
    skew: number({ min: 1, max: 10 }),
    /** Share of the link's or network's rate that point-to-point traffic reaches: all-to-all, hand-overs of stages. */
    exchange_efficiency: share(),
  }),
  /** Absorbed MLA decode runs on tiles of this many query heads; fewer are padded up to it. */
  mla_head_tile: count({ min: 1, max: 1024 }),
  /**
   * What a generation of GPUs reaches of the above, relative to what the efficiencies say: of memory rates, of compute
   * rates, and as a factor on the fixed times of layers and collectives. A generation not listed has factors of 1.
   */
  generations: z
    .record(
      name(),
      z.strictObject({
        memory: number({ min: 0.3, max: 2 }),
        compute: number({ min: 0.3, max: 2 }),
        fixed: number({ min: 0.2, max: 5 }),
      }),
    )
    .default({}),
  /** Expected |error| of a step time; widens every result until it is measured. */
  error: share({ min: 0, max: 5 }),
  /** What that error is, in the words a reader sees beside a price. */
  error_basis: name(),
  evidence: z.array(
    z.strictObject({ rows: count({ min: 0, max: 1e7 }), what: name(), median_error: share({ min: 0, max: 10 }) }),
  ),
  sources,
});
export type CalibrationCard = z.infer<typeof calibrationCard>;
