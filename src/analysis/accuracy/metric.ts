import type { RunFigures } from './run-figures.ts';

/** What kind of thing a metric tells, in the order people read about them. */
export const KINDS = ['decode', 'ttft', 'throughput', 'batch_latency', 'prefill', 'power'] as const;
export type MetricKind = (typeof KINDS)[number];

/** How a measured metric is read from the figures of a run, in the metric's own unit. */
export interface Metric {
  kind: MetricKind;
  unit: 'ms' | 's' | 'tok/s' | 'req/s' | 'W';
  of(run: RunFigures, gpus: number): number | undefined;
}

const MS_PER_SECOND = 1000;

/** Mean, median and 99th percentile of one latency, in milliseconds. */
function latency(name: string, kind: MetricKind, pick: 'ttft' | 'tpot' | 'itl'): [string, Metric][] {
  const of = (part: 'mean' | 'p50' | 'p99') => (run: RunFigures) => run[pick]?.[part];
  const inMs = (value: number | undefined) => (value === undefined ? undefined : value * MS_PER_SECOND);
  return (['mean', 'p50', 'p99'] as const).map((part) => [
    `${name}_ms_${part}`,
    { kind, unit: 'ms', of: (run) => inMs(of(part)(run)) },
  ]);
}

const outputRate = (run: RunFigures) => run.requestsPerSecond * run.output;
const totalRate = (run: RunFigures) => run.requestsPerSecond * (run.input + run.output);

/** Of a batch; of requests that come one by one, that of each. */
const promptRate = (run: RunFigures) =>
  run.promptTokensPerSecond ?? (run.ttft === undefined ? undefined : run.input / run.ttft.mean);

/**
 * The metrics that a table may hold. Rates are those of the whole system unless named per GPU; `decode_tok_s_per_user`
 * is one over the mean time per output token, `prefill_tok_s` the prompt tokens of the batch over its time to first
 * token, `gpu_power_w_total` the boards of all GPUs.
 */
const METRICS: ReadonlyMap<string, Metric> = new Map<string, Metric>([
  ...latency('tpot', 'decode', 'tpot'),
  ...latency('itl', 'decode', 'itl'),
  [
    'decode_tok_s_per_user',
    { kind: 'decode', unit: 'tok/s', of: (run) => (run.tpot === undefined ? undefined : 1 / run.tpot.mean) },
  ],
  ...latency('ttft', 'ttft', 'ttft'),
  ['output_tok_s', { kind: 'throughput', unit: 'tok/s', of: outputRate }],
  ['total_tok_s', { kind: 'throughput', unit: 'tok/s', of: totalRate }],
  ['req_s', { kind: 'throughput', unit: 'req/s', of: (run) => run.requestsPerSecond }],
  ['output_tok_s_per_gpu', { kind: 'throughput', unit: 'tok/s', of: (run, gpus) => outputRate(run) / gpus }],
  ['total_tok_s_per_gpu', { kind: 'throughput', unit: 'tok/s', of: (run, gpus) => totalRate(run) / gpus }],
  ['e2e_latency_s', { kind: 'batch_latency', unit: 's', of: (run) => run.batchSeconds }],
  ['prefill_tok_s', { kind: 'prefill', unit: 'tok/s', of: promptRate }],
  ['gpu_power_w_total', { kind: 'power', unit: 'W', of: (run, gpus) => scaled(run.boardWatts, gpus) }],
]);

function scaled(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value * by;
}

export function metricNamed(name: string): Metric | undefined {
  return METRICS.get(name);
}

export function metricNames(): string[] {
  return [...METRICS.keys()];
}
