import { describe, expect, test } from 'vitest';
import { closedFormFigures } from '../../src/analysis/accuracy/closed-form-run.ts';
import { engineOf } from '../../src/analysis/accuracy/engine-name.ts';
import type { MeasuredRow } from '../../src/analysis/accuracy/measured-row.ts';
import { metricNames } from '../../src/analysis/accuracy/metric.ts';
import { rowPredictor, sortOut } from '../../src/analysis/accuracy/predict-rows.ts';
import { replayFigures } from '../../src/analysis/accuracy/replay-run.ts';
import { runOfRow } from '../../src/analysis/accuracy/row-run.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';

/** Rows as other laboratories write them; no value is a measured one, only whether there is a prediction matters. */
const catalog = openCatalog();

type Cells = Record<string, string | number>;

const USUAL: Cells = {
  source_id: 'a-lab',
  source: 'a table',
  source_date: '2025-09',
  engine: 'vllm',
  gpu: 'H100-SXM',
  num_gpus: 1,
  model: 'Llama-3.1-8B',
  isl: 1024,
  osl: 256,
  concurrency_or_batch: 8,
  metric: 'tpot_ms_mean',
};

function row(cells: Cells): MeasuredRow {
  // Slow enough for any GPU: what beats the memory is skipped.
  const value = /tok_s|req_s/.test(String(cells.metric ?? USUAL.metric)) ? 0.01 : 1e5;
  const all = Object.entries({ ...USUAL, value, ...cells }).map(([key, value]) => [key, String(value)]);
  return { line: 2, cells: Object.fromEntries(all) };
}

const ENGINES: readonly [name: string, date: string, id: string][] = [
  ['vLLM v0.6.3', '2024-11', 'vllm-2024'],
  ['ROCm vLLM', '2025-06', 'vllm'],
  ['vLLM (ROCm 6.3)', '2025-01', 'vllm'],
  ['MLPerf harness (vLLM)', '2025-04', 'vllm'],
  ['TRT-LLM 1.2.0rc2', '2026-02', 'tensorrt-llm'],
  ['TensorRT-LLM (MLPerf v5.1)', '2025-09', 'tensorrt-llm'],
  ['TensorRT-LLM (MLPerf v4.1)', '2024-08', 'tensorrt-llm-2024'],
  ['TensorRT-LLM 0.9', '2024-04', 'tensorrt-llm-2024'],
  ['SGLang 0.5.6', '2025-12', 'sglang'],
  ['NVIDIA Dynamo (SGLang)', '2025-11', 'sglang'],
  ['TGI', '2024-05', 'tgi'],
  ['text-generation-inference 2.0', '2024-05', 'tgi'],
  ['LMDeploy 0.7', '2025-03', 'lmdeploy'],
  ['lmdeploy (2023)', '2023-12', 'lmdeploy-2023'],
  ['llama.cpp b5000', '2025-04', 'llama-cpp'],
  ['Ollama', '2025-05', 'llama-cpp'],
  ['DeepSpeed-FastGen', '2023-11', 'deepspeed-mii-2024'],
  ['JetStream', '2024-06', 'vllm-2024'],
  ['neuronx', '2025-01', 'vllm'],
  ['MLC-LLM', '2023-10', 'vllm-2023'],
  ['', '2025-10', 'vllm'],
];
const GPUS = [
  'MI300X',
  'AMD Instinct MI300X OAM',
  'MI300X-192GB',
  'B200',
  'B200-SXM-192GB',
  'NVIDIA H200 141GB HBM3e',
  'L40S',
  'L4',
];
const MODELS = [
  'deepseek-ai/DeepSeek-R1-0528',
  'DeepSeek-V3-0324',
  'Qwen3-32B',
  'Qwen2.5-7B-Instruct',
  'Mixtral-8x7B-Instruct-v0.1',
  'Mistral-7B-Instruct-v0.3',
  'Meta-Llama-3.1-405B-Instruct-FP8',
  'llama2-70b-99.9',
  'nvidia/Llama-3.3-70B-Instruct-FP8',
  'MiniMax-M2',
  'Phi-4',
  'GLM-4.5-Air',
  'Kimi-K2-Instruct',
  'Qwen3-235B-A22B-Instruct-2507',
  'DeepSeek-R1-Distill-Llama-70B',
  'gpt-oss-120b',
];
const UNKNOWN = ['Kimi-K9', 'GLM-99', 'A300X', 'TPU v99'];

const mlperf = (cells: Cells): Cells => ({
  source_id: 'mlperf-v5.1',
  source: 'MLPerf Inference v5.1',
  engine: 'TensorRT-LLM (MLPerf v5.1)',
  num_gpus: 8,
  isl: '',
  osl: '',
  concurrency_or_batch: '',
  metric: 'output_tok_s',
  weight_dtype: 'fp8',
  ...cells,
});
const atRate = (request_rate: string | number, metric: string): Cells => ({
  scenario: 'arrival-rate',
  concurrency_or_batch: '',
  request_rate,
  metric,
});

