import type { Plan } from '../scenario/plan.ts';
import type { Envelope } from '../serving/envelope.ts';
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

export interface MonthResult {
  traffic: MonthTraffic;
  /** Served load over capacity of the billed replicas inside the latency target, mean of the month. */
  utilizationMean: number;
  /** The same in the busiest step, all billed replicas up. */
  utilizationPeak: number;
  records: readonly WeekRecord[];
}

/** Sum over a week's steps, each record standing for several. */
export function sumOver(records: readonly WeekRecord[], value: (record: WeekRecord) => number): number {
  let sum = 0;
  for (const record of records) sum += record.steps * value(record);
  return sum;
}

/** The most served in any step while as many replicas are up as ever are. */
export function busiestServed(records: readonly WeekRecord[]): number {
  let mostUp = 0;
  let busiest = 0;
  for (const { up, served } of records) {
    if (up > mostUp) busiest = 0;
    mostUp = Math.max(mostUp, up);
    if (up === mostUp) busiest = Math.max(busiest, served);
  }
  return busiest;
}

/**
 * One month of the fleet: its week, scaled to the month's hours.
 *
 * @param meanRate offered requests per second, averaged over the week, growth included
 */
export function simulateMonth(plan: Plan, envelope: Envelope, replicas: number, meanRate: number): MonthResult {
  const records = simulateWeek(plan, envelope, replicas, meanRate);
  const perStep = (plan.hoursPerMonth * 3600) / STEPS_PER_WEEK;
  const capacity = replicas * envelope.target.requestsPerSecond;
  const served = sumOver(records, (record) => record.served);
  return {
    traffic: {
      offered: sumOver(records, (record) => record.offered) * perStep,
      served: served * perStep,
      overflow: sumOver(records, (record) => record.overflow) * perStep,
      refused: sumOver(records, (record) => record.refused) * perStep,
      queued: sumOver(records, (record) => record.queued) * perStep,
    },
    utilizationMean: capacity > 0 ? served / STEPS_PER_WEEK / capacity : 0,
    utilizationPeak: capacity > 0 ? busiestServed(records) / capacity : 0,
    records,
  };
}
