import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readBenchmarks } from '../../src/io/benchmark-file.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { InputError } from '../../src/schema/problem.ts';
import { folderWith } from './folder.ts';

const catalog = openCatalog();
const OWN = { model: 'llama-3.1-8b', gpu: 'h100-sxm5-80gb' };

/** As `vllm bench serve --save-result` writes it: 20 requests of 1,000 + 101 tokens, four at a time, in 50 s. */
const VLLM = {
  date: '20261101-101010',
  backend: 'vllm',
  num_prompts: 20,
  request_rate: 'inf',
  max_concurrency: 4,
  duration: 50,
  completed: 20,
  total_input_tokens: 20_000,
  total_output_tokens: 2020,
  request_throughput: 99,
  output_throughput: 99,
  mean_ttft_ms: 120,
  median_ttft_ms: 110,
  p99_ttft_ms: 300,
  mean_tpot_ms: 8,
  median_tpot_ms: 8.1,
  p99_tpot_ms: 9,
};
const successful = (mean: number, rest: object = {}) => ({ successful: { mean, ...rest } });
const GUIDELLM = {
  metadata: { version: 1 },
  benchmarks: [
    {
      config: { strategy: { type_: 'concurrent', streams: 8 } },
      metrics: {
        requests_per_second: successful(2),
        request_concurrency: successful(7.8),
        request_latency: successful(2, { count: 80 }),
        prompt_token_count: successful(1000),
        output_token_count: successful(101),
        time_to_first_token_ms: successful(200, { median: 190, percentiles: { p99: 400 } }),
        time_per_output_token_ms: successful(19.8),
        inter_token_latency_ms: successful(18),
      },
    },
  ],
};
const AIPERF = {
  request_throughput: { unit: 'requests/sec', avg: 2 },
  request_latency: { unit: 'ms', avg: 2000 },
  time_to_first_token: { unit: 'ms', avg: 200, p50: 190, p99: 400 },
  inter_token_latency: { unit: 'ms', avg: 18, p50: 18, p99: 20 },
  input_sequence_length: { unit: 'tokens', avg: 1000 },
  output_sequence_length: { unit: 'tokens', avg: 101 },
  request_count: { unit: 'requests', avg: 80 },
  input_config: { loadgen: { concurrency: 8, request_rate_mode: 'concurrency_burst' } },
};
const GENAI_CSV = [
  'Metric,avg,min,max,p99,p50',
  'Time To First Token (ms),"1,146.31",249.48,"3,485.23","3,457.97",640.07',
  'Request Latency (ms),"6,406.20","5,371.47","9,608.72","9,436.13","6,549.60"',
  'Inter Token Latency (ms),30.35,27.59,35.60,35.23,31.05',
  'Output Sequence Length (tokens),174.45,164.00,187.00,186.22,177.00',
  'Input Sequence Length (tokens),"3,000.05","2,999.00","3,001.00","3,001.00","3,000.00"',
  '',
  'Metric,Value',
  'Output Token Throughput (per sec),261.25',
  'Request Throughput (per sec),1.50',
  'Request Count (count),40.00',
].join('\n');
const HEADER = 'engine,gpu,model,isl,osl,concurrency_or_batch,metric,value';
const ROWS = [
  'vllm,H100-SXM,Llama-3.1-8B,1024,256,8,tpot_ms_mean,8.1',
  ',,,1024,256,8,ttft_ms_p50,60',
  ',,,1024,256,16,ttft_ms_p50,70',
];

const folder = folderWith({
  'vllm.json': JSON.stringify(VLLM, undefined, 2),
  'python.json': JSON.stringify(VLLM).replace('"mean_ttft_ms":120', '"std_ttft_ms":NaN,"mean_ttft_ms":120'),
  'many.jsonl': `${JSON.stringify(VLLM)}\n${JSON.stringify({ ...VLLM, max_concurrency: 8 })}\n`,
  'list.json': JSON.stringify([VLLM, { ...VLLM, duration: -1 }], undefined, 2),
  'detailed.json': JSON.stringify({
    ...VLLM,
    ttfts: [0.1, 0.3],
    itls: [
      [0.01, 0.03],
      [0.02, 0.02],
    ],
    output_lens: [3, 3],
  }),
  'guidellm.json': JSON.stringify(GUIDELLM),
  'guidellm-bad.json': JSON.stringify({ benchmarks: [{ metrics: {} }] }, undefined, 2),
  'aiperf.json': JSON.stringify(AIPERF),
  'aiperf-unit.json': JSON.stringify({ ...AIPERF, request_latency: { unit: 'fortnights', avg: 2 } }),
  'genai.csv': GENAI_CSV,
  'rows.csv': [HEADER, ...ROWS].join('\n'),
  'foreign.csv': [HEADER, ROWS[0], ROWS[1]?.replace(',,,', 'vllm,L4,Llama-3.1-8B,')].join('\n'),
  'broken.json': '{\n  "duration": 50,\n  "completed": }',
  'deep.json': '['.repeat(200_000),
  'other.json': '{"hello": [1, 2]}',
  'proto.json': '{"__proto__": {"completed": 1, "total_input_tokens": 1}}',
  'empty.json': '',
  'none.csv': 'a,b\n1,2\n',
});
const read = (name: string) => readBenchmarks(join(folder, name), catalog, OWN);
const valuesOf = (name: string) =>
  Object.fromEntries(read(name)[0]?.values.map(({ metric, value }) => [metric, value]) ?? []);

