import type { Envelope } from '../serving/envelope.ts';
import { readLatency, shareBelow } from '../serving/read-envelope.ts';
import type { Seconds } from '../units/quantity.ts';
import type { WeekRecord } from './week.ts';

interface Part {
  weight: number;
  wait: Seconds;
  latencies: Seconds[] | undefined;
}

function parts(envelope: Envelope, records: readonly WeekRecord[], metric: 'ttft' | 'tpot'): Part[] {
  return records
    .filter((record) => record.served > 0)
    .map((record) => ({
      weight: record.steps * record.served,
      wait: metric === 'ttft' ? record.wait : 0,
      latencies:
        record.wait === Number.POSITIVE_INFINITY ? undefined : readLatency(envelope, record.served / record.up, metric),
    }));
}

/**
 * A quantile of latency over a month, request-weighted: the mixture of each step's own distribution, inverted by
 * bisection to 1e-9.
 *
 * @returns undefined where there are no requests, or where so many meet a growing backlog that it is not finite
 */
export function monthQuantile(
  envelope: Envelope,
  records: readonly WeekRecord[],
  metric: 'ttft' | 'tpot',
  quantile: number,
): Seconds | undefined {
  const mixture = parts(envelope, records, metric);
  const total = mixture.reduce((sum, part) => sum + part.weight, 0);
  const finite = mixture.reduce((sum, part) => sum + (part.latencies === undefined ? 0 : part.weight), 0);
  if (total <= 0 || finite <= quantile * total) return undefined;
  const below = (seconds: Seconds) => {
    let share = 0;
    for (const { weight, wait, latencies } of mixture) {
      if (latencies !== undefined) share += weight * shareBelow(latencies, seconds - wait);
    }
    return share / total;
  };
  let high = 1e-3;
  while (below(high) < quantile && high < 1e12) high *= 2;
  let low = 0;
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2;
    if (below(middle) >= quantile) high = middle;
    else low = middle;
  }
  return high;
}
