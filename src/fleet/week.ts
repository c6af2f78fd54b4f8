import type { Plan } from '../scenario/plan.ts';
import type { Envelope } from '../serving/envelope.ts';
import { MOST_STATES, upStates } from './availability.ts';

/** Five-minute steps of a week. */
export const STEPS_PER_WEEK = 2016;
export const STEPS_PER_HOUR = 12;
const STEP_SECONDS = 300;
/** Weeks a queue is given to settle into its weekly rhythm before one is counted. */
const QUEUE_WARM_UP_WEEKS = 2;
/** A queue's week is stepped whole for each count of replicas that are up; of large fleets so few tell enough. */
const MOST_QUEUES = 16;

/** What happens in some steps of a week while `up` replicas are up. Rates in requests per second. */
export interface WeekRecord {
  /** Steps this stands for, times the chance of this many replicas being up. */
  steps: number;
  /** The hours of the week that these steps are spread over evenly, 0 to 167. */
  hours: readonly number[];
  up: number;
  offered: number;
  served: number;
  /** Sent to the API. */
  overflow: number;
  refused: number;
  /** Change of the backlog, as a rate. */
  queued: number;
  /** Time that requests wait in the fleet's queue, before they reach a replica; Infinity where the backlog grows. */
  wait: number;
}

/**
 * Requests a second that `up` replicas take on before the overflow policy starts. A gateway that queues or sends away
 * does so at the latency target, and never lets a replica pass the last load whose latency is known; without one the
 * engine takes all it can, late, and the rest fails.
 */
function threshold(plan: Plan, envelope: Envelope, up: number): number {
  if (plan.traffic.overflow === 'refuse') return up * envelope.saturation.requestsPerSecond;
  const known = envelope.points.at(-1)?.requestsPerSecond ?? 0;
  return up * Math.min(envelope.target.requestsPerSecond, known);
}

/** Of shapes seen before: a plan's months share one. */
const ratesOfShape = new WeakMap<readonly number[], ReadonlyMap<number, readonly number[]>>();

/** The hours of each rate of the week. A policy without memory sees only how many, not their order. */
function distinctRates(shape: readonly number[]): ReadonlyMap<number, readonly number[]> {
  const known = ratesOfShape.get(shape);
  if (known !== undefined) return known;
  const hours = new Map<number, number[]>();
  shape.forEach((weight, hour) => {
    const alike = hours.get(weight);
    if (alike === undefined) hours.set(weight, [hour]);
    else alike.push(hour);
  });
  ratesOfShape.set(shape, hours);
  return hours;
}

const SINGLE_HOURS: readonly (readonly number[])[] = Array.from({ length: 168 }, (_, hour) => [hour]);

function memorylessWeek(
  plan: Plan,
  rates: ReadonlyMap<number, readonly number[]>,
  most: number,
  up: number,
  probability: number,
  meanRate: number,
): WeekRecord[] {
  return [...rates].map(([weight, hours]) => {
    const offered = meanRate * weight;
    const served = Math.min(offered, most);
    const excess = offered - served;
    const overflow = plan.traffic.overflow === 'api' ? excess : 0;
    const refused = excess - overflow;
    const steps = hours.length * STEPS_PER_HOUR * probability;
    return { steps, hours, up, offered, served, overflow, refused, queued: 0, wait: 0 };
  });
}

/**
 * A queue in front of `up` replicas, step by step, weeks on end until it has its rhythm; the last week is recorded.
 * What arrives waits for what stood before it: backlog over service rate; without end where the backlog grows from
 * week to week.
 */
function queueWeek(plan: Plan, most: number, up: number, probability: number, meanRate: number): WeekRecord[] {
  let backlog = 0;
  let before = 0;
  const records: WeekRecord[] = [];
  for (let week = 0; week <= QUEUE_WARM_UP_WEEKS; week++) {
    before = backlog;
    for (let step = 0; step < STEPS_PER_WEEK; step++) {
      const hour = Math.floor(step / STEPS_PER_HOUR);
      const offered = meanRate * (plan.traffic.shape[hour] as number);
      const served = Math.min(offered + backlog / STEP_SECONDS, most);
      const wait = most > 0 ? backlog / most : 0;
      const after = Math.max(0, backlog + (offered - served) * STEP_SECONDS);
      if (week === QUEUE_WARM_UP_WEEKS) {
        const queued = (after - backlog) / STEP_SECONDS;
        const hours = SINGLE_HOURS[hour] as readonly number[];
        records.push({ steps: probability, hours, up, offered, served, overflow: 0, refused: 0, queued, wait });
      }
      backlog = after;
    }
  }
  const grows = backlog - before > 1e-9 * meanRate * STEPS_PER_WEEK * STEP_SECONDS;
  return grows ? records.map((record) => ({ ...record, wait: Number.POSITIVE_INFINITY })) : records;
}

/**
 * A week of the fleet in expected value: every step, averaged over how many replicas are up.
 *
 * Load is spread evenly over the replicas that are up, redundant ones included. Policies without memory are stepped
 * once per distinct rate, which equals stepping all 2,016 (tested); a queue is stepped in order, unless the busiest
 * hour leaves it empty.
 */
export function simulateWeek(plan: Plan, envelope: Envelope, replicas: number, meanRate: number): WeekRecord[] {
  const rates = distinctRates(plan.traffic.shape);
  const peak = meanRate * Math.max(...rates.keys());
  const availability = plan.reliability?.replicaAvailability ?? 1;
  return upStates(replicas, availability, plan.traffic.overflow === 'queue' ? MOST_QUEUES : MOST_STATES).flatMap(
    ({ up, probability }) => {
      const most = threshold(plan, envelope, up);
      return plan.traffic.overflow === 'queue' && peak > most
        ? queueWeek(plan, most, up, probability, meanRate)
        : memorylessWeek(plan, rates, most, up, probability, meanRate);
    },
  );
}
