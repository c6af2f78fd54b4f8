import { idealUsdPerMtok } from '../analysis/waterfall.ts';
import { billedGpus } from '../cost/capacity-cost.ts';
import { type LedgerLine, totalUsd } from '../cost/ledger.ts';
import { monthEnergyKwh } from '../energy/power.ts';
import { LEAST_REQUESTS } from '../fleet/month.ts';
import { latencyMixture, mixtureQuantile } from '../fleet/month-latency.ts';
import { monthPower } from '../fleet/month-power.ts';
import type { MonthUse } from '../fleet/month-use.ts';
import type { FleetMonth } from '../fleet/simulate-fleet.ts';
import type { Plan } from '../scenario/plan.ts';
import { replicaGpus } from '../scenario/replica-gpus.ts';
import { requestTokens } from '../scenario/request-tokens.ts';
import type { Metrics } from '../schema/metric-table.ts';
import { answeringInstances } from '../serving/engine-spec.ts';
import type { Envelope } from '../serving/envelope.ts';
import { readEnvelope } from '../serving/read-envelope.ts';
import type { Replica } from '../serving/replica.ts';

/** Own cost of month 1: the loaded bill without what the API charges for overflow. */
export function ownLoadedUsd(lines: readonly LedgerLine[]): number {
  return totalUsd(lines, 'loaded', ['capacity', 'facility', 'software', 'people', 'one_off']);
}

/** Share of the busy GPU time of month 1 that prompts take. */
export function promptTimeShare(envelope: Envelope, first: FleetMonth): number {
  let busy = 0;
  let prompts = 0;
  for (const record of first.result.records) {
    if (record.served === 0) continue;
    const at = readEnvelope(envelope, record.served / record.up);
    const weight = record.steps * record.up * at.busy;
    busy += weight;
    prompts += weight * at.promptShare;
  }
  return busy > 0 ? prompts / busy : 0;
}

function prices(plan: Plan, envelope: Envelope, first: FleetMonth, lines: readonly LedgerLine[]): Metrics {
  const tokens = requestTokens(plan.traffic.mix);
  const { served } = first.result.traffic;
  const ideal = idealUsdPerMtok(plan, envelope, lines);
  const known: Metrics = ideal === undefined ? {} : { usd_per_mtok_ideal: ideal };
  if (served < LEAST_REQUESTS) return known;
  const own = ownLoadedUsd(lines);
  const input = (served * tokens.input) / 1e6;
  const output = (served * tokens.output) / 1e6;
  const promptShare = promptTimeShare(envelope, first);
  return {
    ...known,
    usd_per_mtok_total: own / (input + output),
    usd_per_mtok_input: (own * promptShare) / input,
    usd_per_mtok_output: (own * (1 - promptShare)) / output,
    usd_per_mtok_output_only: own / output,
  };
}

/** A request of a single token has no time per output token: its zero is left out, like what cannot be known. */
function latencies(envelope: Envelope, first: FleetMonth): Metrics {
  const entries = (['ttft', 'tpot'] as const).flatMap((metric) => {
    const mixture = latencyMixture(envelope, first.result.records, metric);
    return ([50, 95] as const).map(
      (percentile) => [`${metric}_p${percentile}_s`, mixtureQuantile(mixture, percentile / 100)] as const,
    );
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value > 0));
}

/** The metrics of month 1, by their contract names. */
export function metricsOf(
  plan: Plan,
  replica: Replica,
  envelope: Envelope,
  first: FleetMonth,
  use: MonthUse,
  lines: readonly LedgerLine[],
): Metrics {
  const tokens = requestTokens(plan.traffic.mix);
  const { traffic, utilizationMean, utilizationPeak } = first.result;
  const { replicas } = first.size;
  const gpus = billedGpus(plan, replicas);
  const { boardMean } = monthPower(
    { replica, envelope },
    gpus / replicaGpus(plan.serving),
    first.result.records,
    plan.facility.power,
  );
  const energy = monthEnergyKwh(plan, gpus, boardMean);
  return {
    weight_bytes_per_gpu: replica.weightBytesPerGpu,
    kv_bytes_per_token: replica.kvBytesPerToken,
    ...(replica.kvCapacityTokens === undefined
      ? {}
      : { kv_capacity_tokens_per_replica: replica.kvCapacityTokens * answeringInstances(replica.engine.scheduling) }),
    replicas,
    gpus,
    availability: first.size.availability,
    batch_at_peak: use.runningAtPeak,
    ...latencies(envelope, first),
    replica_output_tok_per_s_max: envelope.target.requestsPerSecond * tokens.output,
    utilization_mean: utilizationMean,
    utilization_peak: utilizationPeak,
    input_tokens_per_month: traffic.offered * tokens.input,
    output_tokens_per_month: traffic.offered * tokens.output,
    overflow_token_share: traffic.offered > 0 ? (traffic.offered - traffic.served) / traffic.offered : 0,
    ...(energy === undefined ? {} : { energy_kwh_per_month: energy }),
    cost_usd_per_month: totalUsd(lines, 'loaded'),
    ...prices(plan, envelope, first, lines),
  };
}
