import { describe, expect, test } from 'vitest';
import { accuracyRecord } from '../../src/analysis/accuracy/accuracy-record.ts';
import { closedFormFigures } from '../../src/analysis/accuracy/closed-form-run.ts';
import { engineOf } from '../../src/analysis/accuracy/engine-name.ts';
import { errorsBy, FACET_NAMES, worstGroups } from '../../src/analysis/accuracy/error-facets.ts';
import { errorGroups } from '../../src/analysis/accuracy/error-groups.ts';
import { type MeasuredRow, Skip } from '../../src/analysis/accuracy/measured-row.ts';
import { metricNames } from '../../src/analysis/accuracy/metric.ts';
import { rowPredictor, sortOut } from '../../src/analysis/accuracy/predict-rows.ts';
import { replayFigures } from '../../src/analysis/accuracy/replay-run.ts';
import { runOfRow } from '../../src/analysis/accuracy/row-run.ts';
import { planOfRun } from '../../src/analysis/accuracy/run-plan.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { accuracyText } from '../../src/report/accuracy-text.ts';
import { PAPER } from '../../src/report/surface.ts';

const catalog = openCatalog();

/** A row of a table that is full of the usual; cells given replace it. */
function row(cells: Record<string, string | number> = {}): MeasuredRow {
  const usual = {
    source_id: 'a-lab',
    source_date: '2025-10',
    engine: 'vllm',
    gpu: 'H100-SXM',
    num_gpus: 1,
    model: 'Llama-3.1-8B',
    weight_dtype: 'bf16',
    scenario: 'fixed-concurrency',
    isl: 1024,
    osl: 256,
    concurrency_or_batch: 8,
    metric: 'tpot_ms_mean',
    value: 10,
    notes: '',
  };
  const all = Object.entries({ ...usual, ...cells }).map(([key, value]) => [key, String(value)]);
  return { line: 2, cells: Object.fromEntries(all) };
}

const runOf = (cells: Record<string, string | number>) => runOfRow(row(cells), catalog);

describe('engine names', () => {
  test.each([
    ['vllm', '2023-11', 'vllm-2023'],
    ['vllm', '2024-06', 'vllm-2024'],
    ['vllm', '2025-06', 'vllm'],
    ['vLLM v0.6.3.post1', '2025-01', 'vllm-2024'],
    ['vllm 0.8.4', '2025-05', 'vllm'],
    ['trtllm 0.16.0', '2025-01', 'tensorrt-llm-2024'],
    ['TensorRT-LLM', '2024-09', 'tensorrt-llm-2024'],
    ['NIM 1.8 (trtllm)', '2025-02', 'tensorrt-llm'],
    ['trtllm 1.2.0rc2.post2', '2026-03', 'tensorrt-llm'],
    ['sglang 0.4.6', '2025-04', 'sglang'],
    ['an engine of ours', '2024-05', 'vllm-2024'],
    ['an engine of ours', '', 'vllm'],
    ['lmdeploy-turbomind 0.1.0a1', '2023-12', 'lmdeploy-2023'],
  ])('%s of %s is %s', (engine, date, id) => {
    expect(engineOf(row({ engine, source_date: date }), catalog)).toBe(id);
  });
});

