import type { Comparison } from '../analysis/comparison.ts';
import type { Verdict } from '../analysis/verdict.ts';
import type { WaterfallStep } from '../analysis/waterfall.ts';
import type { LedgerLine } from '../cost/ledger.ts';
import type { DefaultUsed, LatencyTarget } from '../scenario/plan.ts';
import type { Metrics } from '../schema/metric-table.ts';
import type { Limit } from '../serving/replica.ts';
import type { AssertionRecord } from './assertions.ts';
import type { Physics } from './physics.ts';

/** `ok`, or why the numbers are not those of a working service. */
export type RunStatus = 'ok' | 'slo_missed' | 'saturated';

export interface MonthRecord {
  month: number;
  replicas: number;
  gpus: number;
  availability: number;
  offered_tokens: number;
  served_tokens: number;
  overflow_tokens: number;
  refused_tokens: number;
  queued_tokens: number;
  utilization_mean: number;
  utilization_peak: number;
  /** What ends when the work ends; the loaded cost; the same with straight-line depreciation; what is paid in the month. */
  marginal_usd: number;
  cost_usd: number;
  book_usd: number;
  cash_usd: number;
}

/** A cost left out, with what it would typically be. */
export interface NotCountedRecord {
  id: string;
  label: string;
  typical_usd_per_month: number;
  source: string;
}

/** What the run is about, in words and round numbers: what a report needs beside the metrics. */
export interface Subject {
  name: string;
  start: string;
  hours_per_month: number;
  model: string;
  gpu: string;
  /** How the GPUs are had. */
  capacity: 'rent' | 'own';
  engine: string;
  upper_bound: boolean;
  tensor_parallel: number;
  pipeline_parallel: number;
  expert_parallel: number;
  attention_data_parallel: number;
  /** The same in short: "TP8 EP8". */
  layout: string;
  weights: string;
  kv_cache: string;
  max_batch: number;
  scheduling: string;
  /** GPUs of one replica, over both pools where there are two. */
  replica_gpus: number;
  pools?: { prefill: number; decode: number };
  /** How the latencies and the capacity of a replica come about. */
  service_curve: 'simulated' | 'closed-form';
  requests_per_day: number;
  /** Of a session on average; 1 where requests have nothing to do with each other. */
  requests_per_session: number;
  input_tokens: number;
  /** Of one answer; `samples` are asked of each prompt. */
  output_tokens: number;
  samples: number;
  cached_input: number;
  peak_over_mean: number;
  needed_replicas: number;
  /** A queue without a latency target is sized for the mean, everything else for the busiest hour. */
  sized_for: 'busiest hour' | 'mean load';
  limited_by: Limit;
  target_availability: number | null;
  slo: readonly LatencyTarget[];
  utilization_histogram: readonly number[];
  /** 168 hours, Monday 00:00 UTC first. */
  utilization_by_hour: readonly number[];
  growth_per_month: number;
  /** What moves over the months, and how, in words; everything else is flat. */
  price_paths: readonly { of: string; path: string }[];
  horizon_months: number;
}

/** Everything a run found. Plain JSON; names with unit suffixes; finite numbers only. */
export interface Result {
  schema: 'rackrate.result/v1';
  seed: number;
  status: RunStatus;
  slo_met: boolean;
  subject: Subject;
  metrics: Metrics;
  /** Expected relative error of every price, one side: four in five are to lie within it. */
  price_error: number;
  price_error_basis: string;
  /** The same of the two latencies, where it is known of them apart. */
  latency_error: { tpot: number | null; ttft: number | null };
  /** Names of prices that have no finite value because nothing is served. */
  unbounded: string[];
  defaults_used: readonly DefaultUsed[];
  not_counted: readonly NotCountedRecord[];
  warnings: readonly string[];
  months: readonly MonthRecord[];
  ledger: readonly LedgerLine[];
  waterfall: readonly WaterfallStep[];
  comparisons: readonly Comparison[];
  verdict: Verdict;
  /** What the scenario promises about all this, and whether it holds. */
  assertions: readonly AssertionRecord[];
  physics: Physics;
}
