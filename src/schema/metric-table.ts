/** How a metric prints for people. Machine formats always carry the unit of the name, at full precision. */
export type MetricFormat =
  | 'bytes'
  | 'count'
  | 'share'
  | 'seconds'
  | 'tokens'
  | 'tok_per_s'
  | 'kwh'
  | 'usd'
  | 'usd_per_mtok';

/** One metric of a run: the one table that CSV headers, JSON keys, reports and the glossary are printed from. */
export interface MetricRow {
  id: string;
  label: string;
  unit: string;
  definition: string;
  better: 'lower' | 'higher' | 'neither';
  format: MetricFormat;
}

function row<Id extends string>(
  id: Id,
  label: string,
  unit: string,
  format: MetricFormat,
  better: MetricRow['better'],
  definition: string,
): MetricRow & { id: Id } {
  return { id, label, unit, format, better, definition };
}

export const METRICS = [
  row('weight_bytes_per_gpu', 'Weights per GPU', 'B', 'bytes', 'lower', 'bytes of weights on the fullest GPU'),
  row(
    'kv_bytes_per_token',
    'KV cache per token',
    'B',
    'bytes',
    'lower',
    "logical bytes of the whole replica, before any copy over tensor parallelism, at the mix's mean context",
  ),
  row(
    'kv_capacity_tokens_per_replica',
    'KV room',
    'token',
    'tokens',
    'higher',
    'tokens of cache over all GPUs of a replica',
  ),
  row('replicas', 'Replicas', '', 'count', 'lower', 'month 1, redundancy included'),
  row('gpus', 'GPUs billed', '', 'count', 'lower', 'month 1, rounded up to whole billing units'),
  row(
    'availability',
    'Availability',
    'share',
    'share',
    'higher',
    'expected share of time with at least the needed replicas up',
  ),
  row(
    'batch_at_peak',
    'Batch at peak',
    'sequences',
    'count',
    'neither',
    'mean sequences in flight on a replica in the busiest hour',
  ),
  row('ttft_p50_s', 'TTFT p50', 's', 'seconds', 'lower', 'time to first token, median over the requests of month 1'),
  row(
    'ttft_p95_s',
    'TTFT p95',
    's',
    'seconds',
    'lower',
    'time to first token, 95th percentile over the requests of month 1',
  ),
  row(
    'tpot_p50_s',
    'TPOT p50',
    's',
    'seconds',
    'lower',
    '(end to end − TTFT)/(tokens − 1), median over the requests of month 1',
  ),
  row(
    'tpot_p95_s',
    'TPOT p95',
    's',
    'seconds',
    'lower',
    '(end to end − TTFT)/(tokens − 1), 95th percentile over the requests of month 1',
  ),
  row(
    'replica_output_tok_per_s_max',
    'Replica maximum',
    'tok/s',
    'tok_per_s',
    'higher',
    'largest steady output rate of one replica inside the latency target for this mix; at saturation where there is none',
  ),
  row(
    'utilization_mean',
    'Utilisation',
    'share',
    'share',
    'neither',
    'output served over what all billed replicas could serve inside the target, mean of month 1',
  ),
  row(
    'utilization_peak',
    'Utilisation, busiest',
    'share',
    'share',
    'neither',
    'the same in the busiest step, all billed replicas up',
  ),
  row(
    'input_tokens_per_month',
    'Input tokens',
    'token/month',
    'tokens',
    'neither',
    'month 1, offered, cached included',
  ),
  row('output_tokens_per_month', 'Output tokens', 'token/month', 'tokens', 'neither', 'month 1, offered'),
  row(
    'overflow_token_share',
    'Overflow',
    'share',
    'share',
    'lower',
    'share of offered tokens not served by the own fleet in month 1: sent to the API, refused or left queued',
  ),
  row(
    'energy_kwh_per_month',
    'Energy',
    'kWh/month',
    'kwh',
    'lower',
    'at the meter, cooling included, whoever pays for it',
  ),
  row('cost_usd_per_month', 'Cost', 'USD/month', 'usd', 'lower', 'loaded cost of month 1, API overflow included'),
  row(
    'usd_per_mtok_total',
    'Price, all tokens',
    'USD/Mtok',
    'usd_per_mtok',
    'lower',
    'own cost over own served tokens, input and output',
  ),
  row(
    'usd_per_mtok_input',
    'Price, input',
    'USD/Mtok',
    'usd_per_mtok',
    'lower',
    'own cost times the share of GPU time spent on prompts, over served input tokens',
  ),
  row(
    'usd_per_mtok_output',
    'Price, output',
    'USD/Mtok',
    'usd_per_mtok',
    'lower',
    'the rest of the own cost over served output tokens',
  ),
  row(
    'usd_per_mtok_output_only',
    'Price, per output token',
    'USD/Mtok',
    'usd_per_mtok',
    'lower',
    'the whole own cost over served output tokens, the figure the field quotes',
  ),
  row(
    'usd_per_mtok_ideal',
    'Price, ideal',
    'USD/Mtok',
    'usd_per_mtok',
    'lower',
    'capacity price over all tokens of a replica saturated at its KV- or batch-limited batch: no target, no idle, no other line',
  ),
] as const satisfies readonly MetricRow[];

/** Values by metric id. One that cannot be known is absent: never 0, NaN or Infinity. */
export type Metrics = Partial<Record<(typeof METRICS)[number]['id'], number>>;
