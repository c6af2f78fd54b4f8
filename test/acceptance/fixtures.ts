import type { Comparison } from '../../src/analysis/comparison.ts';
import { listedPrice } from '../../src/api/listed-prices.ts';
import type { LedgerLine } from '../../src/cost/ledger.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { openColumns } from '../../src/io/length-file.ts';
import { openModels } from '../../src/io/model-file.ts';
import type { Result } from '../../src/result/record.ts';
import { simulate } from '../../src/result/simulate.ts';
import type { Plan } from '../../src/scenario/plan.ts';
import { resolveScenario } from '../../src/scenario/resolve.ts';
import { validateScenario } from '../../src/scenario/validate.ts';
import { LOAD_KEYS } from '../../src/schema/traffic.ts';
import { parseYamlText } from '../../src/schema/yaml-text.ts';

/** A scenario as it is written in a file, before any schema has seen it. */
export type Raw = Record<string, unknown>;

/** The models of the acceptance rows, with round parameter counts. */
export const M70 = {
  parameters: 70e9,
  layers: 80,
  hidden_size: 8192,
  intermediate_size: 28672,
  vocab_size: 128256,
  heads: 64,
  kv_heads: 8,
  head_dim: 128,
};
export const M8 = {
  parameters: 8e9,
  layers: 32,
  hidden_size: 4096,
  intermediate_size: 14336,
  vocab_size: 128256,
  heads: 32,
  kv_heads: 8,
  head_dim: 128,
};

/** The GPUs of the acceptance rows: 80e9 B, all of it usable. */
export const H100 = {
  name: 'H100 SXM',
  dense_flops: { fp32: '67 TFLOP/s', bf16: '989.4 TFLOP/s', fp8: '1979 TFLOP/s', int8: '1979 TFLOP/s' },
  memory: { marketed: '80 GB' },
  memory_bandwidth: '3.35 TB/s',
  link: { name: 'NVLink 4', bandwidth: '450 GB/s', gpus: 8 },
  tdp: '700 W',
};
export const A100_80 = {
  name: 'A100 80 GB',
  dense_flops: { bf16: '312 TFLOP/s', int8: '624 TFLOP/s' },
  memory: { marketed: '80 GB' },
  memory_bandwidth: '2.039 TB/s',
  link: { name: 'NVLink 3', bandwidth: '300 GB/s', gpus: 8 },
  tdp: '400 W',
};

/** A GPU that holds the 140 GB of M70 in BF16 by itself. */
export const H100_160 = { ...H100, name: 'hypothetical H100 with 160 GB', memory: { marketed: '160 GB' } };

export const MIX_A = { input_tokens: 1000, output_tokens: 300 };
export const MIX_B = { input_tokens: 500, output_tokens: 500 };
export const MIX_C = { input_tokens: 4000, output_tokens: 800 };

/** M8 on one H100 under the ideal engine: the least a scenario needs. Rows change what they are about. */
export const BASE = {
  rackrate: 1,
  name: 'acceptance',
  start: '2026-12-01',
  model: M8,
  serving: { gpu: H100, engine: 'ideal', replicas: 1, envelope: 'closed-form' },
  traffic: { requests_per_day: 1000, ...MIX_A },
  capacity: { rent: { price: '2.69 USD/h' } },
};

const isObject = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `change` laid over `base`, block by block; a key whose new value is undefined is dropped. */
export function merge(base: Raw, change: Raw): Raw {
  const merged: Raw = { ...base };
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) delete merged[key];
    else merged[key] = isObject(value) && isObject(merged[key]) ? merge(merged[key], value) : value;
  }
  return merged;
}

/** The base scenario with changes. A model or a load is replaced, not merged. */
export function scenario(change: Raw = {}): Raw {
  const load = isObject(change['traffic']) && LOAD_KEYS.some((key) => key in (change['traffic'] as Raw));
  const base = merge(BASE, load ? { traffic: { requests_per_day: undefined } } : {});
  if ('model' in change) delete base['model'];
  return merge(base, change);
}

const catalog = openCatalog();

export function planOf(raw: Raw): Plan {
  return resolveScenario(validateScenario(raw), raw, {
    catalog,
    prices: listedPrice,
    columns: openColumns(),
    models: openModels(),
  });
}

/** A scenario through the public face: schema, catalog, simulation. */
export function run(raw: Raw, seed?: number): Result {
  return simulate(planOf(raw), seed);
}

/** A scenario file's text, run. */
export function runText(text: string): Result {
  const parsed = parseYamlText(text);
  if (!parsed.ok) throw new Error(parsed.faults.map((fault) => fault.message).join());
  return run(parsed.value as Raw);
}

/** The base scenario with changes, run. */
export function runWith(change: Raw, seed?: number): Result {
  return run(scenario(change), seed);
}

/** A metric that the run must know. */
export function metric(result: Result, id: keyof Result['metrics']): number {
  const value = result.metrics[id];
  if (value === undefined) throw new Error(`${id} is absent`);
  return value;
}

/** The comparison at an index, which must be there. */
export function comparison(result: Result, index = 0): Comparison {
  const found = result.comparisons[index];
  if (found === undefined) throw new Error(`no comparison ${index}`);
  return found;
}

/** Ledger lines of a month with an id. */
export function lines(result: Result, month: number, id?: string): LedgerLine[] {
  return result.ledger.filter((entry) => entry.month === month && (id === undefined || entry.id === id));
}

export const amount = (entries: readonly LedgerLine[]): number => entries.reduce((sum, entry) => sum + entry.amount, 0);