const VARIED: readonly Cells[] = [
  ...ENGINES.map(([engine, source_date]) => ({ engine, source_date })),
  ...GPUS.map((gpu) => ({ gpu })),
  ...MODELS.map((model) => ({ model, gpu: 'H200', num_gpus: 8 })),
  ...['0.5', '4.0', 'inf', 'Infinity', '10 req/s', '500'].flatMap((rate) => [
    atRate(rate, 'ttft_ms_p99'),
    atRate(rate, 'output_tok_s'),
  ]),
  mlperf({ gpu: 'H100-SXM-80GB', model: 'llama2-70b-99.9', scenario: 'Offline' }),
  mlperf({ gpu: 'H200', model: 'llama2-70b-99', scenario: 'Server' }),
  mlperf({ gpu: 'MI300X', model: 'llama2-70b-99.9', scenario: 'Server', engine: 'vLLM' }),
  mlperf({ gpu: 'B200', model: 'Llama-3.1-405B', scenario: 'Offline', metric: 'output_tok_s_per_gpu' }),
  mlperf({ gpu: 'H200', model: 'Llama-3.1-8B', scenario: 'Server', request_rate: 100 }),
  mlperf({ gpu: 'B200', model: 'DeepSeek-R1', scenario: 'Offline', weight_dtype: 'nvfp4' }),
  { isl: '', osl: '', notes: 'dataset=ShareGPT_V3' },
  { isl: '', osl: '', notes: 'Azure conv trace' },
  { isl: '', osl: '', notes: 'CNN/DailyMail summarization' },
  { num_gpus: '', tp: 2 },
  { num_gpus: '', tp: '' },
  { num_gpus: '1.0', concurrency_or_batch: '8.0' },
  ...['FP8-dynamic', 'W4A16', 'AWQ', 'mixed', 'auto', 'Q4_K_M'].map((weight_dtype) => ({ weight_dtype })),
];

describe.each([
  ['replay', replayFigures],
  ['closed form', closedFormFigures],
])('rows that nothing was fitted to, by %s', (name, predictor) => {
  const predict = (rows: readonly Cells[]) => sortOut(rows.map(row).map(rowPredictor(catalog, predictor)));

  test('most are predicted, and to something finite', () => {
    const { rows, skipped } = predict(VARIED);
    expect(VARIED.length).toBeGreaterThanOrEqual(60);
    const most = name === 'replay' ? 0 : 6;
    expect(skipped.map(({ row: { cells }, why }) => `${JSON.stringify(cells)} ${why}`).slice(most)).toEqual([]);
    for (const one of rows) expect(one.predicted).toBeGreaterThan(0);
  });

  test('what is not known is skipped with its name', () => {
    const { skipped } = predict(UNKNOWN.map((what) => (/\d+X|TPU/.test(what) ? { gpu: what } : { model: what })));
    expect(skipped.map(({ why }, i) => why.includes(UNKNOWN[i] ?? '?'))).toEqual([true, true, true, true]);
  });

  test('no metric crashes under any load', () => {
    const loads: Cells[] = [{}, atRate(2, ''), atRate('inf', ''), { scenario: 'offline-max-throughput' }, { osl: 1 }];
    const rows = loads.flatMap((load) => metricNames().map((metric) => ({ ...load, metric })));
    const { rows: predicted, skipped } = predict(rows);
    expect(predicted.length + skipped.length).toBe(rows.length);
    expect(predicted.length).toBeGreaterThan(0.7 * rows.length);
  });
});

test.each(ENGINES)('%s of %s is %s', (engine, source_date, id) => {
  expect(engineOf(row({ engine, source_date }), catalog)).toBe(id);
});

describe('what a row leaves to its readers', () => {
  const runOf = (cells: Cells) => runOfRow(row(cells), catalog);

  test('lengths and group sizes of MLPerf go with the model and the GPU', () => {
    const offline = { scenario: 'Offline', model: 'llama2-70b-99' };
    expect(runOf(mlperf({ ...offline, gpu: 'H100' }))).toMatchObject({
      output: 294.45,
      tensorParallel: 2,
      copies: 4,
      kvCache: 'fp8',
      load: { kind: 'offline' },
    });
    expect(runOf(mlperf({ ...offline, gpu: 'H200' }))).toMatchObject({ tensorParallel: 1, copies: 8 });
    expect(runOf(mlperf({ ...offline, gpu: 'H200', tp: 8 }))).toMatchObject({ tensorParallel: 8, copies: 1 });
    expect(runOf(mlperf({ ...offline, model: 'Llama-3.1-405B', gpu: 'B200' }))).toMatchObject({
      input: 9400,
      copies: 1,
    });
  });

  test('a group is no larger than the heads allow', () => {
    expect(runOf({ model: 'Qwen2.5-7B', num_gpus: 8 })).toMatchObject({ tensorParallel: 4, copies: 2 });
    expect(runOf({ model: 'Phi-4', num_gpus: 8 })).toMatchObject({ tensorParallel: 2, copies: 4 });
  });

  test('an infinite rate without a number in flight sends all requests at once', () => {
    expect(runOf(atRate('inf', 'ttft_ms_p50')).load).toMatchObject({ kind: 'offline', requests: 1000 });
    expect(runOf({ ...atRate('inf', 'ttft_ms_p50'), notes: 'num_prompts=200' }).load).toMatchObject({ requests: 200 });
    expect(runOf({ request_rate: 'inf' }).load).toMatchObject({ kind: 'closed', users: 8 });
    expect(runOf(atRate('10 req/s', 'ttft_ms_p50')).load).toMatchObject({ kind: 'open', requestsPerSecond: 10 });
  });

  test('the size of a memory in a name must be that of the card', () => {
    expect(runOf({ gpu: 'B200-SXM-192GB' }).gpu).toBe('b200-sxm-180gb');
    expect(() => runOf({ gpu: 'H100-SXM-20GB' })).toThrow(/H100-SXM-20GB/);
  });
});
