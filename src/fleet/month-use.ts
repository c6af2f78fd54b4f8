import type { Envelope } from '../serving/envelope.ts';
import { readEnvelope } from '../serving/read-envelope.ts';
import { busiestServed } from './month.ts';
import { STEPS_PER_WEEK, type WeekRecord } from './week.ts';

/** How the billed replicas spend a month, beyond its mean and peak. */
export interface MonthUse {
  /** Share of time in each tenth of utilisation; the last holds everything from 0.9 up. */
  utilizationHistogram: readonly number[];
  /** Mean sequences in flight on one replica in the busiest step. */
  runningAtPeak: number;
}

function histogram(records: readonly WeekRecord[], capacity: number): number[] {
  const bins = new Array<number>(10).fill(0);
  for (const record of records) {
    const utilization = capacity > 0 ? record.served / capacity : 0;
    const bin = Math.min(9, Math.floor(utilization * 10));
    bins[bin] = (bins[bin] as number) + record.steps / STEPS_PER_WEEK;
  }
  return bins;
}

/** Read off the service curve for every step of the week. */
export function monthUse(envelope: Envelope, replicas: number, records: readonly WeekRecord[]): MonthUse {
  return {
    utilizationHistogram: histogram(records, replicas * envelope.target.requestsPerSecond),
    runningAtPeak: replicas > 0 ? readEnvelope(envelope, busiestServed(records) / replicas).running : 0,
  };
}
