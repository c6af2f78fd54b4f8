import type { Cell } from './columns.ts';
import type { ReplayRecord } from './replay.ts';

const LATENCIES = ['ttft', 'tpot', 'e2e', 'queue'] as const;

/** A replay as one row: requests, latencies with unit and percentile in their names, then rates and shares. */
export function replayRow(record: ReplayRecord): Record<string, Cell> {
  const { requests, targets, warnings: _, ttft_s, tpot_s, e2e_s, queue_s, ...figures } = record;
  const summaries = { ttft: ttft_s, tpot: tpot_s, e2e: e2e_s, queue: queue_s };
  const latencies = LATENCIES.flatMap((name) =>
    (['mean', 'p50', 'p95', 'p99'] as const).map((key): [string, Cell] => [`${name}_${key}_s`, summaries[name]?.[key]]),
  );
  return {
    ...Object.fromEntries(Object.entries(requests).map(([key, value]) => [`requests_${key}`, value])),
    ...Object.fromEntries(latencies),
    ...figures,
    targets_missed: targets.filter(({ met }) => !met).length,
  };
}
