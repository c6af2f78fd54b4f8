import type { Envelope } from '../serving/envelope.ts';
import { readEnvelope } from '../serving/read-envelope.ts';
import { busiestServed } from './month.ts';
import { STEPS_PER_HOUR, STEPS_PER_WEEK, type WeekRecord } from './week.ts';

/** How the billed replicas spend a month, beyond its mean and peak. */
export interface MonthUse {
  /** Share of time in each tenth of utilisation; the last holds everything from 0.9 up. */
  utilizationHistogram: readonly number[];
  /** Utilisation in each hour of the week, Monday 00:00 UTC first; their mean is that of the month. */
  utilizationByHour: readonly number[];
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

function byHour(records: readonly WeekRecord[], capacity: number): number[] {
  const served = new Array<number>(STEPS_PER_WEEK / STEPS_PER_HOUR).fill(0);
  for (const record of records) {
    const part = (record.served * record.steps) / record.hours.length / STEPS_PER_HOUR;
    for (const hour of record.hours) served[hour] = (served[hour] as number) + part;
  }
  return served.map((rate) => (capacity > 0 ? rate / capacity : 0));
}

/** Read off the service curve for every step of the week. */
export function monthUse(envelope: Envelope, replicas: number, records: readonly WeekRecord[]): MonthUse {
  const capacity = replicas * envelope.target.requestsPerSecond;
  return {
    utilizationHistogram: histogram(records, capacity),
    utilizationByHour: byHour(records, capacity),
    runningAtPeak: replicas > 0 ? readEnvelope(envelope, busiestServed(records) / replicas).running : 0,
  };
}
