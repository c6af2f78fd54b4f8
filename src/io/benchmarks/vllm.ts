import * as z from 'zod';
import { loadOf, type OwnBenchmark, tpotOf, valuesOf } from '../../analysis/calibrate/own-benchmark.ts';
import { sampleQuantile } from '../../math/quantile.ts';
import { validate } from '../../schema/issues.ts';

const positive = z.number().positive();
const whole = z.number().int().positive();
const optional = z.number().nullish();
const list = z.array(z.number()).nullish();

/**
 * What `vllm bench serve --save-result` writes, and SGLang's client like it: a flat object a run. Times ending in `_ms`
 * are milliseconds; the lists of `--save-detailed` are seconds.
 *
 * Fields as in vllm-project/vllm, vllm/benchmarks/serve.py, and its predecessor benchmarks/benchmark_serving.py.
 */
const result = z.object({
  duration: positive,
  completed: whole,
  total_input_tokens: whole,
  total_output_tokens: whole,
  request_rate: z.union([z.number(), z.string()]).nullish(),
  max_concurrency: z.number().int().positive().nullish(),
  mean_ttft_ms: optional,
  median_ttft_ms: optional,
  p99_ttft_ms: optional,
  mean_tpot_ms: optional,
  median_tpot_ms: optional,
  p99_tpot_ms: optional,
  mean_e2el_ms: optional,
  output_lens: list,
  ttfts: list,
  itls: z.array(z.array(z.number())).nullish(),
});
type Result = z.infer<typeof result>;

export function isVllmResult(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'total_input_tokens' in value && 'completed' in value;
}

const MS = 1000;

function statistics(name: string, seconds: readonly number[]): [string, number][] {
  if (seconds.length === 0) return [];
  const mean = seconds.reduce((sum, value) => sum + value, 0) / seconds.length;
  return [
    [`${name}_ms_mean`, MS * mean],
    [`${name}_ms_p50`, MS * sampleQuantile(seconds, 0.5)],
    [`${name}_ms_p99`, MS * sampleQuantile(seconds, 0.99)],
  ];
}

/** Per request: the time after the first token over the tokens after it; failed requests have none. */
function detailed({ itls, output_lens: lens, ttfts }: Result): [string, number][] | undefined {
  if (!itls || !lens || !ttfts || itls.length !== lens.length || ttfts.length !== lens.length) return undefined;
  const tpots = itls.flatMap((gaps, i) => {
    const tokens = lens[i] ?? 0;
    return tokens > 1 && gaps.length > 0 ? [gaps.reduce((sum, gap) => sum + gap, 0) / (tokens - 1)] : [];
  });
  return [
    ...statistics(
      'ttft',
      ttfts.filter((ttft) => ttft > 0),
    ),
    ...statistics('tpot', tpots),
  ];
}

function summarised(run: Result, output: number): [string, number | null | undefined][] {
  const { mean_e2el_ms: e2e, mean_ttft_ms: ttft } = run;
  const byFormula = e2e && ttft ? tpotOf(e2e, ttft, output) : undefined;
  return [
    ['ttft_ms_mean', ttft],
    ['ttft_ms_p50', run.median_ttft_ms],
    ['ttft_ms_p99', run.p99_ttft_ms],
    ['tpot_ms_mean', run.mean_tpot_ms ?? byFormula],
    ['tpot_ms_p50', run.median_tpot_ms],
    ['tpot_ms_p99', run.p99_tpot_ms],
  ];
}

function rateOf(rate: Result['request_rate']): number | undefined {
  if (rate === undefined || rate === null || rate === 'inf') return Number.POSITIVE_INFINITY;
  const value = Number(rate);
  return value > 0 ? value : undefined;
}

export function readVllmResult(value: unknown, place: string): OwnBenchmark {
  const run = validate(result, value);
  const { completed, duration, total_input_tokens: inputs, total_output_tokens: outputs } = run;
  const output = outputs / completed;
  return {
    place,
    input: inputs / completed,
    output,
    load: loadOf({
      users: run.max_concurrency ?? undefined,
      perSecond: rateOf(run.request_rate),
      requests: completed,
    }),
    values: valuesOf([
      ...(detailed(run) ?? summarised(run, output)),
      ['req_s', completed / duration],
      ['output_tok_s', outputs / duration],
    ]),
  };
}
