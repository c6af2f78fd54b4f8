import type { Plan } from '../scenario/plan.ts';
import type { Envelope } from '../serving/envelope.ts';
import { readEnvelope } from '../serving/read-envelope.ts';
import { STEPS_PER_WEEK, simulateWeek, type WeekRecord } from './week.ts';

/** What became of a month's requests: offered = served + overflow + refused + queued, to rounding. */
export interface MonthTraffic {
  offered: number;
  served: number;
  overflow: number;
  refused: number;
  /** Still waiting at the month's end; above zero only where the backlog grows. */
  queued: number;
}

/** Fewer served requests a month than this are none: no price of a token follows from them. */
export const LEAST_REQUESTS = 1e-9;

/** How busy the billed replicas are. Utilisation is served load over capacity inside the latency target. */
export interface MonthUse {
  utilizationMean: number;
  /** The busiest step, all billed replicas up. */
  utilizationPeak: number;
  /** Share of time in each tenth of utilisation; the last holds everything from 0.9 up. */
  utilizationHistogram: readonly number[];
  /** Mean sequences in flight on one replica in the busiest step. */
  runningAtPeak: number;
  /** Share of time a replica works on something, and its load over saturation: what its power follows. */
  busyMean: number;
  saturationShareMean: number;
}

export interface MonthResult {
  traffic: MonthTraffic;
  use: MonthUse;
  records: readonly WeekRecord[];
}

function sumOver(records: readonly WeekRecord[], value: (record: WeekRecord) => number): number {
  let sum = 0;
  for (const record of records) sum += record.steps * value(record);
  return sum;
}

function useOf(envelope: Envelope, replicas: number, records: readonly WeekRecord[]): MonthUse {
  const capacity = replicas * envelope.target.requestsPerSecond;
  const histogram = new Array<number>(10).fill(0);
  let busiest = 0;
  let mostUp = 0;
  for (const record of records) mostUp = Math.max(mostUp, record.up);
  for (const record of records) {
    const utilization = capacity > 0 ? record.served / capacity : 0;
    const bin = Math.min(9, Math.floor(utilization * 10));
    histogram[bin] = (histogram[bin] as number) + record.steps / STEPS_PER_WEEK;
    if (record.up === mostUp) busiest = Math.max(busiest, record.served);
  }
  const perReplica = (record: WeekRecord) => (record.up > 0 ? record.served / record.up : 0);
  const upShare = (record: WeekRecord) => (replicas > 0 ? record.up / replicas : 0);
  return {
    utilizationMean: capacity > 0 ? sumOver(records, (record) => record.served) / STEPS_PER_WEEK / capacity : 0,
    utilizationPeak: capacity > 0 ? busiest / capacity : 0,
    utilizationHistogram: histogram,
    runningAtPeak: replicas > 0 ? readEnvelope(envelope, busiest / replicas).running : 0,
    busyMean:
      sumOver(records, (record) => upShare(record) * readEnvelope(envelope, perReplica(record)).busy) / STEPS_PER_WEEK,
    saturationShareMean:
      sumOver(records, (record) => upShare(record) * (perReplica(record) / envelope.saturation.requestsPerSecond)) /
      STEPS_PER_WEEK,
  };
}

/**
 * One month of the fleet: its week, scaled to the month's hours.
 *
 * @param meanRate offered requests per second, averaged over the week, growth included
 */
export function simulateMonth(plan: Plan, envelope: Envelope, replicas: number, meanRate: number): MonthResult {
  const records = simulateWeek(plan, envelope, replicas, meanRate);
  const perStep = (plan.hoursPerMonth * 3600) / STEPS_PER_WEEK;
  return {
    traffic: {
      offered: sumOver(records, (record) => record.offered) * perStep,
      served: sumOver(records, (record) => record.served) * perStep,
      overflow: sumOver(records, (record) => record.overflow) * perStep,
      refused: sumOver(records, (record) => record.refused) * perStep,
      queued: sumOver(records, (record) => record.queued) * perStep,
    },
    use: useOf(envelope, replicas, records),
    records,
  };
}
