import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import type { Run } from './measured-run.ts';

/** A measured run and its time between tokens, in seconds. */
export interface MeasuredRun {
  run: Run;
  moe: boolean;
  tpot: number;
}

type Line = Readonly<Record<string, string>>;

/** The table of published measurements, which is not part of the package. */
export function measuredFile(): string | undefined {
  const places = [
    process.env['RACKRATE_MEASURED'],
    join(import.meta.dirname, '..', '..', '..', 'shared', 'measured', 'calibration.csv'),
  ];
  return places.find((place) => place !== undefined && existsSync(place));
}

const catalog = openCatalog();
const GPU_NAMES: Readonly<Record<string, string>> = {
  'H100-SXM': 'h100-sxm5-80gb',
  'H200-SXM': 'h200-sxm-141gb',
  B200: 'b200-sxm-180gb',
};

/**
 * Cache format of a run that does not record it, by InferenceX's public recipes: FP8 for the 70B, for gpt-oss on B200
 * and for DeepSeek under TensorRT-LLM, 16 bits otherwise.
 */
function cacheFormat(line: Line, engine: string): string {
  if (line['model'] === 'Llama-3.1-70B') return 'fp8';
  if (line['model'] === 'gpt-oss-120b') return line['gpu'] === 'B200' ? 'fp8' : 'bf16';
  return line['model'] === 'DeepSeek-R1' && engine === 'tensorrt-llm' ? 'fp8' : 'bf16';
}

/** Token budget by the same recipes; undefined where they leave the engine's default. */
function tokenBudget(line: Line, engine: string): number | undefined {
  if (engine === 'sglang') return 32_768;
  if (engine !== 'tensorrt-llm') return undefined;
  if (line['model'] === 'gpt-oss-120b') return 20_000;
  if (line['model'] !== 'Llama-3.1-70B') return undefined;
  return line['isl'] === '8192' || line['osl'] === '8192' ? 9416 : 2248;
}

/**
 * Left out: attention run data-parallel, which we do not model, and gpt-oss on H100 at 512 in flight, whose figures
 * beat what the memory can deliver.
 */
function isUsed(line: Line): boolean {
  const inReach =
    line['source_id'] === 'inferencex-via-aic' && /^tpot_ms/.test(line['metric'] ?? '') && line['tp'] !== '';
  const impossible =
    line['model'] === 'gpt-oss-120b' && line['gpu'] === 'H100-SXM' && line['concurrency_or_batch'] === '512';
  return inReach && !impossible;
}

function measuredRun(line: Line): MeasuredRun {
  const engine = catalog.find('engine', line['engine'] ?? '')?.id ?? 'vllm';
  const model = catalog.find('model', line['model'] ?? '');
  if (model === undefined) throw new Error(`no card for ${line['model']}`);
  const budget = tokenBudget(line, engine);
  const run = {
    model: model.id,
    gpu: GPU_NAMES[line['gpu'] ?? ''] ?? 'unknown',
    engine,
    tensorParallel: Number(line['tp']),
    weights: line['weight_dtype'] ?? '',
    kvCache: cacheFormat(line, engine),
    // Lengths are drawn between 0.8 and 1 of nominal.
    input: 0.9 * Number(line['isl']),
    output: 0.9 * Number(line['osl']),
    inFlight: Number(line['concurrency_or_batch']),
    ...(budget === undefined ? {} : { tokenBudget: budget }),
  };
  return { run, moe: model.moe !== undefined, tpot: Number(line['value']) / 1000 };
}

/** InferenceX runs, engines of 2025 and 2026, each a closed loop of a fixed number in flight. */
export function readMeasuredRuns(file: string): MeasuredRun[] {
  const lines = parse<Line>(readFileSync(file, 'utf8'), { columns: true });
  return lines.filter(isUsed).map(measuredRun);
}