describe('a row as a run', () => {
  test('blank tp is all GPUs, and what is left over are copies', () => {
    expect(runOf({ num_gpus: 4 })).toMatchObject({ tensorParallel: 4, stages: 1, copies: 1 });
    expect(runOf({ num_gpus: 8, tp: 2 })).toMatchObject({ tensorParallel: 2, copies: 4 });
    expect(runOf({ num_gpus: 8, tp: 2, pp: 4 })).toMatchObject({ tensorParallel: 2, stages: 4, copies: 1 });
    expect(runOf({ num_gpus: 4, notes: 'layer split' })).toMatchObject({ tensorParallel: 1, stages: 4 });
  });

  test('experts are dealt over the group, and a table may count it in two ways', () => {
    const dealt = { tensorParallel: 4, expertParallel: 4, attentionRanks: 1, copies: 1 };
    expect(runOf({ model: 'gpt-oss-120b', num_gpus: 4, tp: 4, ep: 4 })).toMatchObject(dealt);
    expect(runOf({ model: 'Mixtral-8x7B', num_gpus: 4, tp: 1, ep: 4 })).toMatchObject(dealt);
    expect(runOf({ model: 'Mixtral-8x7B', num_gpus: 4, tp: 2, ep: 2 })).toMatchObject({ ...dealt, expertParallel: 2 });
  });

  test('attention data-parallel ranks share the experts; a dense model is copied', () => {
    const ranks = { tensorParallel: 1, attentionRanks: 4, expertParallel: 4, copies: 1 };
    expect(runOf({ model: 'gpt-oss-120b', num_gpus: 4, dp: 4, ep: 4 })).toMatchObject(ranks);
    expect(runOf({ model: 'gpt-oss-120b', num_gpus: 4, tp: 4, dp: 4, ep: 4 })).toMatchObject(ranks);
    expect(runOf({ model: 'gpt-oss-120b', num_gpus: 4, tp: 2, dp: 2 })).toMatchObject({
      tensorParallel: 2,
      attentionRanks: 2,
      expertParallel: 1,
    });
    expect(runOf({ num_gpus: 4, dp: 4 })).toMatchObject({ tensorParallel: 1, attentionRanks: 1, copies: 4 });
    expect(() => runOf({ model: 'gpt-oss-120b', num_gpus: 8, tp: 3, dp: 2 })).toThrow('do not divide');
  });

  test('names are met whatever their spelling', () => {
    const cells = { gpu: 'NVIDIA H100 SXM5 80 GB', model: 'meta-llama/Llama-3.1-8B-Instruct' };
    expect(runOf(cells)).toMatchObject({ gpu: 'h100-sxm5-80gb', model: 'llama-3.1-8b' });
    expect(runOf({ model: 'Qwen3-32B-FP8' }).model).toBe('qwen3-32b');
  });

  test('blank formats are the checkpoint’s weights and 16 bits of cache, unless a public recipe says more', () => {
    const blank = { weight_dtype: '', kv_dtype: '' };
    expect(runOf({ ...blank, model: 'gpt-oss-120b' })).toMatchObject({ weights: 'mxfp4', kvCache: 'bf16' });
    const inferencex = { ...blank, source_id: 'inferencex', model: 'Llama-3.1-70B', engine: 'trtllm', gpu: 'B200' };
    expect(runOf(inferencex)).toMatchObject({
      kvCache: 'fp8',
      spread: { low: 0.8, high: 1 },
      settings: { tokenBudget: 1024 + 256 + 200 },
      load: { kind: 'closed', users: 8, rounds: 10 },
    });
  });

  test('what is measured of a batch that ends is a static batch', () => {
    expect(runOf({ metric: 'e2e_latency_s' }).load).toEqual({ kind: 'static', batch: 8 });
    expect(runOf({ notes: 'static batch' }).load.kind).toBe('static');
    expect(runOf({ source: 'Mutinifni/splitwise-sim' }).load.kind).toBe('static');
    expect(runOf({}).load.kind).toBe('closed');
    expect(runOf({ scenario: 'single-stream', concurrency_or_batch: '' }).load).toMatchObject({ users: 1 });
    expect(runOf({ scenario: 'offline-max-throughput', concurrency_or_batch: '' }).load.kind).toBe('offline');
    expect(runOf({ request_rate: 2.5 }).load).toMatchObject({ kind: 'open', requestsPerSecond: 2.5 });
  });

  test('blank lengths are those of the data set in the notes', () => {
    const blank = { isl: '', osl: '' };
    expect(runOf({ ...blank, notes: 'ShareGPT prompts' })).toMatchObject({ input: 225, output: 200 });
    expect(runOf({ ...blank, notes: 'mean input 310 tokens, mean output 95' })).toMatchObject({
      input: 310,
      output: 95,
    });
    expect(() => runOf(blank)).toThrow(Skip);
  });
});

