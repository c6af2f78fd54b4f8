import type { QuantileSketch } from '../math/quantile-sketch.ts';
import type { LatencyTarget } from '../scenario/plan.ts';
import { BacklogWatch } from '../serving/backlog-watch.ts';
import { type EndedRequest, instancesOf, type RequestSink, type RunTotals } from '../serving/engine-spec.ts';
import { type Latencies, LatencyRecorder } from '../serving/latency-recorder.ts';
import { engineSpec, type Replica } from '../serving/replica.ts';
import type { RunOptions } from '../serving/run-records.ts';
import { runReplica } from '../serving/run-replica.ts';
import { behindFrontEnd } from '../traffic/front-end.ts';
import type { RequestSource } from '../traffic/request-source.ts';
import { formatSeconds } from '../units/format.ts';
import type { Seconds, Share } from '../units/quantity.ts';

/** A latency over the requests of a run; absent where no request had one. */
export interface LatencySummary {
  mean: Seconds;
  p50: Seconds;
  p95: Seconds;
  p99: Seconds;
}

/** A latency target, held against the run. */
export interface TargetRecord {
  metric: 'ttft' | 'tpot';
  percentile: number;
  /** Of requests in the background, which are judged by targets of their own. */
  background?: true;
  target_s: Seconds;
  value_s: Seconds;
  met: boolean;
}

/** What a replay says, but for the time it took. */
export interface ReplayRecord {
  requests: { offered: number; completed: number; refused: number; unfinished: number };
  ttft_s?: LatencySummary;
  tpot_s?: LatencySummary;
  e2e_s?: LatencySummary;
  queue_s?: LatencySummary;
  iterations: number;
  preemptions: number;
  input_tok_per_s: number;
  output_tok_per_s: number;
  /** Of prompt tokens, those found in the cache. */
  cached_share: Share;
  /** Most blocks in use at once, over all there are; absent where the cache is not limited. */
  kv_peak_share?: Share;
  busy_share: Share;
  /** Of the busy time, what prompts took. */
  prompt_share: Share;
  running_mean: number;
  waiting_mean: number;
  simulated_s: Seconds;
  targets: readonly TargetRecord[];
  warnings: readonly string[];
}

function summary(sketch: QuantileSketch): LatencySummary | undefined {
  const mean = sketch.mean();
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => sketch.quantile(share));
  if (mean === undefined || p50 === undefined || p95 === undefined || p99 === undefined) return undefined;
  return { mean, p50, p95, p99 };
}

function latencyFields(latencies: Latencies): Pick<ReplayRecord, 'ttft_s' | 'tpot_s' | 'e2e_s' | 'queue_s'> {
  const entries = (['ttft', 'tpot', 'e2e', 'queue'] as const).flatMap((key) => {
    const found = summary(latencies[key]);
    return found === undefined ? [] : [[`${key}_s`, found] as const];
  });
  return Object.fromEntries(entries);
}

function targetsOf(slo: readonly LatencyTarget[], latencies: Latencies): TargetRecord[] {
  return slo.flatMap((target) => {
    const value = latencies[target.metric].quantile(target.quantile);
    if (value === undefined) return [];
    const { metric, quantile, seconds } = target;
    return [
      { metric, percentile: Math.round(quantile * 100), target_s: seconds, value_s: value, met: value <= seconds },
    ];
  });
}

/** With requests in the background each priority has targets of its own, as in the service curve; else all share them. */
function allTargets(
  slo: readonly LatencyTarget[],
  background: readonly LatencyTarget[] | undefined,
  recorder: LatencyRecorder,
): TargetRecord[] {
  if (background === undefined) return targetsOf(slo, recorder.all());
  const [first, second] = recorder.byPriority;
  const behind = targetsOf(background, second).map((target) => ({ ...target, background: true as const }));
  return [...targetsOf(slo, first), ...behind];
}

function warningsOf(totals: RunTotals, backlog: BacklogWatch, targets: readonly TargetRecord[]): string[] {
  const warnings: string[] = [];
  const growth = backlog.growth();
  if (growth !== undefined) {
    warnings.push(
      `the backlog grew: requests waited ${formatSeconds(growth.early)} on average early in the run, ${formatSeconds(growth.late)} late in it; this replica is given more than it can do`,
    );
  }
  if (totals.refused > 0) {
    warnings.push(
      `${totals.refused.toLocaleString('en-US')} request(s) refused: longer than the model's context, or than the whole KV cache`,
    );
  }
  for (const { metric, percentile, background } of targets.filter(({ met }) => !met)) {
    warnings.push(`${metric.toUpperCase()} p${percentile}${background ? ' in the background' : ''} misses its target`);
  }
  return warnings;
}

/** All that a replay notes of a request that has ended. */
class ReplayRecorder implements RequestSink {
  readonly latencies: LatencyRecorder;
  readonly backlog: BacklogWatch;
  /** Tokens of the prompts of those who were answered: what a server's own counter shows. */
  promptTokens = 0;
  private readonly onEnd: (() => void) | undefined;

  constructor(delayOf: (tag: number) => Seconds, onEnd: (() => void) | undefined) {
    this.latencies = new LatencyRecorder(delayOf);
    this.backlog = new BacklogWatch(delayOf);
    this.onEnd = onEnd;
  }

  ended(request: EndedRequest): void {
    this.latencies.ended(request);
    this.backlog.ended(request);
    this.promptTokens += request.input;
    this.onEnd?.();
  }
}

/**
 * Runs a replica through a finite stream of requests and says what they saw. It drains: what is unfinished was cut off.
 *
 * @param slo held against the latencies of all requests; of those of the first priority where `background` is given
 * @param options.background held against those of the second
 * @param onEnd called for each request that ended, for whoever shows how far it is
 */
export function replay(
  replica: Replica,
  source: RequestSource,
  slo: readonly LatencyTarget[],
  options: RunOptions & { background?: readonly LatencyTarget[]; onEnd?: () => void } = {},
): ReplayRecord {
  const { onEnd, background, ...run } = options;
  const served = behindFrontEnd(source, replica.frontEnd);
  const recorder = new ReplayRecorder((tag) => served.delayOf(tag), onEnd);
  const spec = engineSpec(replica);
  const totals = runReplica(spec, served, recorder, run);
  const latencies = recorder.latencies.all();
  const targets = allTargets(slo, background, recorder.latencies);
  const over = (amount: number, base: number) => (base > 0 ? amount / base : 0);
  const prefilled = totals.promptTokens + totals.cachedTokens;
  const instances = instancesOf(spec.scheduling);
  return {
    requests: {
      offered: totals.offered,
      completed: totals.completed,
      refused: totals.refused,
      unfinished: totals.unfinished,
    },
    ...latencyFields(latencies),
    iterations: totals.iterations,
    preemptions: totals.preemptions,
    input_tok_per_s: over(recorder.promptTokens, totals.end),
    output_tok_per_s: over(totals.outputTokens, totals.end),
    cached_share: over(totals.cachedTokens, prefilled),
    ...(Number.isFinite(spec.kvBlocks) ? { kv_peak_share: over(totals.peakBlocks, spec.kvBlocks) } : {}),
    busy_share: over(totals.busySeconds, totals.end * instances),
    prompt_share: over(totals.promptSeconds, totals.busySeconds),
    running_mean: over(totals.runningSeconds, totals.end),
    waiting_mean: over(totals.waitingSeconds, totals.end),
    simulated_s: totals.end,
    targets,
    warnings: warningsOf(totals, recorder.backlog, targets),
  };
}
