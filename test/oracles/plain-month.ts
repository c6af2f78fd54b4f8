import type { MonthTraffic } from '../../src/fleet/month.ts';
import type { Plan } from '../../src/scenario/plan.ts';
import type { Envelope } from '../../src/serving/envelope.ts';

/** The slow twin of a month of the fleet: every combination of replicas up, every five-minute step, one by one. */
export interface PlainMonth extends MonthTraffic {
  utilizationMean: number;
  utilizationHistogram: number[];
}

/** Chance that exactly `up` of `replicas` are up, by counting every pattern of up and down. */
export function chanceOf(up: number, replicas: number, availability: number): number {
  let chance = 0;
  for (let pattern = 0; pattern < 2 ** replicas; pattern++) {
    let product = 1;
    let standing = 0;
    for (let replica = 0; replica < replicas; replica++) {
      const isUp = Math.floor(pattern / 2 ** replica) % 2 === 1;
      product *= isUp ? availability : 1 - availability;
      if (isUp) standing++;
    }
    if (standing === up) chance += product;
  }
  return chance;
}

const STEPS = 7 * 24 * 12;
const STEP_SECONDS = 300;

export function plainMonth(plan: Plan, envelope: Envelope, replicas: number, meanRate: number): PlainMonth {
  const { overflow, shape } = plan.traffic;
  const month: PlainMonth = {
    offered: 0,
    served: 0,
    overflow: 0,
    refused: 0,
    queued: 0,
    utilizationMean: 0,
    utilizationHistogram: new Array(10).fill(0),
  };
  const scale = (plan.hoursPerMonth * 3600) / (STEPS * STEP_SECONDS);
  for (let up = 0; up <= replicas; up++) {
    const chance = chanceOf(up, replicas, plan.reliability?.replicaAvailability ?? 1);
    const most = up * (overflow === 'refuse' ? envelope.saturation : envelope.target).requestsPerSecond;
    let waiting = 0;
    for (let step = 0; step < 3 * STEPS; step++) {
      const counts = step >= 2 * STEPS;
      const arriving = meanRate * (shape[Math.floor((step % STEPS) / 12)] as number) * STEP_SECONDS;
      const able = most * STEP_SECONDS;
      const here = overflow === 'queue' ? arriving + waiting : arriving;
      const done = Math.min(here, able);
      const left = here - done;
      const grown = overflow === 'queue' ? left - waiting : 0;
      if (overflow === 'queue') waiting = left;
      if (!counts) continue;
      month.offered += chance * arriving * scale;
      month.served += chance * done * scale;
      if (overflow === 'api') month.overflow += chance * left * scale;
      if (overflow === 'refuse') month.refused += chance * left * scale;
      month.queued += chance * grown * scale;
      const utilization = done / STEP_SECONDS / (replicas * envelope.target.requestsPerSecond);
      month.utilizationMean += (chance * utilization) / STEPS;
      const tenth = Math.min(9, Math.floor(utilization * 10));
      month.utilizationHistogram[tenth] = (month.utilizationHistogram[tenth] as number) + chance / STEPS;
    }
  }
  return month;
}
