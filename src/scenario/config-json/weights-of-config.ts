import type { Component, WeightFormat } from '../../schema/model.ts';
import { type ConfigFields, type Fields, isFields } from './config-fields.ts';

/** What a checkpoint is stored in, and the parts that it leaves in 16 bits. */
export interface StoredWeights {
  native: WeightFormat;
  sixteenBit: Component[];
}

/** Parts by what their modules are called in the list of those left out. */
const MODULES: readonly [RegExp, Component][] = [
  [/lm_head/, 'head'],
  [/embed/, 'embedding'],
  [/linear_attn|mixer|mamba/, 'linear_attention'],
  [/self_attn|attention|attn/, 'attention'],
  [/router|mlp\.gate(?!_)|^gate$|\.gate$/, 'router'],
  [/shared_expert/, 'shared_experts'],
  [/experts/, 'experts'],
  [/mlp.*_proj|mlp\.\*/, 'dense_ffn'],
];

function dtypeOf(config: ConfigFields): WeightFormat {
  const formats: Record<string, WeightFormat> = { bfloat16: 'bf16', float16: 'fp16', float32: 'fp32' };
  const named = config.text('dtype', 'torch_dtype');
  if (named === undefined) return 'bf16';
  const format = formats[named.replace('torch.', '')];
  if (format !== undefined) return format;
  config.refuse(config.has('dtype') ? 'dtype' : 'torch_dtype', 'not a format that is understood');
  return 'bf16';
}

function byBits(bits: unknown, type: unknown, group: unknown): WeightFormat | undefined {
  if (bits === 8) return type === 'float' ? 'fp8' : 'int8';
  if (bits !== 4) return undefined;
  if (type !== 'float') return 'int4';
  return group === 32 ? 'mxfp4' : 'nvfp4';
}

/** The first group of a compressed-tensors checkpoint; several with different formats are refused. */
function compressedTensors(block: Fields): WeightFormat | undefined {
  const groups = isFields(block['config_groups']) ? Object.values(block['config_groups']) : [];
  const formats = groups.map((group) => {
    const weights = isFields(group) && isFields(group['weights']) ? group['weights'] : {};
    return byBits(weights['num_bits'], weights['type'], weights['group_size']);
  });
  return new Set(formats).size === 1 ? formats[0] : undefined;
}

function quantised(block: Fields): WeightFormat | undefined {
  const bits = block['bits'] ?? block['w_bit'];
  switch (block['quant_method']) {
    case 'fp8':
    case 'fbgemm_fp8':
      return 'fp8';
    case 'mxfp4':
      return 'mxfp4';
    case 'awq':
    case 'gptq':
      return byBits(bits, 'int', undefined);
    case 'bitsandbytes':
      return block['load_in_8bit'] === true ? 'int8' : block['load_in_4bit'] === true ? 'int4' : undefined;
    case 'compressed-tensors':
      return compressedTensors(block);
    case 'modelopt':
      return ({ FP8: 'fp8', NVFP4: 'nvfp4' } as const)[String(block['quant_algo'])];
    default:
      return undefined;
  }
}

function leftOut(block: Fields): Set<Component> {
  const lists = [block['modules_to_not_convert'], block['ignore'], block['exclude_modules']];
  const names = lists.flatMap((list) => (Array.isArray(list) ? list : [])).filter((name) => typeof name === 'string');
  const found = new Set<Component>();
  for (const name of names.slice(0, 10_000)) {
    const part = MODULES.find(([pattern]) => pattern.test(name.slice(0, 200)));
    if (part !== undefined) found.add(part[1]);
  }
  return found;
}

/**
 * What the weights are stored in. Embedding table and head stay in 16 bits in every quantised checkpoint that engines
 * load, and so do routers; what else does, the list of modules left out says.
 */
export function weightsOfConfig(config: ConfigFields, whole: ConfigFields, hasExperts: boolean): StoredWeights {
  const usual: Component[] = hasExperts ? ['embedding', 'head', 'router'] : ['embedding', 'head'];
  const dtype = dtypeOf(config);
  const block = whole.block('quantization_config') ?? config.block('quantization_config');
  if (block === undefined) return { native: dtype, sixteenBit: usual };
  const format = quantised(block);
  if (format === undefined) config.refuse('quantization_config', 'not a way to quantise that is understood');
  return { native: format ?? dtype, sixteenBit: [...new Set([...usual, ...leftOut(block)])] };
}
