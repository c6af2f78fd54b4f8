import { firstReaching } from '../math/root.ts';
import type { Envelope } from '../serving/envelope.ts';
import { latencyAt, readLatency, shareBelow } from '../serving/read-envelope.ts';
import type { Seconds } from '../units/quantity.ts';
import type { WeekRecord } from './week.ts';

/** Requests that meet one distribution of latency. */
interface Part {
  weight: number;
  wait: Seconds;
  latencies: readonly Seconds[];
}

/** The latencies of a month's requests: a mixture of each step's own distribution, weighted by requests. */
export interface LatencyMixture {
  parts: readonly Part[];
  /** Requests over all parts. */
  finite: number;
  /** The same, and those that meet a growing backlog, whose wait has no end. */
  total: number;
}

export function latencyMixture(
  envelope: Envelope,
  records: readonly WeekRecord[],
  metric: 'ttft' | 'tpot',
): LatencyMixture {
  const parts: Part[] = [];
  let [finite, total] = [0, 0];
  for (const { steps, served, up, wait } of records) {
    if (served <= 0) continue;
    const weight = steps * served;
    total += weight;
    if (wait === Number.POSITIVE_INFINITY) continue;
    const latencies = readLatency(envelope, served / up, metric);
    if (latencies === undefined) continue;
    finite += weight;
    parts.push({ weight, wait: metric === 'ttft' ? wait : 0, latencies });
  }
  return { parts, finite, total };
}

/**
 * A quantile of a month's latency, to 1e-9 of itself. A mixture's quantile lies between those of its parts.
 *
 * @returns undefined where there are no requests, or where so many meet a growing backlog that it is not finite
 */
export function mixtureQuantile({ parts, finite, total }: LatencyMixture, quantile: number): Seconds | undefined {
  if (total <= 0 || finite <= quantile * total) return undefined;
  const below = (seconds: Seconds) => {
    let share = 0;
    for (const { weight, wait, latencies } of parts) share += weight * shareBelow(latencies, seconds - wait);
    return share / total;
  };
  const ofFinite = (quantile * total) / finite;
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const { wait, latencies } of parts) {
    const own = wait + latencyAt(latencies, ofFinite);
    low = Math.min(low, own);
    high = Math.max(high, own);
  }
  return firstReaching(below, quantile, low, high, 1e-9);
}