describe('forms that benchmark clients write', () => {
  test('vLLM: rates by tokens over duration, whatever the fields of that name say', () => {
    expect(read('vllm.json')).toMatchObject([
      { input: 1000, output: 101, load: { kind: 'closed', users: 4, rounds: 5 } },
    ]);
    expect(valuesOf('vllm.json')).toEqual({
      ttft_ms_mean: 120,
      ttft_ms_p50: 110,
      ttft_ms_p99: 300,
      tpot_ms_mean: 8,
      tpot_ms_p50: 8.1,
      tpot_ms_p99: 9,
      req_s: 0.4,
      output_tok_s: 40.4,
    });
  });

  test('vLLM with every request: times of each by formula', () => {
    const values = valuesOf('detailed.json');
    expect(values['tpot_ms_mean']).toBeCloseTo(20, 9);
    expect(values['ttft_ms_p50']).toBeCloseTo(200, 9);
  });

  test('Python’s NaN is no value, and runs may follow line by line', () => {
    expect(read('python.json')).toHaveLength(1);
    expect(read('many.jsonl').map(({ load }) => load)).toMatchObject([{ users: 4 }, { users: 8 }]);
  });

  test('guidellm: time per output token without the wait for the first', () => {
    expect(read('guidellm.json')).toMatchObject([{ input: 1000, load: { kind: 'closed', users: 8, rounds: 10 } }]);
    expect(valuesOf('guidellm.json')).toMatchObject({
      tpot_ms_mean: 18,
      itl_ms_mean: 18,
      ttft_ms_p99: 400,
      output_tok_s: 202,
    });
  });

  test('AIPerf and GenAI-Perf: units as the fields state them', () => {
    expect(read('aiperf.json')).toMatchObject([{ output: 101, load: { kind: 'closed', users: 8, rounds: 10 } }]);
    expect(valuesOf('aiperf.json')).toMatchObject({ tpot_ms_mean: 18, ttft_ms_p50: 190, req_s: 2 });
    const [csv] = read('genai.csv');
    // 1.5 a second for 6.4 s each: ten in flight.
    expect(csv).toMatchObject({ input: 3000.05, load: { kind: 'closed', users: 10, rounds: 4 } });
    expect(valuesOf('genai.csv')['ttft_ms_mean']).toBe(1146.31);
    expect(valuesOf('genai.csv')['tpot_ms_mean']).toBeCloseTo((6406.2 - 1146.31) / 173.45, 9);
  });

  test('our own columns: rows of one run together', () => {
    expect(read('rows.csv').map(({ values }) => values.length)).toEqual([2, 1]);
  });
});

describe('what it refuses, with its place', () => {
  test.each([
    ['broken.json', /broken\.json:3:\d+: is not valid JSON/],
    ['list.json', /list\.json:\d+:\d+: 1\.duration: /],
    ['guidellm-bad.json', /guidellm-bad\.json:4:7: benchmarks\.0\.metrics: missing requests_per_second/],
    ['aiperf-unit.json', /aiperf-unit\.json:1:\d+: request_latency\.unit: /],
    ['foreign.csv', /foreign\.csv:3:1: the scenario runs h100-sxm5-80gb, not "L4"/],
    ['other.json', /expected what vllm bench serve, guidellm/],
    ['proto.json', /expected what vllm bench serve|__proto__/],
    ['deep.json', /is not valid JSON|expected what/],
    ['none.csv', /looks like CSV of 2 columns; expected what vllm bench serve.* engine, gpu, model, metric, value/],
    ['empty.json', /the file is empty; expected what vllm/],
    ['absent.json', /there is no such file/],
  ])('%s', (name, message) => {
    expect(() => read(name)).toThrow(InputError);
    expect(() => read(name)).toThrow(message);
  });
});
