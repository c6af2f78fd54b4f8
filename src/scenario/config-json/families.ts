/** What a `model_type` says that its configuration leaves to the library's defaults. */
export interface Family {
  /** Matrices of a feed-forward layer. */
  matrices: 2 | 3;
  /** Whether head and embedding table are one where the configuration does not say. */
  tied: boolean;
  /** Feed-forward layers are four times as wide as the model where no width is given. */
  fourfold?: boolean;
  /** One layer in so many sees everything, where no list of layers says it. */
  fullEvery?: number;
  /** A window in the configuration holds for all layers. */
  windowed?: boolean;
  /** Queries come with a gate of their size. */
  gated?: boolean;
  /** Layers are given by another family's rules, see read-config.ts. */
  special?: 'falcon' | 'mpt' | 'llama4' | 'nemotron_h' | 'deepseek_v4' | 'kimi_linear' | 'qwen3_next';
}

const PLAIN: Family = { matrices: 3, tied: false };
const TWO: Family = { matrices: 2, tied: true, fourfold: true };
const HYBRID: Family = { ...PLAIN, fullEvery: 4, gated: true, special: 'qwen3_next' };

/**
 * Families by `model_type`, with the defaults of their configuration class.
 * @source Hugging Face transformers, `configuration_*.py` of each family
 */
export const FAMILIES: Readonly<Record<string, Family>> = {
  llama: PLAIN,
  mistral: { ...PLAIN, windowed: true },
  ministral: { ...PLAIN, windowed: true },
  mixtral: { ...PLAIN, windowed: true },
  qwen2: PLAIN,
  qwen2_moe: PLAIN,
  qwen3: PLAIN,
  qwen3_moe: PLAIN,
  qwen3_vl_text: PLAIN,
  qwen3_vl_moe_text: PLAIN,
  qwen2_5_vl_text: PLAIN,
  phi3: { ...PLAIN, windowed: true },
  phimoe: { ...PLAIN, windowed: true },
  seed_oss: PLAIN,
  granite: PLAIN,
  glm: PLAIN,
  glm4: PLAIN,
  olmo2: PLAIN,
  internlm2: PLAIN,
  gemma: { ...PLAIN, tied: true },
  gemma2: { ...PLAIN, tied: true, fullEvery: 2 },
  gemma3_text: { ...PLAIN, tied: true, fullEvery: 6 },
  cohere: { ...PLAIN, tied: true },
  cohere2: { ...PLAIN, tied: true, fullEvery: 4 },
  gpt_oss: { ...PLAIN, fullEvery: 2 },
  minimax_m2: PLAIN,
  glm4_moe: PLAIN,
  deepseek_v2: PLAIN,
  deepseek_v3: PLAIN,
  deepseek_v32: PLAIN,
  kimi_k2: PLAIN,
  kimi_k25: PLAIN,
  glm_moe_dsa: PLAIN,
  llama4_text: { ...PLAIN, special: 'llama4' },
  qwen3_next: HYBRID,
  qwen3_5_text: HYBRID,
  qwen3_5_moe_text: HYBRID,
  nemotron_h: { matrices: 2, tied: false, special: 'nemotron_h' },
  deepseek_v4: { ...PLAIN, special: 'deepseek_v4' },
  kimi_linear: { ...PLAIN, special: 'kimi_linear' },
  opt: TWO,
  bloom: TWO,
  mpt: { ...TWO, special: 'mpt' },
  falcon: { ...TWO, special: 'falcon' },
  gptj: { ...TWO, tied: false },
  gpt_neox: { ...TWO, tied: false },
};

/** Configurations that hold a text model beside others, by the family of the text model where that is not named. */
export const WRAPPERS: Readonly<Record<string, string>> = {
  llama4: 'llama4_text',
  gemma3: 'gemma3_text',
  mistral3: 'mistral',
  qwen2_5_vl: 'qwen2_5_vl_text',
  qwen3_vl: 'qwen3_vl_text',
  qwen3_vl_moe: 'qwen3_vl_moe_text',
  qwen3_5: 'qwen3_5_text',
  qwen3_5_moe: 'qwen3_5_moe_text',
  kimi_k25: 'kimi_k25',
};
