import { textOf } from '../accuracy/measured-row.ts';
import type { FittedRow } from './fitted-rows.ts';

/** What a kind of metric has to say of step times, beside a time between tokens. */
const SAY = {
  decode: 1,
  batch_latency: 1,
  throughput: 1,
  prefill: 0.3,
  /** A first token also waits for whatever stands in front of the engine. */
  ttft: 0.15,
  /** A median over a closed loop is in its steady state; a mean there holds the first burst. */
  ttft_p50: 0.5,
  power: 0,
} as const;

const groupOf = ({ row, metric, isMoe }: FittedRow) => `${textOf(row, 'source_id')} ${metric.kind} ${isMoe}`;

function sayOf({ metric, metricName, run }: FittedRow): number {
  if (metric.kind !== 'ttft') return SAY[metric.kind];
  if (metricName.endsWith('_p50')) return run.load.kind === 'closed' ? SAY.ttft_p50 : SAY.ttft;
  return SAY.ttft;
}

/**
 * How much each row counts; weights sum to 1. A table of a thousand rows knows more than one of ten, but not a hundred
 * times as much, as its rows share engines, builds and mistakes: a group of n rows counts as √n.
 */
export function rowWeights(rows: readonly FittedRow[]): Float64Array {
  const sizes = new Map<string, number>();
  for (const row of rows) sizes.set(groupOf(row), (sizes.get(groupOf(row)) ?? 0) + 1);
  const raw = rows.map((row) => sayOf(row) / Math.sqrt(sizes.get(groupOf(row)) ?? 1));
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return Float64Array.from(raw, (weight) => weight / sum);
}
