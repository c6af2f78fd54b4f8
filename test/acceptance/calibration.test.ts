import { expect, test } from 'vitest';
import type { MeasuredRow } from '../../src/analysis/accuracy/measured-row.ts';
import { rowPredictor } from '../../src/analysis/accuracy/predict-rows.ts';
import { replayFigures } from '../../src/analysis/accuracy/replay-run.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { runWith } from './fixtures.ts';

const predict = rowPredictor(openCatalog(), replayFigures);

function errorOf(cells: Record<string, string | number>, measured: number): number {
  const all = Object.entries({ ...cells, value: measured }).map(([name, value]) => [name, String(value)]);
  const row: MeasuredRow = { line: 2, cells: Object.fromEntries(all) };
  const found = predict(row);
  if ('why' in found) throw new Error(found.why);
  return found.predicted / measured - 1;
}

// The prompts' length is not published: 200 tokens, as scenarios/benchmarks/lm-arena-chat.yaml estimates it.
test.each([
  [8, 470],
  [16, 863],
  [32, 1487],
  [64, 2511],
  [128, 3876],
  [256, 4915],
])('E08 a 70B in BF16 on four H100 at %d sequences, ML.ENERGY: %d tok/s within 15 %%', (sequences, rate) => {
  const run = { source_date: '2025-09', engine: 'vllm', gpu: 'H100-SXM', num_gpus: 4, tp: 4, model: 'Llama-3.1-70B' };
  const load = { isl: 200, osl: 400, concurrency_or_batch: sequences, request_rate: 'inf', metric: 'output_tok_s' };
  expect(Math.abs(errorOf({ ...run, weight_dtype: 'bf16', kv_dtype: 'bf16', ...load }, rate))).toBeLessThan(0.15);
});

test.each([
  ['H100-SXM', 'fp8', 3897],
  ['H200-SXM', 'fp8', 4352],
  ['B200', 'nvfp4', 12_690],
])('E08 Llama 2 70B on %s in %s, MLPerf 5.1 Offline: %d tok/s a GPU within 25 %%', (gpu, weight_dtype, rate) => {
  const run = { source: 'MLPerf Inference v5.1', source_date: '2025-09', engine: 'TensorRT-LLM (MLPerf v5.1)' };
  const on = { gpu, num_gpus: 8, model: 'llama2-70b-99', weight_dtype, scenario: 'Offline' };
  expect(Math.abs(errorOf({ ...run, ...on, metric: 'output_tok_s_per_gpu' }, rate))).toBeLessThan(0.25);
});

test('E19 an engine of factor f makes f times the tokens; 1 is the calibration as it stands', () => {
  const most = (engine_efficiency?: number) =>
    runWith({
      model: 'llama-3.3-70b',
      serving: {
        gpu: 'h100-sxm5-80gb',
        tensor_parallel: 4,
        weights: 'fp8',
        envelope: 'closed-form',
        ...(engine_efficiency === undefined ? {} : { engine_efficiency }),
      },
    }).metrics['replica_output_tok_per_s_max'] as number;
  expect(most(1)).toBe(most());
  for (const factor of [0.5, 0.8, 1.3]) expect(most(factor) / most()).toBeCloseTo(factor, 6);
});
