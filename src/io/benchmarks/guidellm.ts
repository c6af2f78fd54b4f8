import * as z from 'zod';
import { loadOf, type OwnBenchmark, tpotOf, valuesOf } from '../../analysis/calibrate/own-benchmark.ts';
import { validate } from '../../schema/issues.ts';

const positive = z.number().positive();
const distribution = z.object({
  successful: z.object({
    mean: positive,
    median: z.number().nullish(),
    count: z.number().nullish(),
    percentiles: z.object({ p99: z.number().nullish() }).nullish(),
  }),
});

const strategy = z.object({
  type_: z.string(),
  streams: z.number().int().positive().nullish(),
  max_concurrency: z.number().int().positive().nullish(),
  rate: positive.nullish(),
});

/**
 * The report that guidellm writes as benchmarks.json: a list of benchmarks, each with the distributions of its requests
 * by how they ended. Latencies ending in `_ms` are milliseconds, `request_latency` is seconds.
 *
 * Its `time_per_output_token_ms` counts the first token's wait and is not read; time per output token is made of the
 * latency, the first token and the tokens. Its `inter_token_latency_ms` weighs each request by its gaps, which is a mean
 * over all gaps.
 *
 * Fields as in vllm-project/guidellm, src/guidellm/benchmark/schemas/.
 */
const benchmark = z.object({
  config: z.object({ strategy: strategy.nullish() }).nullish(),
  args: z.object({ strategy: strategy.nullish() }).nullish(),
  scheduler: z.object({ strategy: strategy.nullish() }).nullish(),
  metrics: z.object({
    requests_per_second: distribution,
    request_concurrency: distribution.nullish(),
    request_latency: distribution,
    prompt_token_count: distribution,
    output_token_count: distribution,
    time_to_first_token_ms: distribution.nullish(),
    inter_token_latency_ms: distribution.nullish(),
  }),
});
const report = z.object({ benchmarks: z.array(benchmark).min(1) });
type Benchmark = z.infer<typeof benchmark>;

export function isGuidellmReport(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'benchmarks' in value;
}

/** Requests of a run whose number the report does not give: enough for its mean to have settled. */
const REQUESTS = 1000;

function loadOfStrategy({ config, args, scheduler, metrics }: Benchmark): OwnBenchmark['load'] {
  const stated = config?.strategy ?? args?.strategy ?? scheduler?.strategy;
  const requests = metrics.request_latency.successful.count ?? REQUESTS;
  const seen = Math.max(1, Math.round(metrics.request_concurrency?.successful.mean ?? 1));
  switch (stated?.type_) {
    case 'synchronous':
      return loadOf({ users: 1, requests });
    case 'throughput':
      return loadOf({ users: stated.max_concurrency ?? undefined, requests });
    case 'constant':
    case 'poisson':
    case 'async':
      return loadOf({ perSecond: stated.rate ?? metrics.requests_per_second.successful.mean, requests });
    default:
      return loadOf({ users: stated?.streams ?? seen, requests });
  }
}

function readBenchmark(run: Benchmark, place: string): OwnBenchmark {
  const { metrics } = run;
  const ttft = metrics.time_to_first_token_ms?.successful;
  const output = metrics.output_token_count.successful.mean;
  const perSecond = metrics.requests_per_second.successful.mean;
  const e2e = 1000 * metrics.request_latency.successful.mean;
  return {
    place,
    input: metrics.prompt_token_count.successful.mean,
    output,
    load: loadOfStrategy(run),
    values: valuesOf([
      ['ttft_ms_mean', ttft?.mean],
      ['ttft_ms_p50', ttft?.median],
      ['ttft_ms_p99', ttft?.percentiles?.p99],
      ['tpot_ms_mean', ttft === undefined ? undefined : tpotOf(e2e, ttft.mean, output)],
      ['itl_ms_mean', metrics.inter_token_latency_ms?.successful.mean],
      ['req_s', perSecond],
      ['output_tok_s', perSecond * output],
    ]),
  };
}

export function readGuidellmReport(value: unknown): OwnBenchmark[] {
  const { benchmarks } = validate(report, value);
  return benchmarks.map((run, i) => readBenchmark(run, `benchmarks.${i}`));
}