describe('rows that cannot be predicted say why', () => {
  const whyOf = (cells: Record<string, string | number>) => {
    const { skipped } = sortOut([row(cells)].map(rowPredictor(catalog, closedFormFigures)));
    return skipped[0]?.why;
  };
  test.each([
    [{ model: 'Lama-3.1-8B' }, /no model "Lama-3.1-8B".*did you mean/],
    [{ gpu: 'H10' }, /no GPU "H10"/],
    [{ metric: 'tpot_ms_p51' }, /metric "tpot_ms_p51" is not known; did you mean "tpot_ms_p50"/],
    [{ value: 'fast' }, /value is "fast"/],
    [{ value: 0 }, /not a positive number/],
    [{ tp: 'all' }, /tp is "all"/],
    [{ weight_dtype: 'ternary' }, /weight_dtype "ternary"/],
    [{ isl: '' }, /isl is blank/],
    [{ concurrency_or_batch: '' }, /neither a number in flight nor a rate/],
    [{ notes: 'spec_decode=mtp' }, /speculative/],
    [{ model: 'Llama-3.1-405B', num_gpus: 1 }, /does not fit/],
    [{ num_gpus: 3, tp: 2 }, /do not divide/],
  ])('%j', (cells, why) => {
    expect(whyOf(cells)).toMatch(why);
  });
});

describe.each([
  ['closed form', closedFormFigures],
  ['replay', replayFigures],
])('predictions by %s', (_, predictor) => {
  const figuresOf = (cells: Record<string, string | number>) => {
    const run = runOf(cells);
    return predictor(run, planOfRun(run, catalog));
  };

  test('every metric of the contract is predicted where it means something', () => {
    const predict = rowPredictor(catalog, predictor);
    const open = metricNames().map((metric) => predict(row({ metric, notes: 'static' })));
    expect(sortOut(open).skipped.map(({ why }) => why)).toEqual([]);
  });

  test('a closed loop keeps to Little’s law', () => {
    const { ttft, tpot, requestsPerSecond, output } = figuresOf({ concurrency_or_batch: 16 });
    const seconds = (ttft?.mean ?? 0) + (tpot?.mean ?? 0) * (output - 1);
    expect((requestsPerSecond * seconds) / 16).toBeGreaterThan(0.85);
    expect((requestsPerSecond * seconds) / 16).toBeLessThan(1.1);
  });

  test('copies share the requests and add their rates', () => {
    const one = figuresOf({ num_gpus: 1, tp: 1, concurrency_or_batch: 8 });
    const two = figuresOf({ num_gpus: 2, tp: 1, concurrency_or_batch: 16 });
    expect(two.requestsPerSecond).toBeCloseTo(2 * one.requestsPerSecond, 9);
    expect(two.tpot?.mean).toBeCloseTo(one.tpot?.mean ?? 0, 12);
  });

  test('a batch takes at least its passes, and longer for a larger one', () => {
    const small = figuresOf({ metric: 'e2e_latency_s', concurrency_or_batch: 1 });
    const large = figuresOf({ metric: 'e2e_latency_s', concurrency_or_batch: 64 });
    expect(small.batchSeconds).toBeGreaterThan(255 * (small.itl?.p50 ?? 1));
    expect(large.batchSeconds).toBeGreaterThan(small.batchSeconds ?? 0);
  });

  test('everything at once is faster than eight at a time', () => {
    const offline = figuresOf({ scenario: 'offline-max-throughput', concurrency_or_batch: '' });
    expect(offline.requestsPerSecond).toBeGreaterThan(2 * figuresOf({}).requestsPerSecond);
  });

  test('at a low rate a request is nearly alone', () => {
    const { ttft, tpot } = figuresOf({ request_rate: 0.1 });
    const alone = figuresOf({ scenario: 'single-stream', concurrency_or_batch: 1 });
    expect((tpot?.p50 ?? 0) / (alone.tpot?.p50 ?? 1)).toBeCloseTo(1, 1);
    expect(ttft?.p99).toBeGreaterThan(ttft?.p50 ?? 0);
  });
});

