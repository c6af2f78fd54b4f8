import { type KvFormat, kvFormat, type WeightFormat, weightFormat } from '../../schema/model.ts';
import { Skip } from './measured-row.ts';

/** Names of number formats in published tables, each with the format whose width and kernels it has. */
const NAMES: readonly [pattern: RegExp, format: WeightFormat][] = [
  [/nvfp4/, 'nvfp4'],
  [/mxfp4/, 'mxfp4'],
  [/w4a16|int4|awq|gptq|q4|4.?bit/, 'int4'],
  [/fp4/, 'nvfp4'],
  [/w8a8.*int8|int8|smoothquant|w8a16|q8/, 'int8'],
  [/fp8|e4m3|e5m2|w8a8/, 'fp8'],
  [/bf16|bfloat16/, 'bf16'],
  [/fp16|float16|half/, 'fp16'],
  [/fp32|float32/, 'fp32'],
];

/** Words that leave the format to the checkpoint. */
const UNSTATED = /^(auto|default|mixed|native|original|unknown|n\/?a|none)?$/i;

/** Whether a cell leaves the format to the checkpoint or the engine. */
export function isUnstated(name: string): boolean {
  return UNSTATED.test(name);
}

function formatNamed(name: string): WeightFormat | undefined {
  return NAMES.find(([pattern]) => pattern.test(name.toLowerCase()))?.[1];
}

export function weightsNamed(name: string): WeightFormat {
  const format = formatNamed(name);
  if (format === undefined) {
    throw new Skip(`weight_dtype "${name}" is not one of ${weightFormat.options.join(', ')}`);
  }
  return format;
}

export function cacheNamed(name: string): KvFormat {
  const known = kvFormat.safeParse(formatNamed(name));
  if (!known.success) throw new Skip(`kv_dtype "${name}" is not one of ${kvFormat.options.join(', ')}`);
  return known.data;
}
