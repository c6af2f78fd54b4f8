import type { Seconds } from '../units/quantity.ts';
import { type Envelope, type EnvelopePoint, QUANTILES } from './envelope.ts';

/**
 * The two stored points around a load and how far between them it lies; undefined beyond the last one, and at
 * saturation, which points just below may equal where throughput has levelled off.
 */
function bracket(
  envelope: Envelope,
  load: number,
): { low: EnvelopePoint; high: EnvelopePoint; part: number } | undefined {
  const { points, saturation } = envelope;
  if (load >= saturation.requestsPerSecond * (1 - 1e-12)) return undefined;
  const index = points.findIndex((point) => point.requestsPerSecond >= load);
  if (index === -1) return undefined;
  const high = points[index] as EnvelopePoint;
  const low = points[Math.max(0, index - 1)] as EnvelopePoint;
  const span = high.requestsPerSecond - low.requestsPerSecond;
  return { low, high, part: span > 0 ? (load - low.requestsPerSecond) / span : 0 };
}

/** Mean sequences in flight, busy share and prompt share of a replica at a load; at saturation beyond the curve. */
export function readEnvelope(
  envelope: Envelope,
  load: number,
): Pick<EnvelopePoint, 'running' | 'busy' | 'promptShare'> {
  const found = bracket(envelope, load);
  if (found === undefined) {
    const last = envelope.points.at(-1) as EnvelopePoint;
    return { running: envelope.saturation.running, busy: 1, promptShare: last.promptShare };
  }
  const { low, high, part } = found;
  const between = (key: 'running' | 'busy' | 'promptShare') => low[key] + part * (high[key] - low[key]);
  return { running: between('running'), busy: between('busy'), promptShare: between('promptShare') };
}

/** Latency at each of QUANTILES for a load; undefined where no finite latency is known, close to saturation. */
export function readLatency(envelope: Envelope, load: number, metric: 'ttft' | 'tpot'): Seconds[] | undefined {
  const found = bracket(envelope, load);
  if (found === undefined) return undefined;
  const { low, high, part } = found;
  return low[metric].map((value, i) => value + part * ((high[metric][i] as number) - value));
}

/** Share of requests at or below `seconds`, linear between the stored quantiles. */
export function shareBelow(latencies: readonly Seconds[], seconds: Seconds): number {
  if (seconds < (latencies[0] as number)) return 0;
  for (let i = 1; i < latencies.length; i++) {
    const upper = latencies[i] as number;
    if (seconds < upper) {
      const lower = latencies[i - 1] as number;
      const from = QUANTILES[i - 1] as number;
      return from + ((seconds - lower) / (upper - lower)) * ((QUANTILES[i] as number) - from);
    }
  }
  return 1;
}

/** The inverse of `shareBelow`: where a share of requests is reached. */
export function latencyAt(latencies: readonly Seconds[], share: number): Seconds {
  for (let i = 1; i < latencies.length; i++) {
    const to = QUANTILES[i] as number;
    if (share > to) continue;
    const from = QUANTILES[i - 1] as number;
    const lower = latencies[i - 1] as number;
    const part = Math.max(0, (share - from) / (to - from));
    return lower + part * ((latencies[i] as number) - lower);
  }
  return latencies.at(-1) as number;
}