test('both engines agree on the time between tokens where lengths keep the users out of step', () => {
  for (const concurrency_or_batch of [1, 4, 32]) {
    const run = runOf({ source_id: 'inferencex', concurrency_or_batch });
    const plan = planOfRun(run, catalog);
    const [closed, replay] = [closedFormFigures(run, plan).tpot?.mean, replayFigures(run, plan).tpot?.mean];
    expect(Math.abs((closed ?? 0) / (replay ?? 1) - 1)).toBeLessThan(0.05);
  }
});

describe('what is made of the predictions', () => {
  const rows = [
    row({ metric: 'ttft_ms_mean', value: 100 }),
    row({ value: 8 }),
    row({ value: 16 }),
    row({ model: 'gpt-oss-120b', weight_dtype: '', value: 5 }),
    row({ model: 'unheard of' }),
  ];
  const predictions = sortOut(rows.map(rowPredictor(catalog, closedFormFigures)));

  test('the record keeps the row, and its errors are fractions', () => {
    const record = accuracyRecord(predictions, 'closed-form');
    expect(record.schema).toBe('rackrate.accuracy/v1');
    for (const one of record.rows) {
      expect(one['ape']).toBeCloseTo(Math.abs(Number(one['predicted']) / Number(one['value']) - 1), 12);
    }
    expect(record.rows[0]).toMatchObject({ gpu: 'H100-SXM', num_gpus: 1, isl: 1024, notes: '', line: 2 });
    expect(record.skipped).toMatchObject([{ row: { model: 'unheard of' } }]);
  });

  test('groups come in the order people read: dense decoding, experts, then the first token', () => {
    const groups = errorGroups(predictions.rows);
    expect(groups.map(({ kind, model_kind, n }) => [kind, model_kind, n])).toEqual([
      ['decode', 'dense', 2],
      ['decode', 'moe', 1],
      ['ttft', 'dense', 1],
    ]);
    const [dense] = groups;
    expect(dense).toMatchObject({
      gpu: 'h100-sxm5-80gb',
      model: 'llama-3.1-8b',
      engine: 'vllm',
      metric: 'tpot_ms_mean',
    });
    expect(dense?.p90_ape).toBeGreaterThanOrEqual(dense?.median_ape ?? 1);
  });

  test('each facet alone counts every row once', () => {
    const { by, rows: all } = accuracyRecord(predictions, 'closed-form');
    for (const facet of FACET_NAMES) {
      const errors = errorsBy(predictions.rows, facet);
      expect(errors.reduce((sum, { n }) => sum + n, 0)).toBe(all.length);
      expect(by[facet]).toHaveLength(errors.length);
    }
    const [dense, moe] = errorsBy(predictions.rows, 'model_kind');
    expect(dense).toMatchObject({ name: 'dense', n: 3, kinds: { decode: { n: 2 }, ttft: { n: 1 } } });
    expect(moe).toMatchObject({ name: 'moe', n: 1 });
  });

  test('the worst groups come worst first, the smallest left out', () => {
    const group = { kind: 'decode', model_kind: 'dense', gpu: '', model: '', engine: '', metric: '' } as const;
    const of = (n: number, median_ape: number) => ({ ...group, n, median_ape, p90_ape: 1, bias: 0 });
    expect(worstGroups([of(9, 0.1), of(4, 0.9), of(5, 0.3)], 8).map(({ median_ape }) => median_ape)).toEqual([
      0.3, 0.1,
    ]);
  });

  test('the last line is the answer', () => {
    const lines = accuracyText(predictions, errorGroups(predictions.rows), false, PAPER).split('\n');
    expect(lines.at(-1)).toMatch(
      /^Median error: decode dense .* %.*decode MoE.*TTFT.*; 4 rows predicted, 1 skipped\.$/,
    );
    expect(lines.join('\n')).toMatch(/1 x there is no model "unheard of"/);
  });
});
